"""Generators that one detector judges: the column of their AUCs, which share the real test images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import scipy

from benchmark.statistics import intervals
from benchmark.statistics.columns.column import Bounds, Column
from benchmark.statistics.columns.configuration import configuration_interval
from benchmark.statistics.columns.shared import Measured, Run, check, trainings
from benchmark.statistics.delong import satterthwaite, variance_of_mean
from benchmark.statistics.ranking import Ranking


class _Side(NamedTuple):
    """What one generator adds: the variance that is its own with its degrees of freedom, and the shared influences."""

    auc: float
    own: float
    df: float
    shared: np.ndarray  # (runs, k)
    wrong: int  # units on the wrong side of the best cut, in the first run
    mistakes: int  # the same, whichever way up the cut is
    few: bool  # whether in all runs these are few, whichever way up the cut is
    units: int


def of_runs(generators: Mapping[str, Sequence[Run | Sequence[Run]]]) -> Column:
    """Returns the column of generators that one detector judges on the same real test images.

    A generator with several training runs stands for its configuration: what differs between runs is the variance of
    their mean, with one degree of freedom less than runs (`configuration.compare_configurations`). One with a single
    run stands for that run: its fakes are the variance. The reals' part is paired in both. With few images on the wrong
    side of the best cut, the p-value is at least that of Fisher's exact test of these numbers, of the first runs
    (conservative, since the reals are the same).

    Args:
        generators: From the generator to its runs, as in `configuration.configuration_interval`.

    Raises:
        ValueError: If the reals or their units are not the same.

    Example:
        >>> is_fake = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> runs = {"a": [([1, 2, 3, 4, 5, 6, 7, 8], is_fake)], "b": [([1, 2, 3, 4, 1, 2, 3, 4], is_fake)]}
        >>> column = of_runs(runs)
        >>> column.values.tolist(), round(float(column.p[0, 1]), 3)
        ([1.0, 0.5], 0.077)
    """
    measured = {name: [Measured.of(trainings(run)) for run in runs] for name, runs in generators.items()}
    check([run for runs in measured.values() for run in runs])
    sides = [_side(measured[name], [trainings(run)[0] for run in runs]) for name, runs in generators.items()]
    k, values = len(sides), np.array([side.auc for side in sides])
    few = np.array([side.few for side in sides])
    shared = np.array([[_shared(one, other, i == j) for j, other in enumerate(sides)] for i, one in enumerate(sides)])
    error, df, exact = np.zeros((k, k)), np.ones((k, k)), np.zeros((k, k))
    for i, j in combinations(range(k), 2):
        one, other = sides[i], sides[j]
        common = max(shared[i, i] + shared[j, j] - 2 * shared[i, j], 0.0)
        error[i, j] = error[j, i] = np.sqrt(max(one.own + other.own + common, 0.0))
        df[i, j] = df[j, i] = _degrees(one, other, common)
        if few[i] or few[j]:
            table = [[side.wrong, side.units - side.wrong] for side in (one, other)]
            exact[i, j] = exact[j, i] = float(scipy.stats.fisher_exact(table)[1])

    single = np.array([len(runs) == 1 for runs in measured.values()])
    alone = [_of_one_run(runs[0], side) for runs, side in zip(measured.values(), sides, strict=True) if len(runs) == 1]

    def interval(level: float) -> Bounds:
        low, high = np.zeros(k), np.zeros(k)
        if alone:
            auc, variance, pairs, wrong, degrees = np.array(alone).T
            low[single], high[single] = intervals.auc_interval(auc, variance, pairs, wrong, df=degrees, level=level)
        for at, runs in enumerate(measured.values()):
            if not single[at]:
                _, low[at], high[at], *_ = configuration_interval(runs, level=level)
        return low, high

    own = np.diag([side.own for side in sides])
    return Column(list(generators), values, shared + own, error, df, few, exact, interval)


def _side(runs: list[Measured], first: list[Run]) -> _Side:
    aucs = np.array([run.part.auc for run in runs])
    rankings = [Ranking.of(*given[:2]) for given in first]
    mistakes = [_wrong(run, ranking) for run, ranking in zip(runs, rankings, strict=True)]
    wrong = runs[0].clusters.touched(rankings[0].wrong_at_cut())
    shared = np.stack([run.shared for run in runs])
    if len(runs) > 1:
        own, df = float(aucs.var(ddof=1)) / len(aucs), float(len(aucs) - 1)
    else:
        own, df = _sum(runs[0].own)
    few = max(mistakes) < intervals.FEW
    return _Side(float(aucs.mean()), own, df, shared, wrong, mistakes[0], few, runs[0].clusters.count)


def _wrong(run: Measured, ranking: Ranking) -> int:
    return run.clusters.touched(ranking.wrong_at_cut(reverse=run.part.auc < 0.5))


def _sum(influence: np.ndarray) -> tuple[float, float]:
    """Returns the variance of a sum over units and its degrees of freedom."""
    n = len(influence)
    if n < 2:
        return 0.0, 1.0
    variance, df = variance_of_mean(influence[None] * n, centre=False)
    return float(variance[0]), float(df[0])


def _shared(one: _Side, other: _Side, same: bool) -> float:
    """Returns the covariance of two AUCs through the reals; of a mean's with itself, that of two different runs."""
    n = one.shared.shape[1]
    matrix = one.shared @ other.shared.T * (n / (n - 1) if n > 1 else 1.0)
    if not same or len(matrix) == 1:
        return float(matrix.mean())
    runs = len(matrix)
    return max(float((matrix.sum() - np.trace(matrix)) / (runs * (runs - 1))), 0.0)


def _degrees(one: _Side, other: _Side, common: float) -> float:
    """Returns Welch's degrees of freedom; those of the reals count where each is a single run."""
    parts = [(np.array([side.own]), np.array([side.df])) for side in (one, other)]
    if len(one.shared) == len(other.shared) == 1:
        _, df = _sum(one.shared[0] - other.shared[0])
        parts.append((np.array([common]), np.array([df])))
    elif one.own + other.own == 0:
        return max(one.df, other.df)
    return max(float(satterthwaite(*parts)[0]), 1.0)


def _of_one_run(run: Measured, side: _Side) -> tuple[float, ...]:
    """Returns what the interval of a single run's AUC takes: `intervals.auc_interval`."""
    own, shared = _sum(run.own), _sum(run.shared)
    df = satterthwaite(*[(np.array([variance]), np.array([degrees])) for variance, degrees in (own, shared)])
    return side.auc, own[0] + shared[0], run.pairs, side.mistakes, float(df[0])
