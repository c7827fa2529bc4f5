"""Pictures of any origin, scored by a trained detector of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plugins.resolve import blamed
from benchmark.use import pool as pooling
from benchmark.use.heat_maps import HeatMaps, heat_maps
from benchmark.use.own_process import if_foreign
from benchmark.use.pictures_to_score import Fit, Found, Picture, as_the_source, find, read
from benchmark.use.stored_detector import TrainedDetector, only
from benchmark.use.stored_run import StoredRun, open_run, read_json
from detection.base import block_size
from detection.unfamiliar import Unfamiliar

COLUMNS = ["path", "source", "score", "probability", "verdict", "unlike", "warning", "note", "error"]
CAUTION = (
    "A verdict about a single image is no evidence: the detector answers a research question about the generators of "
    "its run, and was tested on nothing else."
)


@dataclass(frozen=True)
class Detection:
    """What a detector says of pictures.

    Attributes:
        about: The run, the detector and its threshold, how pictures were fitted, and what to know, as JSON values.
        images: One row per picture, as `detect` says.
        sources: One row per source, if pictures were pooled, as `benchmark.use.pool.by_source` says.
        seconds: Of reading, scoring and looking for unlike pictures; loading the detector comes before.
    """

    about: dict[str, Any]
    images: pd.DataFrame
    sources: pd.DataFrame | None
    seconds: float

    @property
    def table(self) -> pd.DataFrame:
        """The sources if pictures were pooled, else the pictures."""
        return self.images if self.sources is None else self.sources

    @property
    def unreadable(self) -> pd.DataFrame:
        """The rows of `images` that have an error."""
        return self.images[self.images["error"] != ""]


def _name(opened: StoredRun, detector: str | None) -> str:
    return detector if detector is not None else only(opened)


@if_foreign("detectors", lambda opened, given: _name(opened, given.get("detector")))
def detect(
    run: str | Path | StoredRun,
    paths: Sequence[str | Path],
    *,
    detector: str | None = None,
    generator: str | None = None,
    training_seed: int | None = None,
    detector_seed: int | None = None,
    fit: Fit = "source",
    pool: bool = False,
    explain: str | Path | None = None,
    store: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Detection:
    """Scores pictures with a trained detector of a run, in blocks, so that memory stays bounded.

    Args:
        run: The run folder, or the run opened.
        paths: Files, folders and patterns, see `benchmark.use.pictures_to_score.find`.
        detector: The detector's id. Defaults to `None`, the only one that is no sentinel.
        generator: Whose fakes it was trained on, `"all"` for all together. Defaults to `None`: all together if there is
            such a training, else the only generator that is no control.
        training_seed: Of that generator's training. Defaults to `None`, the first.
        detector_seed: Of the detector's training. Defaults to `None`, the first.
        fit: What happens to a picture that has not the trained size. `"source"` does what the run's data set did with
            its files; `"resize"`, `"crop"` and `"exact"` are those of `benchmark.use.pictures_to_score.fit`. Defaults
            to `"source"`.
        pool: Whether each folder, and each animation, is scored as one source too. Defaults to `False`.
        explain: A new or empty folder for heat maps. Defaults to `None`, none are made.
        store: The run's store. Defaults to `None`, `.store` beside the run folder.
        progress: Called after each block with the pictures done and the seconds.

    Returns:
        A `Detection`. Its `images` has a row per picture: path, source, score (what the detector ranks by), probability
        (of being fake, where as many fakes as reals are expected; empty if the detector gives none), verdict ("fake" or
        "real" at the threshold that was chosen on validation images), unlike (above 1 for a picture unlike the training
        images, see `detection.unfamiliar`), warning, note, and error of one that cannot be read or has a wrong size.

    Raises:
        UserError: If there is no picture, or the run has no such detector, or its store no longer holds it.
    """
    opened = open_run(run, store)
    name = _name(opened, detector)
    how = as_the_source(fit, opened.manifest["spec"]["dataset"])
    found, left_out = find(paths, pool=pool)
    with opened.computing():
        trained = opened.trained_detector(name, generator=generator, training_seed=training_seed, seed=detector_seed)
        with heat_maps(explain, trained) as maps:
            scorer = _Scorer(trained, maps)
            started = time.perf_counter()
            rows: list[dict[str, Any]] = []
            for block in _blocks(_pictures(found, scorer.shape, how, pool), block_size(scorer.shape)):
                rows += scorer.rows(block)
                if progress is not None:
                    progress(len(rows), time.perf_counter() - started)
            seconds = time.perf_counter() - started
    images = pd.DataFrame(rows, columns=COLUMNS)
    sources = pooling.by_source(images, trained.threshold) if pool else None
    about = {
        "run": str(opened.folder), "name": opened.manifest["name"], "dataset": opened.manifest["dataset"]["name"],
        "smoke": opened.smoke, "detector": trained.about, "shape": list(scorer.shape), "fit": how,
        "false_warnings": scorer.unfamiliar.rate, "other_files": sum(left_out.counts.values()), "caution": CAUTION,
        "left_out": left_out.counts, "left_out_said": list(left_out.sentences),
    }  # fmt: skip
    return Detection(about, images, sources, seconds)


class _Scorer:
    """Scores blocks of pictures, and warns of those that are unlike the training images or have other grey levels."""

    def __init__(self, trained: TrainedDetector, maps: HeatMaps | None) -> None:
        self.trained, self.maps = trained, maps
        self.shape = trained.run.images.shape
        about = read_json(trained.run.prepared / "images" / "imageset.json", "Image set")
        self.off_grid = np.ones(256, bool)
        self.off_grid[about["value_grid"]] = False
        images, is_fake = trained.seen("detector-train")
        self.unfamiliar = Unfamiliar().fit(images, is_fake, validation=trained.seen("detector-validation"))

    def rows(self, pictures: list[Picture]) -> Iterator[dict[str, Any]]:
        """Yields a row for each picture, those without pixels too."""
        good = [picture for picture in pictures if picture.pixels is not None]
        values = iter(self._values(good) if good else ())
        for picture in pictures:
            row = {"path": picture.path, "source": picture.source, "note": "; ".join(picture.notes)}
            if picture.pixels is None:
                nothing = dict.fromkeys(("score", "probability", "unlike"), np.nan)
                yield row | nothing | {"verdict": "", "warning": "", "error": picture.error}
            else:
                yield row | next(values) | {"error": ""}

    def _values(self, pictures: list[Picture]) -> Iterator[dict[str, Any]]:
        images = np.stack([picture.pixels for picture in pictures if picture.pixels is not None])
        scores, probabilities = self._scores(images)
        unlike, strange = self.unfamiliar.score(images), self.off_grid[images].any(axis=(1, 2, 3))
        if self.maps is not None:
            self.maps.write([picture.path for picture in pictures], images, scores)
        for i, picture in enumerate(pictures):
            warnings = [f"unlike the training images ({unlike[i]:.1f})"] if unlike[i] > 1 else []
            warnings += ["grey levels that the reals do not have"] if strange[i] else []
            warnings += ["reduced: evidence in high frequencies is lost"] if picture.resampled else []
            yield {
                "score": float(scores[i]), "probability": float(probabilities[i]),
                "verdict": "fake" if scores[i] >= self.trained.threshold else "real",
                "unlike": float(unlike[i]), "warning": "; ".join(warnings),
            }  # fmt: skip

    def _scores(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with blamed(f"Detector '{self.trained.id}' failed"):
            scores, probabilities = self.trained.detector.both(images)
        return scores, np.full(len(images), np.nan) if probabilities is None else probabilities


def _pictures(found: list[Found], shape: tuple[int, int, int], how: Fit, frames: bool) -> Iterator[Picture]:
    for one in found:
        yield from read(one, shape, how, frames=frames)


def _blocks(pictures: Iterable[Picture], size: int) -> Iterator[list[Picture]]:
    """Yields lists of at most `size` pictures that can be scored; unreadable ones come with them."""
    block: list[Picture] = []
    for picture in pictures:
        block.append(picture)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block
