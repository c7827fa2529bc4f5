"""Which detectors are separable, and what two configurations that share their real test images differ by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmark.statistics import intervals
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.configuration import compare_configurations, configuration_interval
from benchmark.statistics.delong import Components, components, covariance, degrees_of_freedom
from benchmark.statistics.ranking import Ranking
from benchmark.statistics.shared import Measured, Run, check

__all__ = [
    "Difference",
    "compare_configurations",
    "configuration_interval",
    "holm",
    "paired",
    "separable_from_best",
    "shared_reals",
]


@dataclass(frozen=True)
class Difference:
    """A difference of two AUCs, first minus second, with its interval and two-sided p-value."""

    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class _Tested:
    """A detector on its test images: AUC, its components and interval, and the images on the wrong side."""

    part: Components
    low: float
    high: float
    wrong: np.ndarray
    few: bool


def holm(p_values: Any) -> np.ndarray:
    """Returns Holm's adjusted p-values (Scand. J. Stat. 1979), `(k,)`; NaN stays NaN and does not count.

    Example:
        >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.shape, np.nan)
    order = np.flatnonzero(~np.isnan(p))
    order = order[np.argsort(p[order], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def paired(first: Any, second: Any, is_fake: Any, *, groups: Any = None, level: float = 0.95) -> Difference:
    """Returns the difference of the AUCs of two detectors on the same images.

    DeLong's paired test. Where one of them has fewer than `intervals.FEW` images on the wrong side of its
    best cut, that variance rests on too little: the p-value is then at least that of the exact McNemar test
    between the images that only the one and only the other has on the wrong side, and the interval is put
    together from the two single ones (Newcombe, Statistics in Medicine 1998). Two perfect detectors have p =
    1.

    Args:
        first: float `(n,)`, scores.
        second: float `(n,)`, scores of the same images.
        is_fake: bool `(n,)`.
        groups: `(n,)` as in `metrics.measure`. Defaults to `None`.
        level: Of the interval. Defaults to `0.95`.

    Example:
        >>> is_fake = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> found = paired([1, 2, 3, 4, 5, 6, 7, 8], [1, 5, 2, 6, 3, 7, 4, 8], is_fake)
        >>> found.difference, found.p  # eight images do not tell 1 from 0.75
        (0.25, 0.5)
    """
    labels = np.asarray(is_fake).astype(bool)
    clusters = Clusters.of(groups, labels)
    one, other = (_measured(Ranking.of(scores, labels), labels, clusters, level) for scores in (first, second))
    return _paired(one, other, labels, clusters, level)


def separable_from_best(
    scores: Mapping[str, Any], is_fake: Any, *, groups: Any = None, level: float = 0.95
) -> pd.DataFrame:
    """Returns for each detector whether the images tell it from the best one.

    The best is chosen on the same images, so every pair counts in Holm's correction, not only those with the
    best.

    Args:
        scores: From detector to float `(n,)`, all of the same images.
        is_fake: bool `(n,)`.
        groups: `(n,)` as in `metrics.measure`. Defaults to `None`.
        level: Of the intervals, which are not adjusted, and of `separable`, which is. Defaults to `0.95`.

    Returns:
        A frame with columns detector, best, difference (best minus detector), low, high, p, p_holm,
        separable. The row of the best has difference 0 and no p-value.

    Example:
        >>> scores = {"cnn": [1, 2, 3, 4, 5, 6, 7, 8], "linear-pixel": [1, 5, 2, 6, 3, 7, 4, 8]}
        >>> table = separable_from_best(scores, [0, 0, 0, 0, 1, 1, 1, 1])
        >>> table[["detector", "best", "difference", "separable"]].values.tolist()
        [['cnn', 'cnn', 0.0, False], ['linear-pixel', 'cnn', 0.25, False]]
    """
    labels = np.asarray(is_fake).astype(bool)
    clusters = Clusters.of(groups, labels)
    names = list(scores)
    measured = {name: _measured(Ranking.of(scores[name], labels), labels, clusters, level) for name in names}
    best = max(names, key=lambda name: measured[name].part.auc)
    pairs = list(combinations(names, 2))
    results = [_paired(measured[a], measured[b], labels, clusters, level) for a, b in pairs]
    adjusted = dict(zip(pairs, holm([result.p for result in results]), strict=True))
    rows: list[tuple[Any, ...]] = []
    for name in names:
        if name == best:
            rows.append((name, best, 0.0, np.nan, np.nan, np.nan, np.nan, False))
            continue
        result = _paired(measured[best], measured[name], labels, clusters, level)
        p_holm = adjusted[(best, name)] if (best, name) in adjusted else adjusted[(name, best)]
        separable = bool(p_holm < 1 - level)
        rows.append((name, best, result.difference, result.low, result.high, result.p, p_holm, separable))
    columns = ["detector", "best", "difference", "low", "high", "p", "p_holm", "separable"]
    return pd.DataFrame(rows, columns=columns)


def shared_reals(first: Run, second: Run, *, level: float = 0.95) -> Difference:
    """Returns the difference of two AUCs with the same real test images and different fakes.

    The reals' structural components are paired, the fakes' are not. Where one of the two has few images on
    the wrong side of its best cut, the p-value is at least that of Fisher's exact test of these numbers
    (conservative, since the reals are the same), and the interval is put together from the two single ones. With units,
    both are of units instead of images; those that hold a real image are paired.

    Args:
        first: (scores, is_fake) or (scores, is_fake, units), float, bool and as `groups` of `metrics.measure`, `(n,)`;
            the reals in the same order in both.
        second: Likewise.
        level: Of the interval. Defaults to `0.95`.

    Example:
        >>> is_fake = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> found = shared_reals(([1, 2, 3, 4, 5, 6, 7, 8], is_fake), ([1, 2, 3, 4, 1, 2, 3, 4], is_fake))
        >>> found.difference, round(found.p, 3)
        (0.5, 0.077)
    """
    runs = [Measured.of([run]) for run in (first, second)]
    check(runs)
    one, other = (
        _measured(Ranking.of(*given[:2]), run.labels, run.clusters, level)
        for given, run in zip((first, second), runs, strict=True)
    )
    influences = (runs[0].own, runs[1].own, runs[0].shared - runs[1].shared)
    variance = sum(float((each**2).sum()) * len(each) / max(len(each) - 1, 1) for each in influences)
    exact = 0.0
    if one.few or other.few:
        touched = [run.clusters.touched(side.wrong) for run, side in zip(runs, (one, other), strict=True)]
        table = [[count, run.clusters.count - count] for run, count in zip(runs, touched, strict=True)]
        exact = float(stats.fisher_exact(table)[1])
    return _difference(one, other, variance, exact, level)


def _measured(ranking: Ranking, labels: np.ndarray, clusters: Clusters, level: float) -> _Tested:
    part = components(ranking)
    groups = (None, None) if clusters.trivial else (clusters.index[labels], clusters.index[~labels])
    sides = covariance([part], *groups)
    wrong = ranking.wrong_at_cut(reverse=part.auc < 0.5)
    number = clusters.touched(wrong)
    low, high = intervals.auc_interval(
        part.auc,
        sides[0][0, 0] + sides[1][0, 0],
        clusters.pairs(labels),
        number,
        df=degrees_of_freedom(part, *groups),
        level=level,
    )
    return _Tested(part, float(low), float(high), ranking.wrong_at_cut(), number < intervals.FEW)


def _paired(one: _Tested, other: _Tested, labels: np.ndarray, clusters: Clusters, level: float) -> Difference:
    gap = Components(
        one.part.auc - other.part.auc, one.part.fakes - other.part.fakes, one.part.reals - other.part.reals
    )
    groups = (None, None) if clusters.trivial else (clusters.index[labels], clusters.index[~labels])
    sides = covariance([gap], *groups)
    exact = _mcnemar(one.wrong, other.wrong, clusters) if one.few or other.few else 0.0
    return _difference(one, other, float(sides[0][0, 0] + sides[1][0, 0]), exact, level)


def _mcnemar(one: np.ndarray, other: np.ndarray, clusters: Clusters) -> float:
    net = np.bincount(clusters.index, weights=one.astype(float) - other.astype(float), minlength=clusters.count)
    only_one, only_other = int((net > 0).sum()), int((net < 0).sum())
    if only_one + only_other == 0:
        return 1.0
    return float(stats.binomtest(only_one, only_one + only_other).pvalue)


def _difference(one: _Tested, other: _Tested, variance: float, exact: float, level: float) -> Difference:
    """Returns the difference; `exact` is a lower bound of p where either has few mistakes, else 0."""
    gap = one.part.auc - other.part.auc
    error = float(np.sqrt(max(variance, 0.0)))
    asymptotic = float(2 * stats.norm.sf(abs(gap) / error)) if error > 0 else 0.0
    p = 1.0 if gap == 0 else max(asymptotic, exact)
    quantile = float(stats.norm.ppf((1 + level) / 2))
    if not (one.few or other.few):
        return Difference(gap, max(gap - quantile * error, -1.0), min(gap + quantile * error, 1.0), p)
    low = gap - np.hypot(one.part.auc - one.low, other.high - other.part.auc)
    high = gap + np.hypot(one.high - one.part.auc, other.part.auc - other.low)
    # the single intervals allow for mistakes that nobody made; where the exact test excludes equality, so
    # does this
    if p < 1 - level:
        bound = gap * (1 - quantile / stats.norm.isf(max(p, 1e-300) / 2))
        low, high = (max(low, bound), high) if gap > 0 else (low, min(high, bound))
    else:
        low, high = min(low, 0.0), max(high, 0.0)
    return Difference(gap, float(max(low, -1.0)), float(min(high, 1.0)), p)
