"""The user's own real images: read as the pictures are, rid of copies, and what limit of a score they set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.use.pictures_to_score import Fit, find, read
from data.duplicates import find_copies, units_of
from data.errors import UserError, shown
from data.reading.paths import place
from detection.limits import Limit, calls_for, upper_limit

DEFAULT_FPR = 0.05
CHUNK = 2048  # images that are compared with the reals at a time
SCORED, TRAINING = "copies of scored pictures", "copies of the detector's own real images"


def check(reals: str | Path | None, fpr: float | None) -> float | None:
    """Returns the false-alarm rate that is asked for, `None` without reals.

    Raises:
        UserError: If it is no rate, or there are no reals to set it on.
    """
    if reals is None:
        if fpr is not None:
            raise UserError(
                f"--fpr needs --reals, a folder of your own real images to set it on. Received: {shown(fpr)} alone."
            )
        return None
    if not place(reals, "folder of real images").is_dir():
        raise UserError(f"--reals must be a folder of real images. Received: {shown(str(reals))}.")
    rate = DEFAULT_FPR if fpr is None else fpr
    if isinstance(rate, bool) or not isinstance(rate, Real) or not 0 < rate < 1:
        raise UserError(f"--fpr must lie between 0 and 1, without them. Received: {shown(rate)}.")
    return float(rate)


class OwnReals:
    """Real images of the user, from a folder.

    Args:
        folder: The folder, read as pictures to score are.
        shape: Of the images that the detector knows.
        how: What is done to other sizes.
        pool: Whether sources are scored: then each folder and animation of the reals is one too.
        alike: Whether different images look much alike, as for `data.duplicates.find_copies`.

    Raises:
        UserError: If there is no image in it, or none that can be read.
    """

    def __init__(self, folder: str | Path, shape: tuple[int, int, int], how: Fit, *, pool: bool, alike: bool) -> None:
        self.folder, self.pool, self.alike = Path(folder), pool, alike
        found, self.skipped = find([folder], pool=pool)
        pictures = [picture for one in found for picture in read(one, shape, how, frames=pool)]
        good = [picture for picture in pictures if picture.pixels is not None]
        self.unreadable = len(pictures) - len(good)
        if not good:
            raise UserError(f"No image of --reals {folder} can be used: {pictures[0].error.rstrip('.')}.")
        self.images = np.stack([picture.pixels for picture in good if picture.pixels is not None])
        self.reduced = sum(picture.resampled for picture in good)
        self.marked = sum(picture.marks.startswith("marked as made") for picture in good)
        _, self.source = np.unique([picture.source for picture in good], return_inverse=True)
        self.copied = {name: np.zeros(len(good), bool) for name in (SCORED, TRAINING)}
        self._waiting: list[np.ndarray] = []

    def compare(self, images: np.ndarray, what: str) -> None:
        """Marks the reals that are copies of images, by the ledger's rule.

        Args:
            images: uint8 `(n, height, width, channels)`.
            what: `SCORED` or `TRAINING`.
        """
        n = len(self.images)
        for start in range(0, len(images), CHUNK):
            near = find_copies(np.concatenate([self.images, images[start : start + CHUNK]]), alike=self.alike).near
            self.copied[what] |= np.isin(near[:n], near[n:])

    def compare_later(self, images: np.ndarray) -> None:
        """As `compare` with scored pictures, several blocks at a time; `units` compares the last ones."""
        self._waiting.append(images)
        if sum(map(len, self._waiting)) >= CHUNK:
            self._compare_waiting()

    def _compare_waiting(self) -> None:
        if self._waiting:
            self.compare(np.concatenate(self._waiting), SCORED)
            self._waiting = []

    @cached_property
    def units(self) -> tuple[np.ndarray, np.ndarray]:
        """The unit of each image, int `(n,)`, and which are left, bool `(n,)`: those of no copied unit.

        To be looked at once all has been compared.
        A unit is what near copies chain together, and of pooled sources their frames.
        """
        self._compare_waiting()
        units = units_of(find_copies(self.images, alike=self.alike), self.source if self.pool else None)
        copied = np.any(list(self.copied.values()), axis=0)
        return units, ~np.isin(units, units[copied])

    def limit(self, scores: np.ndarray, fpr: float, several: int) -> Limit:
        """Returns the limit that the reals' scores set.

        Args:
            scores: Of all of them, float `(n,)`.
            fpr: The false-alarm rate of all detectors together.
            several: How many detectors share it.

        Raises:
            UserError: If so few cannot set it.
        """
        units, left = self.units
        scores, units = scores[left], units[left]
        if self.pool:
            scores, units = _means(scores, units, self.source[left])
        n = len(np.unique(units))
        calls = calls_for(n, fpr / several)
        if not calls:
            raise UserError(self._too_few(n, fpr, several, int((~left).sum())))
        return upper_limit(scores, calls, units)

    def _too_few(self, n: int, fpr: float, several: int, out: int) -> str:
        what = "sources" if self.pool else "real images that are no copies of each other"
        shared = f", shared by {several} detectors," if several > 1 else ""
        without = f" ({out:,} left out as {SCORED} or {TRAINING})" if out else ""
        least = several / (n + 1)
        allowed = f"they allow {math.ceil(least * 1e4) / 1e4:g} and more" if least < 1 else "they allow none"
        return (
            f"--fpr {fpr:g}{shared} cannot be set by {n:,} {what}{without}: {allowed}, and {fpr:g} needs "
            f"{math.ceil(several / fpr - 1 - 1e-9):,}. Received: {self.folder}."
        )

    def about(self, fpr: float) -> dict[str, Any]:
        """Returns what was used and left out, as JSON values."""
        units, left = self.units
        out = {name: int(copied.sum()) for name, copied in self.copied.items()}
        return {
            "folder": str(self.folder), "fpr": fpr, "images": int(left.sum()), "units": len(np.unique(units[left])),
            "pooled": self.pool, "left_out": int((~left).sum()), **out, "unreadable": self.unreadable,
            "reduced": self.reduced, "marked_as_made": self.marked,
        }  # fmt: skip

    def said(self, scored: int, reduced: int, name: str = "--reals") -> Iterator[str]:
        """Yields what is to be known of them, as sentences.

        Args:
            scored: How many pictures were scored.
            reduced: How many of them were reduced to the detector's size.
            name: What they are called. Defaults to the option.
        """
        _, left = self.units
        counts = [f"{int(copied.sum()):,} {what}" for what, copied in self.copied.items() if copied.any()]
        if counts:
            yield f"{name}: {int((~left).sum()):,} of {len(left):,} left out, with what they are near copies of: " + (
                f"{' and '.join(counts)}."
            )
        if bool(reduced) != bool(self.reduced):
            yield (
                f"{name}: {self.reduced:,} of {len(left):,} were reduced, and {reduced:,} of {scored:,} scored ones; "
                "the limit holds for pictures that went through the same."
            )
        if self.unreadable:
            yield f"{name}: {self.unreadable:,} could not be used."
        if self.marked:
            yield f"{name}: {self.marked:,} are marked as made by a program. Are they real?"
        yield from (f"{name}: {sentence}" for sentence in self.skipped.sentences)


def _means(scores: np.ndarray, units: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean score of each source, and its unit."""
    _, first, inverse = np.unique(source, return_index=True, return_inverse=True)
    return np.bincount(inverse, scores) / np.bincount(inverse), units[first]
