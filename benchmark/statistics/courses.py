"""Two measures along one course, such as a training: whether they rise and fall together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy

from benchmark.statistics.columns.configuration import Interval

FEWEST = 6  # points of a course, and what they count as: nothing is said of fewer
RUNS = 3  # courses, from which on they are the replicates


def together(courses: Sequence[tuple[Any, Any]], *, level: float = 0.95) -> Interval:
    """Returns Spearman's rank correlation of two measures along courses, and its interval.

    Of three or more courses the mean, with a `t` interval over them on Fisher's scale: each is one replicate. Of fewer,
    that of each course by its points, averaged: points that follow each other are alike, so they count as
    `n (1 - ab) / (1 + ab)` where `a` and `b` are the two measures' correlations of ranks from one point to the next
    (Bartlett, JRSS 1935), and the interval is that of Bonett and Wright (Psychometrika 2000) for so many. Where they
    count as fewer than `FEWEST`, it cannot be told. Coverage: `tests/benchmark/statistics/test_courses.py`.

    Args:
        courses: Of each course both measures, float `(n,)`; points where one is NaN are left out.
        level: In (0, 1). Defaults to `0.95`.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=40)
        >>> found = together([(x, x + 0.5 * rng.normal(size=40))])
        >>> 0 < found.low < found.value < found.high < 1
        True
        >>> together([([1, 2, 3], [1, 2, 3])]).note
        'cannot tell: 3 points, of at least 6'
    """
    both = [_known(x, y) for x, y in courses]
    shortest = min((len(x) for x, _ in both), default=0)
    if shortest < FEWEST:
        return _untold(np.nan, f"{shortest} points, of at least {FEWEST}")
    if any(np.ptp(one) == 0 for pair in both for one in pair):
        return _untold(np.nan, "a measure is the same all along")
    values = np.array([scipy.stats.spearmanr(x, y).statistic for x, y in both])
    value, edge = float(values.mean()), 1 - 1 / shortest**2  # a course of n points says of none that it is perfect
    z = np.arctanh(np.clip(values, -edge, edge))
    if len(both) >= RUNS:
        half = float(scipy.stats.t.ppf((1 + level) / 2, len(z) - 1) * z.std(ddof=1) / np.sqrt(len(z)))
        least = float(np.mean([_error(len(x), rho) for (x, _), rho in zip(both, values, strict=True)])) / len(z) ** 0.5
        half = max(half, least)  # courses of few points agree by chance
        note = f"mean of {len(both)} training runs"
    else:
        counts = [_effective(x, y) for x, y in both]
        if min(counts) < FEWEST:
            alike = f"{shortest} points that follow each other count as {min(counts):.1f}, of at least {FEWEST}"
            return _untold(value, alike)
        errors = [_error(n, rho) for n, rho in zip(counts, values, strict=True)]
        half = float(scipy.special.ndtri((1 + level) / 2) * np.mean(errors))  # two courses may be of the same luck
        note = "one training run" if len(both) == 1 else f"mean of {len(both)} training runs, as of one"
    centre = float(z.mean())
    low, high = float(np.tanh(centre - half)), float(np.tanh(centre + half))
    return Interval(value, min(low, value), max(high, value), np.nan, note)


def _known(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    there = ~np.isnan(x) & ~np.isnan(y)
    return x[there], y[there]


def _effective(x: np.ndarray, y: np.ndarray) -> float:
    """Returns how many points that are independent say as much."""
    product = _next(x) * _next(y)
    return len(x) * (1 - product) / (1 + product)


def _next(values: np.ndarray) -> float:
    """Returns the correlation of ranks from one point to the next, in [0, 1), without the bias of short courses."""
    ranks = scipy.stats.rankdata(values)
    ranks = ranks - ranks.mean()
    n, found = len(ranks), float((ranks[1:] * ranks[:-1]).sum() / (ranks**2).sum())
    return float(np.clip(found + (1 + 3 * found) / n, 0.0, 0.99))


def _error(n: float, rho: float) -> float:
    return float(np.sqrt((1 + rho**2 / 2) / (n - 3)))


def _untold(value: float, why: str) -> Interval:
    return Interval(value, np.nan, np.nan, np.nan, f"cannot tell: {why}")
