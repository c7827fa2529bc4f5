"""Configurations that a detector has not learned from: which is the hardest, and which detector carries best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmark.statistics.columns.column import Column, Difference, of_detectors
from benchmark.statistics.columns.configuration import mean_interval
from benchmark.statistics.columns.shared import Run
from benchmark.statistics.delong import components
from benchmark.statistics.ranking import Ranking


class Found(NamedTuple):
    """A value, its interval, and the p-value of equality where something is compared (else NaN)."""

    value: float
    low: float
    high: float
    p: float = np.nan


def above_hardest(column: Column) -> list[Found]:
    """Returns of each member of a column how much higher its AUC is than the lowest one.

    The lowest is chosen on the same images, so the p-values are adjusted for all pairs (`family.step_down`); the
    intervals are each by itself.

    Example:
        >>> from benchmark.statistics.columns.column_of_runs import of_runs
        >>> is_fake = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> runs = {"a": [([1, 2, 3, 4, 5, 6, 7, 8], is_fake)], "b": [([1, 2, 3, 4, 1, 2, 3, 4], is_fake)]}
        >>> [found.value for found in above_hardest(of_runs(runs))]
        [0.5, 0.0]
    """
    hardest = int(np.argmin(column.values))
    low, high = column.bounds()
    rows = [
        Found(*(float(table[at, hardest]) for table in (column.gap, low, high, column.p_adjusted)))
        for at in range(len(column.names))
    ]
    rows[hardest] = Found(0.0, np.nan, np.nan)
    return rows


def mean(column: Column) -> Found:
    """Returns the mean AUC over the members of a column, which are all that it speaks of.

    Its ends are the means of their ends: the spread of a mean is at most the mean of the spreads, however the members
    hang together. So it is conservative, and holds where all are told apart perfectly.

    Example:
        >>> column = of_detectors({"a": [1, 2, 3, 4, 5, 6, 7, 8]}, [0, 0, 0, 0, 1, 1, 1, 1])
        >>> found = mean(column)
        >>> found.value, round(found.low, 3), found.high
        (1.0, 0.473, 1.0)
    """
    low, high = column.interval(0.95)
    return Found(float(column.values.mean()), float(low.mean()), float(high.mean()))


def behind_best(
    detectors: Mapping[str, Mapping[str, Sequence[Sequence[Run]]]], *, level: float = 0.95
) -> dict[str, Found]:
    """Returns by how much each detector's mean AUC over some exams is lower than the best one's.

    Paired on the same images: of each exam DeLong's difference, over training runs the mean with its interval
    (`mean_interval`), over exams the mean of values and of ends, which is conservative. The best is chosen on the same
    images, so that the level is divided by the number of all pairs (Bonferroni), and an interval without 0 tells a
    detector from the best.

    Args:
        detectors: From detector to exam to its training runs, each with one (scores, is_fake, units) for each training
            of the detector; the same exams, runs and trainings for all.
        level: Of all intervals together, in (0, 1). Defaults to `0.95`.

    Returns:
        Best minus detector; 0 without an interval for the best.

    Example:
        >>> is_fake = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> scores = {"a": [1, 2, 3, 4, 5, 6, 7, 8], "b": [1, 5, 2, 6, 3, 7, 4, 8]}
        >>> found = behind_best({name: {"exam": [[(given, is_fake)]]} for name, given in scores.items()})
        >>> found["b"].value, found["a"].value
        (0.25, 0.0)
    """
    values = {name: float(np.mean([_auc(runs) for runs in exams.values()])) for name, exams in detectors.items()}
    best = max(values, key=lambda name: values[name])
    pairs = max(len(values) * (len(values) - 1) // 2, 1)
    found = {}
    for name, exams in detectors.items():
        gaps = [_gap(detectors[best][exam], runs, 1 - (1 - level) / pairs) for exam, runs in exams.items()]
        found[name] = Found(*np.mean(gaps, axis=0).tolist()) if name != best else Found(0.0, np.nan, np.nan)
    return found


def _auc(runs: Sequence[Sequence[Run]]) -> float:
    """Returns the mean AUC over training runs, each with its trainings of the detector."""
    return float(np.mean([np.mean([components(Ranking.of(*one[:2])).auc for one in run]) for run in runs]))


def _gap(first: Sequence[Sequence[Run]], second: Sequence[Sequence[Run]], level: float) -> tuple[float, float, float]:
    """Returns what two detectors differ by on one exam, first minus second, over its training runs."""
    each = []
    for one, other in zip(first, second, strict=True):
        found = [_paired(*both, level) for both in zip(one, other, strict=True)]
        each.append(np.mean([(pair.difference, pair.low, pair.high) for pair in found], axis=0))
    values, low, high = np.transpose(each)
    if len(each) == 1:
        return float(values[0]), float(low[0]), float(high[0])
    return mean_interval(values, low, high, level=level)


def _paired(one: Run, other: Run, level: float) -> Difference:
    """Returns the paired difference of two detectors' scores of the same images."""
    units = one[2] if len(one) > 2 else None
    return of_detectors({"first": one[0], "second": other[0]}, one[1], groups=units).difference(0, 1, level)
