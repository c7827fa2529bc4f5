"""A folder of image files, as people have them: any of four formats, sub-folders as labels, sizes that may differ."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from annotated_types import Ge
from PIL import Image

from data.errors import UserError
from data.imageset import ImageSet
from data.safe_image import FORMATS, OpenedImage, open_image

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
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
        sha = hashlib.sha256()
        root = Path(self.path).expanduser()
        for name in list_images(root, limit=self.limit)[0]:
            content = hashlib.sha256(_bytes(root / name)).hexdigest()
            sha.update(f"{name}\n{content}\n".encode())
        return sha.hexdigest()

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


def read_images(
    path: str | Path,
    *,
    mixed: Mixed = "error",
    size: int | None = None,
    grayscale: bool = False,
    limit: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> ImageSet:
    """Reads a folder of images; the arguments are those of `Folder`.

    Returns:
        An image set with ids relative to the folder, `facts` of each original file, and notes on what was done.

    Raises:
        UserError: If there is no such folder or no image in it, one cannot be read, or sizes differ against `mixed`.
    """
    root = Path(path).expanduser()
    names, labels, classes, ignored = list_images(root, limit=limit)
    target, channels = _target(root, names, mixed, size, grayscale)
    images = np.empty((len(names), *target, channels), np.uint8)
    facts: dict[str, list[object]] = {key: [] for key in ("width", "height", "format", "mode", "bytes")}
    changes: dict[str, int] = {}
    for i, name in enumerate(names):
        data = _bytes(root / name)
        opened = open_image(data, str(root / name))
        pixels = opened.pixels.convert("L" if channels == 1 else "RGB")
        images[i] = np.asarray(_fit(pixels, target, mixed)).reshape(*target, channels)
        for key in ("width", "height", "format", "mode"):
            facts[key].append(getattr(opened, key))
        facts["bytes"].append(len(data))
        for change in opened.changes:
            changes[change] = changes.get(change, 0) + 1
        if progress is not None:
            progress(i + 1, len(names), "reading images")
    frame = pd.DataFrame(facts)
    return ImageSet(
        name=root.resolve().name or "folder",
        images=images,
        labels=labels,
        ids=np.array(names, str),
        classes=classes,
        facts=frame,
        notes=_notes(frame, target, mixed, changes, ignored, limit),
    )


def list_images(root: Path, *, limit: int | None = None) -> tuple[list[str], np.ndarray, tuple[str, ...], int]:
    """Returns the images below a folder, sorted: relative names, int64 labels, class names, number of ignored files.

    Raises:
        UserError: If there is no such folder, or no image in it.
    """
    if not root.is_dir():
        raise UserError(f"There is no folder {root}. Expected a folder of {', '.join(FORMATS)} files.")
    found, ignored = [], 0
    for folder, below, files in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith("."))
        visible = [file for file in files if not file.startswith(".")]
        wanted = [file for file in visible if file.lower().endswith(ENDINGS)]
        ignored += len(visible) - len(wanted)
        found += [(Path(folder) / file).relative_to(root).as_posix() for file in wanted]
    if not found:
        raise UserError(f"There is no image in {root}. Expected files ending in {', '.join(ENDINGS)}.")
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
    root: Path, names: list[str], mixed: Mixed, size: int | None, grayscale: bool
) -> tuple[tuple[int, int], int]:
    """Looks at every file once, decoding it, and settles the common height, width and channels."""
    first: tuple[str, tuple[int, int]] | None = None
    shortest, channels = 10**9, 1
    for name in names:
        opened = open_image(_bytes(root / name), str(root / name))
        width, height = opened.pixels.size
        channels = 3 if opened.pixels.mode == "RGB" and not grayscale else channels
        shortest = min(shortest, width, height)
        first = first or (name, (height, width))
        wanted = first[1] if size is None else (size, size)
        if mixed == "error" and (height, width) != wanted:
            other = f" as {first[0]}" if size is None else ""
            raise UserError(
                f"{root / name} has {width} x {height} pixels. Expected {wanted[1]} x {wanted[0]}{other}, "
                "or one of the options mixed='center-crop' and mixed='resize'."
            )
        if size is not None and min(width, height) < size:
            raise UserError(
                f"{root / name} has {width} x {height} pixels. Expected at least size={size}: nothing is enlarged."
            )
    assert first is not None  # noqa: S101 - there is at least one image
    return (first[1] if mixed == "error" else (size or shortest,) * 2), channels


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


__all__ = ["Folder", "OpenedImage", "list_images", "read_images"]
