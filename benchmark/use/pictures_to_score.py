"""Pictures to be scored: found from files, folders and patterns, read safely, and brought to a detector's size."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from data.errors import UserError, printable
from data.reading import marks
from data.reading.paths import place as path_of
from data.reading.regular import read_regular
from data.reading.safe_image import CHANGES, OpenedImage, open_frames, open_image
from data.reading.walk import ANIMATIONS, IMAGES, Skipped, Walk, walk

Fit = Literal["source", "resize", "crop", "exact"]
FITS = ("source", "resize", "crop", "exact")


@dataclass(frozen=True)
class Found:
    """A file, and the source that it is pooled with: its folder, or itself; and why it cannot be read, if so."""

    path: Path
    source: Path
    error: str = ""


@dataclass(frozen=True)
class Picture:
    """What came of one file, or of one frame of it.

    Attributes:
        path: The file; a frame of an animation has `#` and its number behind.
        source: What it is pooled with.
        pixels: uint8 `(height, width, channels)` of the detector's size, or `None` if there are none.
        notes: What was done to it.
        resampled: Whether it was reduced, which changes high frequencies.
        error: Why there are no pixels; else empty.
        marks: What its file says of how it was made, see `data.reading.marks`.
    """

    path: str
    source: str
    pixels: np.ndarray | None
    notes: tuple[str, ...] = ()
    resampled: bool = False
    error: str = ""
    marks: str = ""


def find(paths: Sequence[str | Path], *, pool: bool = False) -> tuple[list[Found], Skipped]:
    """Finds the files that paths name, each once, in the order of the paths and sorted in a folder.

    A path is a file, whatever its ending; a folder, of which all files with an image's ending are taken, those in
    sub-folders too, see `data.reading.walk`; or a pattern with `*`, `?`, `[...]` or `**`. One that names nothing is
    returned as it is, so that reading it says so. With `pool`, the images that lie directly in a folder given are one
    source, those below each of its sub-folders another one; endings of animations count too, and an animation is a
    source of its own.

    Returns:
        The files, and what was left out of the folders.

    Raises:
        UserError: If there is no path, or none names a file.
    """
    found: dict[str, Found] = {}
    skipped, empty = Skipped(), True
    for given in paths:
        path = path_of(given)
        here = [path] if os.path.lexists(path) else _matching(str(path), skipped)
        empty = empty and not here
        for place in here or [path]:
            for one in _below(place, pool, skipped) if place.is_dir() else [Found(place, place)]:
                found.setdefault(os.path.abspath(one.path), one)
    received = ", ".join(map(str, paths)) or "nothing"
    if empty:
        raise UserError(f"There is no such file, folder or match. Expected images. Received: {received}.")
    if not found:
        left_out = "".join(f" {sentence}" for sentence in skipped.sentences)
        raise UserError(
            f"There is no image in {received}. Expected files ending in {', '.join(_endings(pool))}.{left_out}"
        )
    return list(found.values()), skipped


def _below(root: Path, pool: bool, skipped: Skipped) -> Iterator[Found]:
    searched = walk(root, _endings(pool))
    skipped.merge(searched.skipped, root)
    for name in searched.files:
        top = name.partition("/")[0] if "/" in name else ""
        yield Found(root / name, root / top)
    for name, reason in searched.unreadable:
        yield Found(root / name, root, f"It cannot be read ({reason}).")


def _matching(pattern: str, skipped: Skipped) -> list[Path]:
    """Returns the files and folders that a pattern names, sorted; below `**` those that `data.reading.walk` finds."""
    parts = Path(pattern).parts
    if "**" not in parts:
        return [Path(name) for name in sorted(glob.glob(pattern))]
    first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    root, wanted = Path(*parts[:first]), _regular_expression(parts[first:])
    searched = walk(root, None) if root.is_dir() else Walk()
    skipped.merge(searched.skipped, root)
    named = [name for name in [*searched.folders, *searched.files] if wanted.fullmatch(f"{name}/")]
    unreadable = [name for name, _ in searched.unreadable]  # to be looked at again, which says why
    return sorted(root / name for name in [*named, *unreadable])


def _regular_expression(parts: Sequence[str]) -> re.Pattern[str]:
    """Returns what fits relative names with `/` behind each part, of which `**` stands for any number."""
    each = ["(?:[^/]+/)*" if part == "**" else f"{_part(part)}/" for part in parts]
    return re.compile("".join(each), re.DOTALL)


def _part(part: str) -> str:
    """Returns what fits one name: `*`, `?` and `[...]` as the standard library's, but never a `/`."""
    tokens = re.findall(r"\[!?\]?[^\]]*\]|.", part, re.DOTALL)
    return "".join({"*": "[^/]*", "?": "[^/]"}.get(token, fnmatch.translate(token)[4:-3]) for token in tokens)


def _endings(pool: bool) -> tuple[str, ...]:
    return (*IMAGES, *ANIMATIONS) if pool else IMAGES


def read(found: Found, shape: tuple[int, int, int], how: Fit, *, frames: bool = False) -> Iterator[Picture]:
    """Reads a file for a detector of images `(height, width, channels)`; a bad one gives its reason, and no error.

    Transparent pixels are laid on white, an orientation mark is obeyed, 16 bits become 8, palettes and CMYK become RGB,
    of several pictures in a JPEG or TIFF the first is taken; colour becomes grey (0.299 R + 0.587 G +
    0.114 B) for a detector of grey images, and grey three equal channels for one of colour. Nothing is enlarged.

    Args:
        found: The file.
        shape: Of the images that the detector knows.
        how: `"resize"`, `"crop"` or `"exact"`, see `fit`.
        frames: Whether an animation gives its frames; else it is refused. Defaults to `False`.
    """
    name, source = (printable(str(path)) for path in (found.path, found.source))
    marked = ""
    try:
        if found.error:
            raise UserError(found.error)
        data = _bytes(found.path)
        marked = marks.sentence(marks.marks(data))
        if not frames:
            yield _picture(open_image(data, "The file"), name, source, shape, how, marked)
            return
        several: list[OpenedImage] = []
        for number, opened in enumerate(open_frames(data, "The file")):
            if number == 0:  # a single picture is no source of its own, and it is not known yet if there are more
                several.append(opened)
                continue
            if several:
                yield _picture(several.pop(), f"{name}#{0:05d}", name, shape, how, marked)
            yield _picture(opened, f"{name}#{number:05d}", name, shape, how, marked)
        if several:
            yield _picture(several.pop(), name, source, shape, how, marked)
    except UserError as error:
        yield Picture(name, source, None, error=str(error), marks=marked)


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path, "The file")
    except FileNotFoundError:
        broken = path.is_symlink()
        raise UserError("It is a link to a file that is not there." if broken else "There is no such file.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"The file cannot be read ({getattr(error, 'strerror', None) or error}).") from None


def _picture(
    opened: OpenedImage, name: str, source: str, shape: tuple[int, int, int], how: Fit, marked: str
) -> Picture:
    notes = [CHANGES[change] for change in opened.changes]
    fitted, said = fit(opened.pixels, shape[:2], how)
    if said:
        notes.append(said)
    if fitted.mode == "L" and shape[2] == 3:
        notes.append("grey taken as colour")
    if fitted.mode == "RGB" and shape[2] == 1 and np.ptp(np.asarray(fitted), axis=2).any():
        notes.append("colour turned to grey")
    pixels = np.asarray(fitted.convert("L" if shape[2] == 1 else "RGB"), np.uint8).reshape(shape)
    return Picture(name, source, pixels, tuple(notes), resampled=said.startswith("reduced"), marks=marked)


def fit(pixels: Image.Image, target: tuple[int, int], how: Fit) -> tuple[Image.Image, str]:
    """Brings a picture to a height and width, and says in words what was done to it; nothing if it has them already.

    Args:
        pixels: The picture.
        target: Height and width.
        how: `"resize"` cuts out the largest middle part of the target's proportions (for a square one, the middle
            square) and reduces it once with an antialiasing Lanczos filter, as the data sets do; `"crop"` cuts out the
            middle without resampling; `"exact"` takes no other size.

    Raises:
        UserError: If it is too small, or is not the size and must be.
    """
    (height, width), (wide, high) = target, pixels.size
    if (wide, high) == (width, height):
        return pixels, ""
    if how == "exact":
        raise UserError(f"It has {wide} x {high} pixels. Expected exactly {width} x {height}.")
    if wide < width or high < height:
        raise UserError(f"It has {wide} x {high} pixels. Expected at least {width} x {height}: nothing is enlarged.")
    ratio = 1.0 if how == "crop" else min(wide / width, high / height)
    size = min(wide, round(width * ratio)), min(high, round(height * ratio))
    left, top = (wide - size[0]) // 2, (high - size[1]) // 2
    cut = pixels.crop((left, top, left + size[0], top + size[1]))
    if size == (width, height):
        return cut, f"cut from {wide} x {high}"
    return cut.resize((width, height), Image.Resampling.LANCZOS), f"reduced from {wide} x {high}"


def as_the_source(how: Fit, dataset: dict[str, object]) -> Fit:
    """Returns what `"source"` means for a run's data set: what it did to images that had not its size.

    The sets whose files have one size (`digits`, `mnist`, `cifar10`) did nothing; pictures are then reduced, as
    `celeba` does and a `folder` by default may.

    Args:
        how: One of `FITS`.
        dataset: The run's `[dataset]`.
    """
    if how not in FITS:
        raise UserError(f"fit must be one of {', '.join(FITS)}. Received: {how}.")
    if how != "source":
        return how
    return "crop" if dataset.get("mixed") == "center-crop" else "resize"
