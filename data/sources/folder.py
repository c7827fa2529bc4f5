"""A folder of image files, as people have them: any of five formats, sub-folders as labels, sizes that may differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from annotated_types import Ge
from PIL import Image

from data.errors import UserError, printable
from data.imageset import ImageSet
from data.reading import paths
from data.reading.bad_files import BadFiles
from data.reading.regular import read_file
from data.reading.safe_image import OpenedImage, open_frames, open_image
from data.sources.folder_files import digest_of, list_images, texts_of, within
from data.sources.folder_groups import Grouping, Groups

FACTS = ("width", "height", "format", "mode", "quality", "coding")
Mixed = Literal["error", "center-crop", "resize"]


class Folder:
    """Images in a folder; the first level of sub-folders, if there is one, gives the labels.

    PNG, JPEG, WebP, BMP and TIFF files are read; links are followed. What is left out (see `data.reading.walk`) and
    what was done to images is said in the notes.

    Args:
        path: The folder.
        mixed: What to do when sizes differ or are not `size`. `"error"` stops; `"center-crop"` cuts the middle
            `size` x `size` pixels out of each image, without resampling; `"resize"` cuts the largest middle square and
            reduces it once with an antialiasing Lanczos filter. Nothing is ever enlarged. Defaults to `"error"`.
        size: The side in pixels that `mixed` aims at. Defaults to `None`, the shortest side that occurs.
        grayscale: Whether to turn colour to grey (0.299 R + 0.587 G + 0.114 B). Images have one channel only if this is
            set or all files are grey. Defaults to `False`.
        limit: Takes only that many images, alternating between the sub-folders. Defaults to `None`, all.
        groups: What comes from one source, such as the frames of a video, which are nearly the same image again and
            again and must not be trained and tested on: `"file"`, every file by itself, or `"folder"`, the files of one
            sub-folder. Sub-folders right below `path` are then no labels. Near copies are of one source in any case.
            Defaults to `"file"`.
        groups_pattern: A regular expression that is searched in each name; files for which its first bracket, or
            without one the whole match, is equal are of one source, as `"^(.+)_"` for `anna_001.png`. Defaults to
            `None`.
        groups_csv: A CSV file with columns `file_name`, relative to `path`, and `group`, empty for a file that is
            alone. Defaults to `None`.
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
        groups: Groups = "file",
        groups_pattern: str | None = None,
        groups_csv: str | None = None,
    ) -> None:
        self.path, self.mixed, self.size = path, mixed, size
        self.grayscale, self.limit = grayscale, limit
        self.grouping = Grouping(groups, groups_pattern, groups_csv)

    def fingerprint(self, folders: Sequence[Path] = ()) -> str:
        """Returns the sha256 over the names and contents of the files it would read; `folders` are not used."""
        del folders
        return self.grouping.sealed(digest_of(self.path, limit=self.limit))

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
            grouping=self.grouping,
            progress=progress,
        )


def read_images(
    path: str | Path,
    *,
    mixed: Mixed = "error",
    size: int | None = None,
    grayscale: bool = False,
    limit: int | None = None,
    animations: bool = False,
    grouping: Grouping | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> ImageSet:
    """Reads a folder of images; the arguments are those of `Folder`, and a few more.

    Args:
        path: The folder; with `animations`, one animated file is enough.
        mixed: See `Folder`.
        size: See `Folder`.
        grayscale: See `Folder`.
        limit: See `Folder`.
        animations: Whether GIF files and animated WebP and PNG files give an image for each of their frames, as
            `data.reading.safe_image.open_frames` limits them, instead of being left out or refused. The id of a frame
            is that of its file with `#` and its number. Defaults to `False`.
        grouping: Which files are of one source. Defaults to `None`, the frames of an animated one.
        progress: Called with files done, files in all, and a line of text. Defaults to `None`.

    Returns:
        An image set with ids relative to the folder, `facts` of each original file, and notes on what was done and left
        out. In an id, bytes of a name that are no UTF-8 and control characters are written out, as `\\xe9`.

    Raises:
        UserError: If there is no such folder or no image in it, some cannot be read, or sizes differ against `mixed`.
            It names them all, up to twenty.
    """
    root = paths.place(path, "folder of images")
    names, labels, classes, skipped = list_images(root, limit=limit, animations=animations)
    grouping = grouping or Grouping()
    if grouping.groups == "folder" and min(name.count("/") for name in names) < 2:
        labels, classes = np.zeros_like(labels), (printable(root.resolve().name),)  # sub-folders are sources, no labels
    target, channels, counts = _target(root, names, mixed, size, grayscale, animations)
    images = np.empty((sum(counts), *target, channels), np.uint8)
    originals: np.ndarray | None = None  # made with the first image that is not kept as it came
    facts: dict[str, list[object]] = {key: [] for key in (*FACTS, "bytes")}
    changes: dict[str, int] = {}
    ids: list[str] = []
    texts = texts_of(names)
    for done, (name, count) in enumerate(zip(names, counts, strict=True)):
        data = read_file(within(root, name))
        for frame, opened in enumerate(_frames(data, str(within(root, name)), animations)):
            pixels = opened.pixels.convert("L" if channels == 1 else "RGB")
            images[len(ids)] = np.asarray(_fit(pixels, target, mixed)).reshape(*target, channels)
            if originals is None and pixels.size != target[::-1]:
                originals = images.copy()
            if originals is not None:  # blocks of JPEG begin at this corner
                originals[len(ids)] = np.asarray(pixels.crop((0, 0, *target[::-1]))).reshape(*target, channels)
            ids.append(texts[done] if count == 1 else f"{texts[done]}#{frame:05d}")
            for key in FACTS:
                facts[key].append(getattr(opened, key))
            facts["bytes"].append(len(data))
            for change in opened.changes:
                changes[change] = changes.get(change, 0) + 1
        if progress is not None:
            progress(done + 1, len(names), "reading images")
    about = pd.DataFrame(facts)
    return ImageSet(
        name=printable(root.resolve().name) or "folder",
        images=images,
        labels=np.repeat(labels, counts),
        ids=np.array(ids, str),
        classes=classes,
        groups=grouping.of(names, counts, root),
        facts=about,
        notes=(*_kinds(about), *_done(about, target, mixed, changes), *skipped.sentences, *_cut(limit)),
        originals=originals,
    )


def _frames(data: bytes, name: str, animations: bool) -> Iterator[OpenedImage]:
    return open_frames(data, name) if animations else iter([open_image(data, name)])


def _target(
    root: Path, names: list[str], mixed: Mixed, size: int | None, grayscale: bool, animations: bool
) -> tuple[tuple[int, int], int, list[int]]:
    """Looks at every file once, decoding it: the common height and width, the channels, the images in each file."""
    first: tuple[str, tuple[int, int]] | None = None
    shortest, channels = 10**9, 1
    counts, bad = [], BadFiles(root)
    for name in names:
        place, count = within(root, name), 0
        try:
            for opened in _frames(read_file(place), str(place), animations):
                count += 1
                first = first or (name, (opened.pixels.height, opened.pixels.width))
                channels = 3 if opened.pixels.mode == "RGB" and not grayscale else channels
                shortest = min(shortest, *opened.pixels.size)
                _check_size(opened.pixels.size, place, first, mixed, size)
        except UserError as error:
            bad.add(name, error, place)
        counts.append(count)
    bad.check(len(names))
    assert first is not None  # noqa: S101 - there is at least one image
    return (first[1] if mixed == "error" else (size or shortest,) * 2), channels, counts


def _check_size(
    found: tuple[int, int], place: Path, first: tuple[str, tuple[int, int]], mixed: Mixed, size: int | None
) -> None:
    width, height = found
    wanted = first[1] if size is None else (size, size)
    if mixed == "error" and (height, width) != wanted:
        other = f" as {first[0]}" if size is None else ""
        raise UserError(
            f"{place} has {width} x {height} pixels. Expected {wanted[1]} x {wanted[0]}{other}, "
            "or one of the options mixed='center-crop' and mixed='resize'."
        )
    if size is not None and min(width, height) < size:
        raise UserError(f"{place} has {width} x {height} pixels. Expected at least size={size}: nothing is enlarged.")


def _fit(pixels: Image.Image, target: tuple[int, int], mixed: Mixed) -> Image.Image:
    height, width = target
    if pixels.size == (width, height):
        return pixels
    side = width if mixed == "center-crop" else min(pixels.size)
    left, top = (pixels.width - side) // 2, (pixels.height - side) // 2
    square = pixels.crop((left, top, left + side, top + side))
    return square if square.size == (width, height) else square.resize((width, height), Image.Resampling.LANCZOS)


def _kinds(facts: pd.DataFrame) -> tuple[str, ...]:
    formats = ", ".join(f"{count:,} {name}" for name, count in facts["format"].value_counts().sort_index().items())
    return (f"Files: {formats}.",)


def _done(facts: pd.DataFrame, target: tuple[int, int], mixed: Mixed, changes: dict[str, int]) -> Iterator[str]:
    """Yields what was done to images."""
    others = int(((facts["height"] != target[0]) | (facts["width"] != target[1])).sum())
    if others and mixed == "center-crop":
        yield f"{others:,} images were cut to their middle {target[1]} x {target[0]} pixels."
    elif others and mixed == "resize":
        yield f"{others:,} images: middle square, reduced once (Lanczos) to {target[1]} x {target[0]} pixels."
    words = {
        "converted": "were in CMYK, converted to RGB",
        "first": "are the first of several pictures in one file; the others were left out",
        "flattened": "had transparent pixels, which were laid on white",
        "turned": "were turned upright by their orientation mark",
        "reduced to 8 bits": "had 16 bits per channel, rounded to 8",
    }
    for change, count in sorted(changes.items()):
        yield f"{count:,} images {words[change]}."


def _cut(limit: int | None) -> tuple[str, ...]:
    return () if limit is None else (f"Cut short: {limit:,} images at most.",)


__all__ = ["Folder", "OpenedImage", "digest_of", "list_images", "read_images"]
