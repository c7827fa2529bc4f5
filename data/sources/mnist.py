"""MNIST from its four idx files or from Keras' archive: 70,000 grey digits of 28x28 pixels."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge

from data.errors import UserError
from data.imageset import ImageSet
from data.reading.fetch import check_file, download, fingerprint, locate, missing, places
from data.reading.regular import read_file
from data.reading.safe_read import open_zip, read_gzip, read_member
from data.selection import choose_classes, limit_note, pick, wider

CLASSES = tuple(str(digit) for digit in range(10))
ARCHIVE = "mnist.npz"
URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
CHECKSUMS = {
    "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
}
UNPACKED = {  # of the same files without their compression
    "train-images-idx3-ubyte": "md5:6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "md5:a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "md5:2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "md5:27ae3e4e09519cfbb04c329615203637",
}
ARCHIVE_CHECKSUM = "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


class Mnist:
    """MNIST, 28x28 pixels, one channel, 60,000 training and 10,000 test images.

    Read from the four `.gz` files, unpacked ones (`train-images-idx3-ubyte` or `train-images.idx3-ubyte`), or Keras'
    `mnist.npz`, which is fetched if none is found; all hold the same images in the same order. The first folder that
    holds any of it is the one that is read. Source: LeCun, Bottou, Bengio and Haffner,
    "Gradient-Based Learning Applied to Document Recognition", 1998, section III.

    Args:
        classes: The digits to take, such as `[0]`. Defaults to `None`, all ten.
        limit: Takes only the first that many images of each official part. Defaults to `None`, all.
        verify: Whether files must have the published checksums. Without, only their form is checked, and the set says
            so. Defaults to `True`.
    """

    unordered = True  # its first images of a part are as any others
    terms = "MNIST (LeCun, Cortes, Burges) is commonly taken to be under CC BY-SA 3.0."

    def __init__(
        self,
        *,
        classes: list[int | str] | None = None,
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
        """Reads the chosen digits; ids are `"train/00017"` and `"test/00017"`.

        Args:
            folders: Where to look, in this order; a download goes to the last.
            progress: Called with steps done, all steps, and a text.

        Raises:
            UserError: If files are missing and cannot be fetched, or are not the published ones.
        """
        files = self._files(folders, progress)
        arrays = [_idx(path) for path in files] if len(files) > 1 else _npz(files[0])
        for images, labels in (arrays[:2], arrays[2:]):
            _check_pair(images, labels, files[0].parent)
        official = np.repeat(["train", "test"], [len(arrays[1]), len(arrays[3])])
        labels = np.concatenate([arrays[1], arrays[3]])
        index, chosen = pick(labels, CLASSES, self.classes, official, self.limit)
        number = np.concatenate([np.arange(len(arrays[1])), np.arange(len(arrays[3]))])
        return ImageSet(
            name="mnist",
            images=np.concatenate([arrays[0], arrays[2]])[index, :, :, None],
            labels=chosen,
            ids=np.array([f"{official[i]}/{number[i]:05d}" for i in index], str),
            classes=self.classes,
            official=official[index],
            notes=(
                *(() if self.verify else ("Published checksums were not compared (verify=False).",)),
                *limit_note(self.limit, per_part=True),
            ),
        )

    def wider(self, folders: Sequence[Path]) -> ImageSet | None:
        """Returns the images of all ten classes, or `None` if these are the ones that `load` returns.

        A feature extractor learns from them. Ids are those of `load`. A `limit` counts per class: it is as many times
        higher as there are more classes.
        """
        return wider(self, CLASSES, folders, verify=self.verify)

    def _files(self, folders: Sequence[Path], progress: Callable[[int, int, str], None] | None) -> list[Path]:
        """Returns the four idx files, or the archive alone, with their checksums compared."""
        files = locate(folders, _look)
        if files is None:
            try:
                return [download(URL, Path(folders[-1]) / "mnist" / ARCHIVE, ARCHIVE_CHECKSUM, progress=progress)]
            except UserError as error:
                raise UserError(
                    f"{missing('mnist', folders, f'the four idx .gz files or {ARCHIVE}')} {error}"
                ) from None
        if self.verify and len(files) > 1:
            for path, name in zip(files, UNPACKED, strict=True):
                check_file(path, CHECKSUMS[f"{name}.gz"] if path.suffix == ".gz" else UNPACKED[name])
        elif self.verify:
            check_file(files[0], ARCHIVE_CHECKSUM)
        return files


def _look(folder: Path) -> list[Path] | None:
    """Returns the four idx files or the archive that a folder holds, in any place.

    Raises:
        UserError: If there are only some of the idx files.
    """
    parts: list[list[Path | None]] = []
    for place in places(folder, "mnist"):
        for where in (place, place / "MNIST" / "raw", place / "raw"):
            here = [_one(where, name) for name in UNPACKED]
            if whole := [path for path in here if path is not None]:
                if len(whole) == len(here):
                    return whole
                parts.append(here)
        if (place / ARCHIVE).is_file():
            return [place / ARCHIVE]
    if parts:
        absent = ", ".join(f"{name}.gz" for name, path in zip(UNPACKED, parts[0], strict=True) if path is None)
        where = next(path.parent for path in parts[0] if path is not None)
        raise UserError(f"{where} is not complete. Expected MNIST's four idx files. Missing: {absent}.")
    return None


def _one(where: Path, name: str) -> Path | None:
    """Returns an idx file by any of its names: packed or not, with a hyphen or, as some unpack it, a dot."""
    dotted = name.replace("-idx", ".idx")
    names = [f"{name}.gz", f"{dotted}.gz", name, dotted, f"{name}/{name}", f"{dotted}/{dotted}"]
    return next((where / each for each in names if (where / each).is_file()), None)


def _idx(path: Path) -> np.ndarray:
    """Returns the uint8 array in an idx file, gzipped or not.

    It holds 0, 0, 8 (unsigned byte), the number of dimensions, then big-endian sizes.
    """
    data = read_gzip(path) if path.suffix == ".gz" else read_file(path)
    dimensions = data[3] if data[:3] == b"\0\0\x08" and len(data) > 3 else 0
    shape = tuple(np.frombuffer(data[4 : 4 + 4 * dimensions], ">u4").tolist())
    start = 4 + 4 * dimensions
    if dimensions not in (1, 3) or len(data) - start != int(np.prod(shape)):
        raise UserError(
            f"{path} is not a whole idx file. Expected bytes of shape {shape}. Received: {len(data):,} bytes."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _npz(path: Path) -> list[np.ndarray]:
    arrays = []
    with open_zip(path) as archive:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            member = io.BytesIO(read_member(archive, f"{name}.npy"))
            try:
                arrays.append(np.lib.format.read_array(member, allow_pickle=False))
            except (ValueError, EOFError, MemoryError, OverflowError) as error:
                raise UserError(
                    f"{path}: {name}.npy is not an array of numbers ({' '.join(str(error).split())})."
                ) from None
    return arrays


def _check_pair(images: np.ndarray, labels: np.ndarray, where: Path) -> None:
    good = images.dtype == labels.dtype == np.uint8 and images.shape[1:] == (28, 28) and labels.shape == (len(images),)
    if not good or (len(labels) and labels.max() > 9):
        raise UserError(
            f"The files in {where} are not MNIST's. Expected uint8 (n, 28, 28) and as many labels from 0 to 9. "
            f"Received: {images.dtype} {images.shape} and {labels.dtype} {labels.shape}."
        )
