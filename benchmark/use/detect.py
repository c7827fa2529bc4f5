"""Pictures of any origin, scored by a trained detector of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.use import pool as pooling
from benchmark.use.heat_maps import heat_maps
from benchmark.use.own_process import if_foreign
from benchmark.use.pictures_to_score import Fit, Found, Picture, as_the_source, find, read
from benchmark.use.stored_run import StoredRun, open_run
from benchmark.use.verdicts import asked, band, joined, own_reals
from benchmark.use.verdicts.scorer import Scorer
from data.errors import UserError
from detection.base import block_size

OWN = ["score", "probability"]  # columns of each detector
CAUTION = (
    "A verdict about a single image is no evidence: a detector answers a research question about the generators of its "
    "run, and was tested on nothing else. 'not like them' does not say that an image is real."
)
RESTS = (
    "These rates hold for images like the validation images: pictures of another kind may score in any way. --reals "
    "sets the limit on real images of your own."
)


@dataclass(frozen=True)
class Detection:
    """What one or several detectors say of pictures.

    Attributes:
        about: The run, the detectors with their limits and what those did on test images, how pictures were fitted,
            what the user's own reals were, and what to know, as JSON values.
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


@if_foreign("detectors", lambda opened, given: asked.named(opened, given.get("detector"), given.get("generator")))
def detect(
    run: str | Path | StoredRun,
    paths: Sequence[str | Path],
    *,
    detector: str | Sequence[str] | None = None,
    generator: str | None = None,
    training_seed: int | None = None,
    detector_seed: int | None = None,
    reals: str | Path | None = None,
    fpr: float | None = None,
    fit: Fit = "source",
    pool: bool = False,
    explain: str | Path | None = None,
    store: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Detection:
    """Scores pictures with trained detectors of a run, in blocks, so that memory stays bounded.

    Args:
        run: The run folder, or the run opened.
        paths: Files, folders and patterns, see `benchmark.use.pictures_to_score.find`.
        detector: The detector's id, several ids, or `"all"`. Defaults to `None`, the only one that is no sentinel.
        generator: Whose fakes it was trained on, `"all"` for all together. Defaults to `None`: all together if there is
            such a training, else the only generator that is no control.
        training_seed: Of that generator's training. Defaults to `None`, the first.
        detector_seed: Of the detector's training. Defaults to `None`, the first.
        reals: A folder of the user's own real images, on which the limit of "like the fakes" is set. Those that are
            near copies of a scored picture, or of one that the detector learned from, are left out. Defaults to `None`:
            the limit is that of the validation reals.
        fpr: The share of images like `reals` that may be called like the fakes, by any of the detectors. Defaults to
            `None`, 0.05 with `reals`.
        fit: What happens to a picture that has not the trained size. `"source"` does what the run's data set did with
            its files; `"resize"`, `"crop"` and `"exact"` are those of `benchmark.use.pictures_to_score.fit`. Defaults
            to `"source"`.
        pool: Whether each folder, and each animation, is scored as one source too. Defaults to `False`.
        explain: A new or empty folder for heat maps, of one detector. Defaults to `None`, none are made.
        store: The run's store. Defaults to `None`, `.store` beside the run folder.
        progress: Called after each block with the pictures done and the seconds.

    Returns:
        A `Detection`. Its `images` has a row per picture: path, source, verdict (`"like the fakes of NAME"`, `"not like
        them"` or `"undecided"`, see `benchmark.use.verdicts.band`), why (it is undecided), score (what the detector
        ranks by), probability (of being fake, where as many fakes as reals are expected; empty if the detector gives
        none, or the picture is unlike the training images), unlike (above 1 for a picture unlike the training images,
        see `detection.unfamiliar`), warning, marks (what the file says of how it was made, see `data.reading.marks`),
        note, and error of one that cannot be read or has a wrong size. Of several detectors `verdict` is joined by the
        rule in `about`, `called_by` names those that call a picture like the fakes, and each has columns of its own,
        such as `score: cnn`.

    Raises:
        UserError: If there is no picture, or the run has no such detector, or its store no longer holds it, or `fpr`
            cannot be set by `reals`.
    """
    rate = own_reals.check(reals, fpr)
    opened = open_run(run, store)
    names = asked.named(opened, detector, generator)
    if explain is not None and len(names) > 1:
        raise UserError(f"--explain takes one detector. Received: {', '.join(names)}.")
    how = as_the_source(fit, opened.manifest["spec"]["dataset"])
    found, left_out = find(paths, pool=pool)
    with opened.computing(), ExitStack() as stack:
        wanted = {"generator": generator, "training_seed": training_seed, "seed": detector_seed}
        trained = [opened.trained_detector(name, **wanted) for name in names]
        maps = stack.enter_context(heat_maps(explain, trained[0]))
        scorer = Scorer(trained, maps)
        own = _own_reals(opened, scorer, reals, how, pool)
        bands = {one.id: band.from_validation(one, len(trained)) for one in trained}
        started = time.perf_counter()
        rows: list[dict[str, Any]] = []
        for block in _blocks(_pictures(found, scorer.shape, how, pool), block_size(scorer.shape)):
            rows += scorer.rows(block)
            if own is not None:
                own.compare_later(scorer.stacked(block))
            if progress is not None:
                progress(len(rows), time.perf_counter() - started)
        if own is not None and rate is not None:
            scores = scorer.scores(own.images)
            for name in names:
                limit = own.limit(scores[name], rate, len(names))
                bands[name] = replace(bands[name], reals=limit, own=True)
        seconds = time.perf_counter() - started
    table = pd.DataFrame(rows)
    sources = _sources(table, bands) if pool else None
    reduced = int(table["warning"].str.contains("reduced:").sum())
    said = [] if own is None else list(own.said(int((table["error"] == "").sum()), reduced))
    about = {
        "run": str(opened.folder), "name": opened.manifest["name"], "dataset": opened.manifest["dataset"]["name"],
        "smoke": opened.smoke, "shape": list(scorer.shape), "fit": how,
        "detectors": [
            one.about | {"limits": band.about(bands[one.id]), "tested": band.tested(one, bands[one.id])}
            for one in trained
        ],
        "rule": joined.rule(len(names), rate), "risk": band.RISK,
        "reals": None if own is None or rate is None else own.about(rate) | {"said": said},
        "false_warnings": scorer.false_warnings, "other_files": sum(left_out.counts.values()), "caution": CAUTION,
        "rests": RESTS if own is None else "", "left_out": left_out.counts, "left_out_said": list(left_out.sentences),
    }  # fmt: skip
    return Detection(about, _images(table, bands), sources, seconds)


def _own_reals(
    opened: StoredRun, scorer: Scorer, reals: str | Path | None, how: Fit, pool: bool
) -> own_reals.OwnReals | None:
    """Returns the user's reals, compared with the real images that the detectors learned from or were tuned on."""
    if reals is None:
        return None
    alike = opened.images.groups is not None
    own = own_reals.OwnReals(reals, scorer.shape, how, pool=pool, alike=alike)
    for part in ("detector-train", "detector-validation"):
        own.compare(opened.images.images[opened.ledger.parts[part]], own_reals.TRAINING)
    return own


def _images(table: pd.DataFrame, bands: dict[str, band.Band]) -> pd.DataFrame:
    strange = {name: table[f"strange: {name}"].to_numpy(bool) for name in bands}
    table = joined.judged(table, bands, strange)
    more, renamed = joined.columns(bands, OWN)
    names = ["path", "source", "verdict", "why", *more, "unlike", "warning", "marks", "note", "error"]
    return table[names].rename(columns=renamed)


def _sources(table: pd.DataFrame, bands: dict[str, band.Band]) -> pd.DataFrame:
    pooled = pooling.by_source(table, bands)
    strange = {name: pooled[f"strange: {name}"].to_numpy(bool) for name in bands}
    pooled = joined.judged(pooled, bands, strange)
    more, renamed = joined.columns(bands, pooling.OWN)
    names = ["source", "frames", "verdict", "why", *more, "frames_unlike", "warning", "marks", "error"]
    return pooled[names].rename(columns=renamed)


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
