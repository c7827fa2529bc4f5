"""Scores of blocks of pictures by one or several detectors, and how unlike their training images pictures are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmark.plugins.resolve import blamed
from benchmark.use.heat_maps import HeatMaps
from benchmark.use.pictures_to_score import Picture
from benchmark.use.stored_detector import TrainedDetector
from benchmark.use.stored_run import read_json
from detection.base import block_size
from detection.unfamiliar import Unfamiliar


class Scorer:
    """Scores blocks of pictures, and warns of those that are unlike the training images or have other grey levels.

    Args:
        trained: The detectors, of one run.
        maps: What writes heat maps of the first, or `None`.
    """

    def __init__(self, trained: Sequence[TrainedDetector], maps: HeatMaps | None) -> None:
        self.trained, self.maps = trained, maps
        run = trained[0].run
        self.shape = run.images.shape
        about = read_json(run.prepared / "images" / "imageset.json", "Image set")
        self.off_grid = np.ones(256, bool)
        self.off_grid[about["value_grid"]] = False
        known: dict[tuple[str, ...], Unfamiliar] = {}  # detectors that learned from the same images share one
        self.unfamiliar = {}
        for one in trained:
            banks = tuple(str(folder) for folder in run.banks(one.folder))
            if banks not in known:
                known[banks] = _unfamiliar(one)
            self.unfamiliar[one.id] = known[banks]

    @property
    def false_warnings(self) -> float:
        """The share of images like the training images that is warned of at most: of all detectors at once."""
        return min(one.rate for one in self.unfamiliar.values())

    def stacked(self, pictures: list[Picture]) -> np.ndarray:
        """Returns the pixels of those pictures that have some, uint8 `(n, h, w, c)`."""
        good = [picture.pixels for picture in pictures if picture.pixels is not None]
        return np.stack(good) if good else np.zeros((0, *self.shape), np.uint8)

    def scores(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Returns each detector's scores of images, float64 `(n,)`, in blocks as pictures have them."""
        size = block_size(self.shape)
        blocks = [images[start : start + size] for start in range(0, len(images), size)]
        return {one.id: np.concatenate([self._both(one, block)[0] for block in blocks]) for one in self.trained}

    def rows(self, pictures: list[Picture]) -> Iterator[dict[str, Any]]:
        """Yields a row for each picture, those without pixels too."""
        good = [picture for picture in pictures if picture.pixels is not None]
        values = iter(self._values(good) if good else ())
        for picture in pictures:
            row = {"path": picture.path, "source": picture.source, "note": "; ".join(picture.notes)}
            row |= {"marks": picture.marks, "error": picture.error}
            yield row | (self._nothing() if picture.pixels is None else next(values))

    def _nothing(self) -> dict[str, Any]:
        row: dict[str, Any] = {"unlike": np.nan, "warning": ""}
        for one in self.trained:
            row |= {f"score: {one.id}": np.nan, f"probability: {one.id}": np.nan, f"strange: {one.id}": False}
        return row

    def _values(self, pictures: list[Picture]) -> Iterator[dict[str, Any]]:
        images = self.stacked(pictures)
        off = self.off_grid[images].any(axis=(1, 2, 3))
        columns: dict[str, np.ndarray] = {}
        measured = {id(one): one.score(images) for one in self.unfamiliar.values()}
        for one in self.trained:
            scores, probabilities = self._both(one, images)
            if self.maps is not None:
                self.maps.write([picture.path for picture in pictures], images, scores)
            columns |= {f"score: {one.id}": scores, f"probability: {one.id}": probabilities}
            columns[f"strange: {one.id}"] = (measured[id(self.unfamiliar[one.id])] > 1) | off
        unlike = np.min(list(measured.values()), axis=0)  # of several, the one whose training images it is nearest to
        for i, picture in enumerate(pictures):
            warnings = [f"unlike the training images ({unlike[i]:.1f})"] if unlike[i] > 1 else []
            warnings += ["grey levels that the reals do not have"] if off[i] else []
            warnings += ["reduced: evidence in high frequencies is lost"] if picture.resampled else []
            row = {name: values[i].item() for name, values in columns.items()}
            yield row | {"unlike": float(unlike[i]), "warning": "; ".join(warnings)}

    def _both(self, one: TrainedDetector, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with blamed(f"Detector '{one.id}' failed"):
            scores, probabilities = one.detector.both(images)
        return scores, np.full(len(images), np.nan) if probabilities is None else probabilities


def _unfamiliar(trained: TrainedDetector) -> Unfamiliar:
    seen, held = trained.seen("detector-train"), trained.seen("detector-validation")
    return Unfamiliar().fit(seen.images, seen.is_fake, validation=(held.images, held.is_fake), units=held.units)
