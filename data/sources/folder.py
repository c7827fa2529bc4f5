"""A folder of image files, as people have them: any of four formats, sub-folders as labels, sizes that may differ."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from annotated_types import Ge
from PIL import Image

from data.errors import UserError
from data.imageset import ImageSet
from data.safe_image import FORMATS, OpenedImage, open_frames, open_image

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
ANIMATIONS = (".gif", ".apng")  # WebP and PNG files may be animated too
FACTS = ("width", "height", "format", "mode", "quality", "coding")
Mixed = Literal["error", "center-crop", "resize"]


class Folder:
    """Images in a folder; the first level of sub-folders, if there is one, gives the labels.

    Args:
        path: The folder.
        mixed: What to do when sizes differ or are not `size`. `"error"` stops; `"center-crop"` cuts the middle
            `size` x `size` pixels out of each image, without resampling; `"resize"` cuts the largest middle square and
            reduces it once with an antialiasing Lanczos filter. Nothing is ever enlarged. Defaults to `"error"`.
        size: The side in pixels that `mixed` aims at. Defaults to `None`, the shortest side that occurs.
        grayscale: Whether to turn colour to grey (0.299 R + 0.587 G + 0.114 B). Images have one channel only if this is
            set or all files are grey. Defaults to `False`.
        limit: Takes only that many images, alternating between the sub-folders. Defaults to `None`, all.
    """

    terms = "The real images are the user's own files, and fauxbench does not know their terms."

    def __init__(
        self,
        *,
        path: str,
        mixed: Mixed = "error",
        size: Annotated[int, Ge(1)] | None = None,
        grayscale: bool = False,
        limit: Annotated[int, Ge(1)] | None = None,
    ) -> None:
        self.path, self.mixed, self.size = path, mixed, size
        self.grayscale, self.limit = grayscale, limit

    def fingerprint(self, folders: Sequence[Path] = ()) -> str:
        """Returns the sha256 over the names and contents of the files it would read; `folders` are not used."""
        del folders
        return digest_of(self.path, limit=self.limit)

    def load(
        self, folders: Sequence[Path] = (), *, progress: Callable[[int, int, str], None] | None = None
    ) -> ImageSet:
        """Reads the folder; `folders` are not used."""
        del folders
        return read_images(
            self.path,
            mixed=self.mixed,
            size=self.size,
            grayscale=self.grayscale,
            limit=self.limit,
            progress=progress,
        )


def digest_of(path: str | Path, *, limit: int | None = None, animations: bool = False) -> str:
    """Returns the sha256 over the names and contents of the files that `read_images` would read."""
    sha = hashlib.sha256()
    root = Path(path).expanduser()
    for name in list_images(root, limit=limit, animations=animations)[0]:
        content = hashlib.sha256(_bytes(_within(root, name))).hexdigest()
        sha.update(f"{name}\n{content}\n".encode())
    return sha.hexdigest()


def read_images(
    path: str | Path,
    *,
    mixed: Mixed = "error",
    size: int | None = None,
    grayscale: bool = False,
    limit: int | None = None,
    animations: bool = False,
    progress: Callable[[int, int, str], None] | None = None,
) -> ImageSet:
    """Reads a folder of images; the arguments are those of `Folder`, and one more.

    Args:
        path: The folder; with `animations`, one animated file is enough.
        mixed: See `Folder`.
        size: See `Folder`.
        grayscale: See `Folder`.
        limit: See `Folder`.
        animations: Whether GIF files and animated WebP and PNG files give an image for each of their frames, as
            `data.safe_image.open_frames` limits them, instead of being left out or refused. The id of a frame is that
            of its file with `#` and its number. Defaults to `False`.
        progress: Called with files done, files in all, and a line of text. Defaults to `None`.

    Returns:
        An image set with ids relative to the folder, `facts` of each original file, and notes on what was done.

    Raises:
        UserError: If there is no such folder or no image in it, one cannot be read, or sizes differ against `mixed`.
    """
    root = Path(path).expanduser()
    names, labels, classes, ignored = list_images(root, limit=limit, animations=animations)
    target, channels, counts = _target(root, names, mixed, size, grayscale, animations)
    images = np.empty((sum(counts), *target, channels), np.uint8)
    facts: dict[str, list[object]] = {key: [] for key in (*FACTS, "bytes")}
    changes: dict[str, int] = {}
    ids: list[str] = []
    for done, (name, count) in enumerate(zip(names, counts, strict=True)):
        data = _bytes(_within(root, name))
        for frame, opened in enumerate(_frames(data, str(_within(root, name)), animations)):
            pixels = opened.pixels.convert("L" if channels == 1 else "RGB")
            images[len(ids)] = np.asarray(_fit(pixels, target, mixed)).reshape(*target, channels)
            ids.append(name if count == 1 else f"{name}#{frame:05d}")
            for key in FACTS:
                facts[key].append(getattr(opened, key))
            facts["bytes"].append(len(data))
            for change in opened.changes:
                changes[change] = changes.get(change, 0) + 1
        if progress is not None:
            progress(done + 1, len(names), "reading images")
    about = pd.DataFrame(facts)
    return ImageSet(
        name=root.resolve().name or "folder",
        images=images,
        labels=np.repeat(labels, counts),
        ids=np.array(ids, str),
        classes=classes,
        facts=about,
        notes=_notes(about, target, mixed, changes, ignored, limit),
    )


def _within(root: Path, name: str) -> Path:
    return root if root.is_file() else root / name


def _frames(data: bytes, name: str, animations: bool) -> Iterator[OpenedImage]:
    return open_frames(data, name) if animations else iter([open_image(data, name)])


def list_images(
    root: Path, *, limit: int | None = None, animations: bool = False
) -> tuple[list[str], np.ndarray, tuple[str, ...], int]:
    """Returns the images below a folder, sorted: relative names, int64 labels, class names, number of ignored files.

    With `animations`, `root` may be a single file too.

    Raises:
        UserError: If there is no such folder, or no image in it.
    """
    if animations and root.is_file():
        return [root.name], np.zeros(1, np.int64), (root.stem,), 0
    if not root.is_dir():
        raise UserError(f"There is no folder {root}. Expected a folder of {', '.join(FORMATS)} files.")
    endings = (*ENDINGS, *ANIMATIONS) if animations else ENDINGS
    found, ignored = [], 0
    for folder, below, files in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        visible = [file for file in files if not file.startswith(".")]
        wanted = [file for file in visible if file.lower().endswith(endings)]
        ignored += len(visible) - len(wanted)
        found += [(Path(folder) / file).relative_to(root).as_posix() for file in wanted]
    if not found:
        raise UserError(f"There is no image in {root}. Expected files ending in {', '.join(endings)}.")
    by_class: dict[str, list[str]] = {}
    for name in sorted(found):
        by_class.setdefault(name.split("/")[0] if "/" in name else "", []).append(name)
    if "" in by_class and len(by_class) > 1:
        raise UserError(
            f"{root} holds images both beside and in sub-folders, which are the labels. Received: {by_class[''][0]}."
        )
    if limit is not None:  # alternate, so that a short list still has every label
        turns = itertools.zip_longest(*by_class.values())
        kept = set(itertools.islice((n for turn in turns for n in turn if n), limit))
        by_class = {label: [n for n in names if n in kept] for label, names in by_class.items()}
    labels = np.repeat(np.arange(len(by_class)), [len(names) for names in by_class.values()]).astype(np.int64)
    classes = tuple(label or root.resolve().name for label in by_class)
    return [name for names in by_class.values() for name in names], labels, classes, ignored


def _target(
    root: Path, names: list[str], mixed: Mixed, size: int | None, grayscale: bool, animations: bool
) -> tuple[tuple[int, int], int, list[int]]:
    """Looks at every file once, decoding it: the common height and width, the channels, the images in each file."""
    first: tuple[str, tuple[int, int]] | None = None
    shortest, channels = 10**9, 1
    counts = []
    for name in names:
        place, count = _within(root, name), 0
        for opened in _frames(_bytes(place), str(place), animations):
            width, height = opened.pixels.size
            channels = 3 if opened.pixels.mode == "RGB" and not grayscale else channels
            shortest, count = min(shortest, width, height), count + 1
            first = first or (name, (height, width))
            wanted = first[1] if size is None else (size, size)
            if mixed == "error" and (height, width) != wanted:
                other = f" as {first[0]}" if size is None else ""
                raise UserError(
                    f"{place} has {width} x {height} pixels. Expected {wanted[1]} x {wanted[0]}{other}, "
                    "or one of the options mixed='center-crop' and mixed='resize'."
                )
            if size is not None and min(width, height) < size:
                raise UserError(
                    f"{place} has {width} x {height} pixels. Expected at least size={size}: nothing is enlarged."
                )
        counts.append(count)
    assert first is not None  # noqa: S101 - there is at least one image
    return (first[1] if mixed == "error" else (size or shortest,) * 2), channels, counts


def _fit(pixels: Image.Image, target: tuple[int, int], mixed: Mixed) -> Image.Image:
    height, width = target
    if pixels.size == (width, height):
        return pixels
    side = width if mixed == "center-crop" else min(pixels.size)
    left, top = (pixels.width - side) // 2, (pixels.height - side) // 2
    square = pixels.crop((left, top, left + side, top + side))
    return square if square.size == (width, height) else square.resize((width, height), Image.Resampling.LANCZOS)


def _notes(
    facts: pd.DataFrame,
    target: tuple[int, int],
    mixed: Mixed,
    changes: dict[str, int],
    ignored: int,
    limit: int | None,
) -> tuple[str, ...]:
    formats = ", ".join(f"{count:,} {name}" for name, count in facts["format"].value_counts().sort_index().items())
    notes = [f"Files: {formats}."]
    others = int(((facts["height"] != target[0]) | (facts["width"] != target[1])).sum())
    if others and mixed == "center-crop":
        notes.append(f"{others:,} images were cut to their middle {target[1]} x {target[0]} pixels.")
    elif others and mixed == "resize":
        notes.append(f"{others:,} images: middle square, reduced once (Lanczos) to {target[1]} x {target[0]} pixels.")
    words = {
        "flattened": "had transparent pixels, which were laid on white",
        "turned": "were turned upright by their orientation mark",
        "reduced to 8 bits": "had 16 bits per channel, rounded to 8",
    }
    notes += [f"{count:,} images {words[change]}." for change, count in sorted(changes.items())]
    if ignored:
        notes.append(f"{ignored:,} files with other endings were left out.")
    if limit is not None:
        notes.append(f"Cut short: {limit:,} images at most.")
    return tuple(notes)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None


__all__ = ["Folder", "OpenedImage", "digest_of", "list_images", "read_images"]
