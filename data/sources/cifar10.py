"""CIFAR-10 from the python batches: 60,000 colour images of 32x32 pixels in ten classes."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge

from data.errors import UserError
from data.imageset import ImageSet
from data.reading.fetch import check_content, check_file, download, fingerprint, locate, missing, places
from data.reading.regular import check_regular, read_file
from data.reading.safe_read import read_pickle
from data.selection import choose_classes, limit_note, pick, wider

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FOLDER = "cifar-10-batches-py"
ARCHIVE = "cifar-10-python.tar.gz"
KERAS = f"{FOLDER}-target"  # of Keras' cache from 3.2 on; before, it had the name of the folder inside
FOLDERS = (FOLDER, f"{FOLDER}/{FOLDER}", f"{KERAS}/{FOLDER}", f"{FOLDER}_extracted/{FOLDER}", "")
ARCHIVES = (
    ARCHIVE, f"{KERAS}_archive", f"{FOLDER}_archive", f"{FOLDER}.tar.gz", ARCHIVE.removesuffix(".gz"),
)  # fmt: skip
OTHERS = ("cifar-10-batches-bin", "cifar-10-binary.tar.gz", "cifar-10-batches-mat", "cifar-10-matlab.tar.gz")
URL = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"
ARCHIVE_CHECKSUM = "md5:c58f30108f718f92721af3b95e74349a"
CHECKSUMS = {
    "data_batch_1": "md5:c99cafc152244af753f735de768cd75f",
    "data_batch_2": "md5:d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "md5:54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "md5:634d18415352ddfa80567beed471001a",
    "data_batch_5": "md5:482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "md5:40351d587109b95175f43aff81a1287e",
}


class Cifar10:
    """CIFAR-10, 32x32 pixels in colour, 5,000 training and 1,000 test images of each class.

    Read from `cifar-10-batches-py/` or `cifar-10-python.tar.gz`, which is fetched if neither is found; Keras' cache
    of them, old or new, is read too. The first folder that holds any of it is the one that is read. Source: Krizhevsky,
    "Learning Multiple Layers of Features from Tiny Images", 2009, section 3.

    Args:
        classes: The classes to take, such as `["dog"]`. Defaults to `None`, all ten.
        limit: Takes only the first that many images of each official part. Defaults to `None`, all.
        verify: Whether files must have the published checksums. Without, only their form is checked, and the set says
            so. Defaults to `True`.
    """

    unordered = True  # its first images of a part are as any others
    terms = "CIFAR-10 (Krizhevsky 2009) has no explicit licence and is widely used for research; cite it."

    def __init__(
        self,
        *,
        classes: list[str] | None = None,
        limit: Annotated[int, Ge(1)] | None = None,
        verify: bool = True,
    ) -> None:
        self.classes = choose_classes(classes, CLASSES)
        self.limit = limit
        self.verify = verify

    def fingerprint(self, folders: Sequence[Path]) -> str:
        """Returns the sha256 over the files that are read; fetches them if they are in none of `folders`."""
        return fingerprint(self._files(folders, None))

    def load(self, folders: Sequence[Path], *, progress: Callable[[int, int, str], None] | None = None) -> ImageSet:
        """Reads the chosen classes; ids are `"train/00017"`, counted over the five batches, and `"test/00017"`.

        Args:
            folders: Where to look, in this order; a download goes to the last.
            progress: Called with steps done, all steps, and a text.

        Raises:
            UserError: If files are missing and cannot be fetched, or are not the published ones.
        """
        images, labels = [], []
        ids: list[str] = []
        official: list[str] = []
        counts = {"train": 0, "test": 0}
        for done, (name, data) in enumerate(self._batches(self._files(folders, progress))):
            part = "test" if name.endswith("test_batch") else "train"
            if self.verify and self.limit is not None and official.count(part) >= self.limit:
                continue  # the first of each part are there, and the others are what they were published as
            pixels, batch_labels = _decode(data, name)
            index, chosen = pick(batch_labels, CLASSES, self.classes)
            images.append(_as_images(pixels[index]))
            labels.append(chosen)
            ids += [f"{part}/{counts[part] + i:05d}" for i in index]
            official += [part] * len(index)
            counts[part] += len(pixels)
            if progress is not None:
                progress(done + 1, len(CHECKSUMS), "reading CIFAR-10")
        whole = ImageSet(
            name="cifar10",
            images=np.concatenate(images),
            labels=np.concatenate(labels),
            ids=np.array(ids, str),
            classes=self.classes,
            official=np.array(official, str),
            notes=(
                *(() if self.verify else ("Published checksums were not compared (verify=False).",)),
                *limit_note(self.limit, per_part=True),
            ),
        )
        return whole if self.limit is None else whole.take(_first(whole, self.limit))

    def wider(self, folders: Sequence[Path]) -> ImageSet | None:
        """Returns the images of all ten classes, or `None` if these are the ones that `load` returns.

        A feature extractor learns from them. Ids are those of `load`. A `limit` counts per class: it is as many times
        higher as there are more classes.
        """
        return wider(self, CLASSES, folders, verify=self.verify)

    def _files(self, folders: Sequence[Path], progress: Callable[[int, int, str], None] | None) -> list[Path]:
        """Returns the six batches, or the archive alone, with their checksums compared."""
        files = locate(folders, _look)
        if files is None:
            try:
                target = Path(folders[-1]) / "cifar10" / ARCHIVE
                return [download(URL, target, ARCHIVE_CHECKSUM, progress=progress)]
            except UserError as error:
                raise UserError(f"{missing('cifar10', folders, f'{FOLDER}/ or {ARCHIVE}')} {error}") from None
        if self.verify and len(files) > 1:
            for path in files:
                check_file(path, CHECKSUMS[path.name])
        elif self.verify and files[0].suffix != ".tar":  # of that one the batches are compared, when they are read
            check_file(files[0], ARCHIVE_CHECKSUM)
        return files

    def _batches(self, files: list[Path]) -> Iterator[tuple[str, bytes]]:
        if len(files) > 1:
            for path in files:
                yield str(path), read_file(path)
            return
        path = files[0]
        found = {}
        try:
            check_regular(path)
            with tarfile.open(path) as archive:  # read in memory: nothing is unpacked to disk
                for member in archive:
                    name = member.name.removeprefix("./").removeprefix(f"{FOLDER}/")
                    if name in CHECKSUMS and member.isfile() and member.size < 2**26:
                        content = archive.extractfile(member)
                        found[name] = content.read() if content is not None else b""
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise UserError(f"{path} is not a whole tar archive ({' '.join(str(error).split())}).") from None
        for name in CHECKSUMS:
            if name not in found:
                raise UserError(f"{path} does not hold {FOLDER}/{name}.")
            if self.verify and path.suffix == ".tar":
                check_content(found[name], CHECKSUMS[name], f"{path}: {name}")
            yield f"{path}: {name}", found.pop(name)


def _look(folder: Path) -> list[Path] | None:
    """Returns the batches or the archive that a folder holds, in any place.

    Raises:
        UserError: If there are only some of the batches, or the set in a form that is not read.
    """
    parts: list[Path] = []
    for place in places(folder, "cifar10"):
        for batches in (place / name for name in FOLDERS):
            here = [batches / name for name in CHECKSUMS if (batches / name).exists()]
            if len(here) == len(CHECKSUMS):
                return here
            if here or (batches != place and batches.is_dir() and not (batches / FOLDER).exists()):
                parts.append(batches)
        for name in ARCHIVES:
            if (place / name).is_file():
                return [place / name]
    if parts:
        absent = ", ".join(name for name in CHECKSUMS if not (parts[0] / name).exists())
        raise UserError(f"{parts[0]} is not complete. Expected the six CIFAR-10 batches. Missing: {absent}.")
    others = [place / name for place in places(folder, "cifar10") for name in OTHERS if (place / name).exists()]
    if others:
        raise UserError(
            f"{others[0]} is CIFAR-10 in a form that is not read. Expected the python version, {FOLDER}/ or {ARCHIVE}."
        )
    return None


def _decode(data: bytes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns uint8 `(n, 3072)` and int64 `(n,)` from one batch."""
    batch = read_pickle(data, name)
    pixels = batch.get("data") if isinstance(batch, dict) else None
    labels = batch.get("labels") if isinstance(batch, dict) else None
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != 3072:
        raise UserError(f"{name} is not a CIFAR-10 batch. Expected 'data' of uint8 (n, 3072).")
    valid = isinstance(labels, list) and all(isinstance(label, int) and 0 <= label < 10 for label in labels)
    if not isinstance(labels, list) or not valid or len(labels) != len(pixels):
        raise UserError(f"{name} is not a CIFAR-10 batch. Expected 'labels', {len(pixels):,} numbers from 0 to 9.")
    return pixels, np.array(labels, np.int64)


def _as_images(rows: np.ndarray) -> np.ndarray:
    """Returns uint8 `(n, 32, 32, 3)`: a row is all of red, then green, then blue, each line by line."""
    return np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def _first(whole: ImageSet, limit: int) -> np.ndarray:
    return pick(np.zeros(whole.n, np.int64), ["all"], ["all"], whole.official, limit)[0]
