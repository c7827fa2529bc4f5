"""How much better sets of images of one source are told apart than single images: `answers/sets.csv`.

A set has the mean of its images' scores. A detector's probabilities are a straight line of its scores on the logit
scale, the same for every image, so the mean of calibrated logits orders sets as the mean of scores does, and so does
their sum, the log likelihood ratio of a set of independent images. How sets are drawn: `benchmark.statistics.pooled`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from benchmark.results.answers import ONE_RUN, Known
from benchmark.statistics.cells.rates import Row
from benchmark.statistics.cells.smallest import cannot_tell
from benchmark.statistics.columns import configuration
from benchmark.statistics.pooled import SURE, Grid, Pool, smallest

COLUMNS = [
    "ledger_seed", "scope", "generator", "generator_seed", "detector", "measure", "m", "value", "low", "high", "runs",
    "note",
]  # fmt: skip
MEASURES = ("auc", "fpr", "tpr")
NEEDED = "images_for_99"
TARGET = 0.99
Measured = Callable[[int], Row]


class Sets:
    """The sets of one cell.

    Args:
        validation: Its validation images.
        test: Its test images.
        single: Of `MEASURES` -> value, ends and note, of single images.
    """

    def __init__(self, validation: pd.DataFrame, test: pd.DataFrame, single: dict[str, Row]) -> None:
        score, is_fake, unit = _columns(validation)
        grid = Grid.of(score, is_fake)
        self.validation, self.test = Pool(score, is_fake, unit, grid), Pool(*_columns(test), grid)
        self.single = single
        self.measured = lru_cache(maxsize=None)(self._measured)

    @cached_property
    def why(self) -> str:
        """Why nothing is said of its sets; empty where something is."""
        return cannot_tell("auc", self.test.clusters, self.test.is_fake)

    def _measured(self, measure: str, m: int) -> Row:
        if m == 1:
            return self.single[measure]
        if m > self.test.most:
            units = "" if self.test.clusters.trivial else " of different units"
            note = f"cannot tell: sets of {m} images, of a source with {self.test.most}{units}"
            return np.nan, np.nan, np.nan, note
        found = self.test.auc(m) if measure == "auc" else self.test.rate(m, self._cut(m), measure == "tpr")
        return (found[0], np.nan, np.nan, self.why) if self.why else found

    def probit(self, measure: str, m: int) -> tuple[float, float, float]:
        """Returns the probit of a measure and of its ends; of a rate as far as it is from 0 and 1."""
        if measure == "auc":
            return self.test.probit(m)
        value, low, high = special.ndtri(np.clip(self.measured(measure, m)[:3], SURE, 1 - SURE)).tolist()
        return value, low, high

    def _cut(self, m: int) -> float:
        return self.validation.cut(m)


def table(known: Known) -> pd.DataFrame:
    """Returns AUC, rates and the images needed of each detector on each training run, and over the runs.

    Of the usual cells of generators that are no controls, those of the first detector seed; the sentinel of formats is
    left out.
    """
    sizes = sorted({1, *known.options("sets").sizes})
    rows: list[dict[str, Any]] = []
    for (ledger, generator, detector), cells in usual(known).groupby(
        ["ledger_seed", "generator", "detector"], sort=False
    ):
        about = {"ledger_seed": ledger, "generator": generator, "detector": detector}
        runs = sets_of(known, cells)
        for seed, one in zip(cells["generator_seed"], runs, strict=True):
            rows += _rows([one], sizes, about | {"scope": "cell", "generator_seed": seed})
        rows += _rows(distinct(runs), sizes, about | {"scope": "configuration"})
    return pd.DataFrame(rows, columns=COLUMNS)


def usual(known: Known) -> pd.DataFrame:
    """Returns the finished cells of the main table that sets are made of."""
    watching = [row.id for row in known.plan.detectors if row.plugin.attribute("sentinel") == "format"]
    cells = known.cells
    own = (cells["table"] == "own") & (cells["purpose"] == "main") & (cells["status"] == "done")
    cells = cells[own & ~cells["detector"].isin(watching)]
    return cells[cells["detector_seed"] == cells["detector_seed"].min()]


def sets_of(known: Known, cells: pd.DataFrame) -> list[Sets]:
    """Returns the sets of cells."""
    numbers = {measure: known.by_metric.get(measure, {}) for measure in MEASURES}
    return [
        Sets(known.validation[cell], known.tested[cell], {name: of[cell] for name, of in numbers.items() if cell in of})
        for cell in cells["cell"]
    ]


def distinct(runs: Sequence[Sets]) -> list[Sets]:
    """Returns the training runs without those whose images have the scores of an earlier one: they are its images."""
    return list({one.test.scores.tobytes(): one for one in reversed(runs)}.values())[::-1]


def mean(runs: Sequence[Sets], measure: str) -> Measured:
    """Returns what gives the mean over training runs, by the number of images, with its interval.

    Of a single run it is that run's, whose interval is of other test images. Runs scatter, and their intervals add to
    that, on the probit scale: on it the AUC of sets grows with the root of the number of images in every run.
    """

    def of(m: int) -> Row:
        found = [one.measured(measure, m) for one in runs]
        if len(found) == 1:
            return found[0]
        value = float(np.mean([row[0] for row in found]))
        why = next((note for *_, note in found if note.startswith("cannot tell")), "")
        if why:
            return value, np.nan, np.nan, why
        centre, low, high = configuration.mean_interval(*np.array([one.probit(measure, m) for one in runs]).T)
        at = float(special.ndtri(value)) if SURE < value < 1 - SURE else centre
        ends = float(special.ndtr(at + low - centre)), float(special.ndtr(at + high - centre))
        return value, min(ends[0], value), max(ends[1], value), f"mean of {len(runs)} training runs"

    return lru_cache(maxsize=None)(of)


def needed(auc: Measured, most: int, target: float = TARGET) -> Row:
    """Returns how many images a set needs for an AUC, with bounds: the numbers at which its interval's ends have it.

    A value or an end that `most` images do not reach is missing.
    """

    def first(at: int) -> float:
        found = smallest(lambda m: float(auc(m)[at]) >= target, most)
        return np.nan if found is None else float(found)

    value, low, high = first(0), first(2), first(1)
    said = f"not reached with {most} images" if np.isnan(value) else "already with one image" if value == 1 else ""
    if np.isnan(auc(most)[0]):
        said = auc(most)[3]
    elif np.isnan(high) and not np.isnan(value):
        said = f"{said}; " * bool(said) + f"may need more than {most}"
    return value, low, high, said


def _rows(runs: Sequence[Sets], sizes: Sequence[int], about: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    more = ONE_RUN if about["scope"] == "configuration" and len(runs) == 1 else ""
    found = [(name, m, mean(runs, name)(m)) for name in MEASURES for m in sizes]
    most = min(max(sizes), *(one.test.most for one in runs))
    for name, m, (value, low, high, note) in [*found, (NEEDED, most, needed(mean(runs, "auc"), most))]:
        said = "; ".join(filter(None, [note, more]))
        ends = {"value": value, "low": low, "high": high}
        rows.append(about | {"measure": name, "m": m, "runs": len(runs), **ends, "note": said})
    return rows


def _columns(part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return part["score"].to_numpy(float), part["is_fake"].to_numpy(bool), part["unit"].to_numpy()
