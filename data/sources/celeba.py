"""CelebA's aligned faces: attributes, identities and the official partition, from the official files."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from annotated_types import Ge, Interval, MinLen
from PIL import Image

from data.errors import UserError, unknown
from data.imageset import ImageSet
from data.reading.bad_files import BadFiles
from data.reading.safe_image import open_image
from data.selection import first, limit_note
from data.sources.celeba_files import Images, files_in, fingerprint, names_of
from data.sources.celeba_lists import read_lists

TOTAL = 202_599
STRANGERS_SEED = 2015  # the year of the paper; any constant would do
WIDTH, HEIGHT, TOP = 178, 218, 20  # the middle 178 x 178 pixels of an aligned image start at row 20
PERSONS = (
    "The parts hold different images of the same persons: what is found here is found for these persons alone, and a "
    "detector may know a person from its training."
)
STRANGE = (
    "There is no list of identities, so images of one person may lie in several parts inside an official one: a "
    "detector may know a person from its training, and intervals count the images of one person as independent."
)


class CelebA:
    """CelebA's aligned and cropped faces; identities are the groups, the official partition is `official`.

    The middle 178 x 178 pixels of each 178 x 218 image are reduced once to `size` x `size`, with an antialiasing
    Lanczos filter. The images cannot be fetched automatically; put the official files into `celeba/`. The first folder
    that holds any of them is the one that is read. Lists as CSV files are read too, and of those the one of identities
    may be missing: then there are no groups, and the notes say so. Fewer images than the official 202,599 are usable,
    and the set's notes say how many there were. Source: Liu, Luo, Wang and Tang, "Deep
    Learning Face Attributes in the Wild", ICCV 2015.

    Args:
        size: The side in pixels, 8 to 178. Defaults to `64`.
        label: An attribute, such as `"Smiling"`, or several, whose combinations are the labels. Defaults to `None`, one
            label for all.
        identities: Two or more persons by the numbers of the identity list, such as `[82, 209]`: only their images are
            taken, and the person is the label. Such a set has no groups and no official partition, so its parts hold
            different images of the same persons, and its notes say so. Not together with `label`. Defaults to `None`.
        limit: Takes only the first that many images of each official part, or of each person with
            `identities`. Defaults to `None`, all.
    """

    unordered = True  # its first images of a part are as any others
    terms = (
        "CelebA (Liu et al. 2015) may be used for non-commercial research only and **must not be passed on**: these "
        "folders hold its images, so keep them to yourself."
    )

    def __init__(
        self,
        *,
        size: Annotated[int, Interval(ge=8, le=178)] = 64,
        label: str | list[str] | None = None,
        identities: Annotated[list[int], MinLen(2)] | None = None,
        limit: Annotated[int, Ge(1)] | None = None,
    ) -> None:
        self.size, self.limit, self.identities = size, limit, identities
        self.label = [label] if isinstance(label, str) else list(label or [])
        if identities is not None and self.label:
            received = f"label={label!r}, identities={identities}"
            raise UserError(f"Labels are either attributes or persons. Received: {received}.")

    def fingerprint(self, folders: Sequence[Path]) -> str:
        """Returns the sha256 over the list files and the images: their CRCs in a zip, their contents in a folder."""
        return fingerprint(folders)

    def load(self, folders: Sequence[Path], *, progress: Callable[[int, int, str], None] | None = None) -> ImageSet:
        """Reads the images that are there; ids are the file names, such as `"000001.jpg"`.

        Args:
            folders: Where to look, in this order.
            progress: Called with images done, all images, and a text.

        Raises:
            UserError: If a file is missing or damaged, or images and lists do not belong together.
        """
        about, reader = _listed(folders)
        found, known = len(about), "identity" in about
        if self.identities is not None:
            if not known:
                raise UserError(f"identities need the list of identities, {' or '.join(names_of(1))}. There is none.")
            about = _of_persons(about, self.identities)
        each = about["identity" if self.identities else "official"].to_numpy(str)
        about = about.iloc[first(self.limit, each, len(about))]
        labels, classes = _persons(about, self.identities) if self.identities else _labels(about, self.label)
        images, facts = _read(reader, about.index.tolist(), self.size, progress)
        names = [name for name in about if name not in ("official", "identity")]
        part = f"A subset: {found:,} of CelebA's {TOTAL:,} images." if found != TOTAL else f"All {TOTAL:,} images."
        return ImageSet(
            name="celeba",
            images=images,
            labels=labels,
            ids=about.index.to_numpy(str),
            classes=classes,
            groups=about["identity"].to_numpy(np.int64) if known and not self.identities else None,
            official=None if self.identities else about["official"].to_numpy(str),
            attributes=about[names].to_numpy(bool),
            attribute_names=tuple(names),
            facts=facts,
            notes=(
                part,
                f"The middle {WIDTH} x {WIDTH} pixels"
                + (f", reduced once (Lanczos) to {self.size} x {self.size}." if self.size < WIDTH else "."),
                *([PERSONS] if self.identities else []),
                *([] if known else [STRANGE]),
                *reader.skipped.sentences,
                *limit_note(self.limit, per_part=True, part="person" if self.identities else "official part"),
            ),
        )

    def strangers(
        self,
        folders: Sequence[Path],
        *,
        most: int = 20_000,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> ImageSet | None:
        """Returns images of other persons than `identities`, or `None` without that option: all are then in `load`.

        Persons come whole, in a fixed random order, and nobody whom CelebA's makers call test is among them.

        Args:
            folders: Where to look, in this order.
            most: Images at most.
            progress: Called with images done, all images, and a text.

        Returns:
            Images with `groups`, who each shows, and `official`, `"train"` or `"validation"`.

        Raises:
            UserError: As `load`.
        """
        if self.identities is None:
            return None
        about, reader = _listed(folders)
        about = about[(about["official"] != "test") & ~about["identity"].isin(self.identities)]
        counts = about["identity"].value_counts().sort_index()
        counts = counts.iloc[np.random.default_rng(STRANGERS_SEED).permutation(len(counts))]
        about = about[about["identity"].isin(counts.index[counts.cumsum() <= most])]
        images, _ = _read(reader, about.index.tolist(), self.size, progress)
        return ImageSet(
            name="celeba",
            images=images,
            labels=np.zeros(len(about), np.int64),
            ids=about.index.to_numpy(str),
            classes=("face",),
            groups=about["identity"].to_numpy(np.int64),
            official=about["official"].to_numpy(str),
        )


def _listed(folders: Sequence[Path]) -> tuple[pd.DataFrame, Images]:
    """Returns what the lists say of the images that are there, by name, and what reads them.

    Raises:
        UserError: If a file is missing, or images and lists do not belong together.
    """
    lists, where = files_in(folders)
    attributes, identity, partition = lists
    assert attributes is not None and partition is not None  # noqa: S101, PT018 - only identities may be missing
    about = read_lists(attributes, identity, partition)
    reader = Images(where)
    stray = sorted(set(reader.names) - set(about.index))
    if stray or not reader.names:
        raise UserError(
            f"{where} and the list files do not belong together. "
            f"Expected images that all lists name. Received: {', '.join(stray[:3]) or 'no image'}."
        )
    return about.loc[[name for name in about.index if name in reader.names]], reader


def _of_persons(about: pd.DataFrame, chosen: list[int]) -> pd.DataFrame:
    """Returns the rows of some identities.

    Raises:
        UserError: If one is named twice or has no image here.
    """
    counts = about["identity"].value_counts()
    some = ", ".join(f"{person} ({counts[person]} images)" for person in sorted(counts.index[:3]))
    for person in chosen:
        if person not in counts.index or chosen.count(person) > 1:
            raise UserError(
                f"identities must be different persons with images, such as {some}. Received: {person} in {chosen}."
            )
    return about[about["identity"].isin(chosen)]


def _persons(about: pd.DataFrame, chosen: list[int]) -> tuple[np.ndarray, tuple[str, ...]]:
    labels = about["identity"].map({person: label for label, person in enumerate(chosen)}).to_numpy(np.int64)
    return labels, tuple(f"identity {person}" for person in chosen)


def _labels(about: pd.DataFrame, chosen: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    attributes = [name for name in about if name not in ("official", "identity")]
    for name in chosen:
        if name not in attributes:
            raise unknown("attribute", name, attributes)
    labels = np.zeros(len(about), np.int64)
    for name in chosen:
        labels = 2 * labels + about[name].to_numpy(np.int64)
    words = itertools.product(*((f"not {name}", name) for name in chosen))
    return labels, tuple(", ".join(word) for word in words) if chosen else ("face",)


def _read(
    reader: Images, names: list[str], size: int, progress: Callable[[int, int, str], None] | None
) -> tuple[np.ndarray, pd.DataFrame]:
    images = np.empty((len(names), size, size, 3), np.uint8)
    facts, bad = [], BadFiles(reader.where)
    for i, name in enumerate(names):
        try:
            images[i], about = _square(reader, name, size)
            facts.append(about)
        except UserError as error:
            bad.add(name, error, f"{reader.where}: {name}")
        if progress is not None:
            progress(i + 1, len(names), "reading CelebA")
    bad.check(len(names))
    return images, pd.DataFrame(facts, columns=["width", "height", "format", "mode", "bytes"])


def _square(reader: Images, name: str, size: int) -> tuple[np.ndarray, tuple[int, int, str, str, int]]:
    """Returns the middle of an aligned image, uint8 `(size, size, 3)`, and what its file was like."""
    data = reader.read(name)
    opened = open_image(data, f"{reader.where}: {name}", max_pixels=WIDTH * HEIGHT)
    if opened.pixels.size != (WIDTH, HEIGHT) or opened.format != "JPEG":
        raise UserError(
            f"{reader.where}: {name} is not an aligned CelebA image. Expected a JPEG of {WIDTH} x {HEIGHT} pixels. "
            f"Received: {opened.format}, {opened.width} x {opened.height}."
        )
    square = opened.pixels.convert("RGB").crop((0, TOP, WIDTH, TOP + WIDTH))
    reduced = square if size == WIDTH else square.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(reduced), (opened.width, opened.height, opened.format, opened.mode, len(data))
