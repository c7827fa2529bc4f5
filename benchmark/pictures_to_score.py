"""Pictures to be scored: found from files, folders and patterns, read safely, and brought to a detector's size."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from data.errors import UserError
from data.safe_image import OpenedImage, open_frames, open_image
from data.sources.folder import ANIMATIONS, ENDINGS

Fit = Literal["source", "resize", "crop", "exact"]
FITS = ("source", "resize", "crop", "exact")
MAX_BYTES = 2**28  # of a file: more than any picture in common use
CHANGES = {
    "flattened": "transparent pixels laid on white",
    "turned": "turned upright by its orientation mark",
    "reduced to 8 bits": "16 bits reduced to 8",
}


@dataclass(frozen=True)
class Found:
    """A file, and the source that it is pooled with: its folder, or itself."""

    path: Path
    source: Path


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
    """

    path: str
    source: str
    pixels: np.ndarray | None
    notes: tuple[str, ...] = ()
    resampled: bool = False
    error: str = ""


def find(paths: Sequence[str | Path], *, pool: bool = False) -> tuple[list[Found], int]:
    """Finds the files that paths name, each once, in the order of the paths and sorted in a folder.

    A path is a file, whatever its ending; a folder, of which all files with an image's ending are taken, those in
    sub-folders too and hidden ones not; or a pattern with `*`, `?`, `[...]` or `**`. One that names nothing is returned
    as it is, so that reading it says so. With `pool`, the images that lie directly in a folder given are one source,
    those below each of its sub-folders another one; endings of animations count too, and an animation is a source of
    its own.

    Returns:
        The files, and the number of other files in the folders.

    Raises:
        UserError: If there is no path, or none names a file.
    """
    found: dict[str, Found] = {}
    others, empty = 0, True
    for given in paths:
        path = Path(given).expanduser()
        here = (
            [path] if os.path.lexists(path) else [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
        )
        empty = empty and not here
        for place in here or [path]:
            below, left = _below(place, pool) if place.is_dir() else ([Found(place, place)], 0)
            others += left
            for one in below:
                found.setdefault(os.path.abspath(one.path), one)
    received = ", ".join(map(str, paths)) or "nothing"
    if empty:
        raise UserError(f"There is no such file, folder or match. Expected images. Received: {received}.")
    if not found:
        raise UserError(
            f"There is no image in {received}. Expected files ending in {', '.join(_endings(pool))}; "
            f"{others:,} other files were left out."
        )
    return list(found.values()), others


def _below(root: Path, pool: bool) -> tuple[list[Found], int]:
    found, others = [], 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = Path(folder).relative_to(root).parts
        for name in sorted(name for name in files if not name.startswith(".")):
            if name.lower().endswith(_endings(pool)):
                found.append(Found(Path(folder) / name, root / inside[0] if inside else root))
            else:
                others += 1
    return found, others


def _endings(pool: bool) -> tuple[str, ...]:
    return (*ENDINGS, *ANIMATIONS) if pool else ENDINGS


def read(found: Found, shape: tuple[int, int, int], how: Fit, *, frames: bool = False) -> Iterator[Picture]:
    """Reads a file for a detector of images `(height, width, channels)`; a bad one gives its reason, and no error.

    Transparent pixels are laid on white, an orientation mark is obeyed, 16 bits become 8, palettes and CMYK become RGB;
    colour becomes grey (0.299 R + 0.587 G + 0.114 B) for a detector of grey images, and grey three equal channels for
    one of colour. Nothing is enlarged.

    Args:
        found: The file.
        shape: Of the images that the detector knows.
        how: `"resize"`, `"crop"` or `"exact"`, see `fit`.
        frames: Whether an animation gives its frames; else it is refused. Defaults to `False`.
    """
    name, source = (_text(path) for path in (found.path, found.source))
    try:
        data = _bytes(found.path)
        if not frames:
            yield _picture(open_image(data, "The file"), name, source, shape, how)
            return
        several: list[OpenedImage] = []
        for number, opened in enumerate(open_frames(data, "The file")):
            if number == 0:  # a single picture is no source of its own, and it is not known yet if there are more
                several.append(opened)
                continue
            if several:
                yield _picture(several.pop(), f"{name}#{0:05d}", name, shape, how)
            yield _picture(opened, f"{name}#{number:05d}", name, shape, how)
        if several:
            yield _picture(several.pop(), name, source, shape, how)
    except UserError as error:
        yield Picture(name, source, None, error=str(error))


def _text(path: Path) -> str:
    return str(path).encode("utf-8", "replace").decode()  # a name need not be text


def _bytes(path: Path) -> bytes:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise UserError("It is a folder or a device, not a file.")
        if about.st_size > MAX_BYTES:
            raise UserError(f"The file has {about.st_size:,} bytes. Allowed: {MAX_BYTES:,}.")
        return path.read_bytes()
    except FileNotFoundError:
        broken = path.is_symlink()
        raise UserError("It is a link to a file that is not there." if broken else "There is no such file.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"The file cannot be read ({getattr(error, 'strerror', None) or error}).") from None


def _picture(opened: OpenedImage, name: str, source: str, shape: tuple[int, int, int], how: Fit) -> Picture:
    notes = [CHANGES[change] for change in opened.changes]
    fitted, said = fit(opened.pixels, shape[:2], how)
    if said:
        notes.append(said)
    if fitted.mode == "L" and shape[2] == 3:
        notes.append("grey taken as colour")
    if fitted.mode == "RGB" and shape[2] == 1 and np.ptp(np.asarray(fitted), axis=2).any():
        notes.append("colour turned to grey")
    pixels = np.asarray(fitted.convert("L" if shape[2] == 1 else "RGB"), np.uint8).reshape(shape)
    return Picture(name, source, pixels, tuple(notes), resampled=said.startswith("reduced"))


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
