"""Several AUCs that belong together, and what every pair of them differs by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from benchmark.statistics import intervals
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.columns.family import step_down
from benchmark.statistics.delong import components, covariance, differences
from benchmark.statistics.ranking import Ranking

Bounds = tuple[np.ndarray, np.ndarray]


class Difference(NamedTuple):
    """A difference of two AUCs, first minus second, with its interval and two-sided p-value."""

    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Column:
    """AUCs of one column of a table: detectors on one exam, or generators that one detector judges.

    Attributes:
        names: Of the k members.
        values: `(k,)`, their AUCs.
        covariance: `(k, k)`, of the AUCs.
        error: `(k, k)`, standard errors of the differences.
        df: `(k, k)`, their degrees of freedom.
        few: bool `(k,)`, which members have fewer than `intervals.FEW` images on the wrong side of the best cut.
        exact: `(k, k)`, p-values that rest on counts of such images where a pair has such a member, else 0.
        interval: From a level to the intervals of the values, `(k,)` each.

    Example:
        >>> is_fake = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> column = of_detectors({"a": [1, 2, 3, 4, 5, 6, 7, 8], "b": [1, 5, 2, 6, 3, 7, 4, 8]}, is_fake)
        >>> column.difference(0, 1).difference, float(column.p[0, 1])  # eight images do not tell 1 from 0.75
        (0.25, 0.5)
    """

    names: Sequence[str]
    values: np.ndarray
    covariance: np.ndarray
    error: np.ndarray
    df: np.ndarray
    few: np.ndarray
    exact: np.ndarray
    interval: Callable[[float], Bounds]

    @cached_property
    def by_counts(self) -> np.ndarray:
        """bool `(k, k)`: whether a pair's p-value rests on counts, whose joint distribution is not known."""
        return self.few[:, None] | self.few[None, :]

    @cached_property
    def gap(self) -> np.ndarray:
        """`(k, k)`, row minus column."""
        return self.values[:, None] - self.values[None, :]

    @cached_property
    def p(self) -> np.ndarray:
        """`(k, k)`, two-sided p-values of equality: of a t test, and at least those of the counts."""
        with np.errstate(divide="ignore", invalid="ignore"):
            asymptotic = 2 * special.stdtr(self.df, -np.abs(self.gap) / self.error)
        asymptotic = np.where(self.error > 0, asymptotic, 0.0)
        return np.where(self.gap == 0, 1.0, np.maximum(asymptotic, self.exact))

    @cached_property
    def p_adjusted(self) -> np.ndarray:
        """`(k, k)`, the same adjusted for the number of pairs (`family.step_down`)."""
        k = len(self.names)
        result = np.ones((k, k))
        if k > 1:
            first, second = np.triu_indices(k, 1)
            contrasts = np.eye(k)[first] - np.eye(k)[second]
            p = step_down(self.p[first, second], self.covariance, contrasts, self.by_counts[first, second])
            result[first, second] = result[second, first] = p
        return result

    def only(self, chosen: np.ndarray) -> Column:
        """Returns the column of some members, bool `(k,)`."""
        at = np.flatnonzero(chosen)
        both = np.ix_(at, at)

        def interval(level: float) -> Bounds:
            low, high = self.interval(level)
            return low[at], high[at]

        return Column(
            [self.names[place] for place in at.tolist()],
            self.values[at],
            self.covariance[both],
            self.error[both],
            self.df[both],
            self.few[at],
            self.exact[both],
            interval,
        )

    def bounds(self, level: float = 0.95) -> Bounds:
        """Returns the intervals of all differences, row minus column, `(k, k)` each.

        `value ± t error`; where a pair has a member with few images on the wrong side, put together from the two
        single intervals (Newcombe, Statistics in Medicine 1998), and made to agree with its p-value.

        Args:
            level: Of each by itself, in (0, 1). Defaults to `0.95`.
        """
        t = special.stdtrit(self.df, (1 + level) / 2)
        half = t * self.error
        low, high = self.gap - half, self.gap + half
        if self.few.any():
            own = self.interval(level)
            below, above = self.values - own[0], own[1] - self.values
            wide_low = self.gap - np.hypot(below[:, None], above[None, :])
            wide_high = self.gap + np.hypot(above[:, None], below[None, :])
            # the single intervals allow for mistakes that nobody made; where the counts exclude equality, so does this
            told = self.p < 1 - level
            z = special.ndtri((1 + level) / 2)
            bound = self.gap * (1 + z / np.minimum(special.ndtri(np.maximum(self.p, 1e-300) / 2), -1e-9))
            wide_low = np.where(told & (self.gap > 0), np.maximum(wide_low, bound), wide_low)
            wide_high = np.where(told & (self.gap < 0), np.minimum(wide_high, bound), wide_high)
            wide_low = np.where(told, wide_low, np.minimum(wide_low, 0.0))
            wide_high = np.where(told, wide_high, np.maximum(wide_high, 0.0))
            low, high = np.where(self.by_counts, wide_low, low), np.where(self.by_counts, wide_high, high)
        return np.maximum(low, -1.0), np.minimum(high, 1.0)

    def difference(self, first: int, second: int, level: float = 0.95) -> Difference:
        """Returns what one pair differs by."""
        low, high = self.bounds(level)
        at = (first, second)
        return Difference(float(self.gap[at]), float(low[at]), float(high[at]), float(self.p[at]))


def of_detectors(scores: Mapping[str, Any], is_fake: Any, *, groups: Any = None) -> Column:
    """Returns the column of detectors on the same images.

    Differences have DeLong's paired variance and its degrees of freedom. Where a pair has a member with few images on
    the wrong side of its best cut, that variance rests on too little, and the p-value is at least that of the exact
    McNemar test between the images that only the one and only the other has on the wrong side.

    Args:
        scores: From detector to float `(n,)`, all of the same images.
        is_fake: bool `(n,)`.
        groups: `(n,)` as in `metrics.measure`. Defaults to `None`.

    Raises:
        ValueError: As `Ranking.of`.

    Example:
        >>> is_fake = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> of_detectors({"a": [1, 2, 3, 4, 5, 6, 7, 8], "b": [1, 5, 2, 6, 3, 7, 4, 8]}, is_fake).values.tolist()
        [1.0, 0.75]
    """
    labels = np.asarray(is_fake).astype(bool)
    clusters = Clusters.of(groups, labels)
    sides = (None, None) if clusters.trivial else (clusters.index[labels], clusters.index[~labels])
    rankings = [Ranking.of(values, labels) for values in scores.values()]
    parts = [components(ranking) for ranking in rankings]
    values = np.array([part.auc for part in parts])
    matrix = sum(covariance(parts, *sides))
    upside_down = [ranking.wrong_at_cut(reverse=auc < 0.5) for ranking, auc in zip(rankings, values, strict=True)]
    numbers = np.array([clusters.touched(images) for images in upside_down])
    groups_of = {"groups_fake": sides[0], "groups_real": sides[1]}
    freedom = differences(parts, **groups_of)[1]
    few, pairs, k = numbers < intervals.FEW, clusters.pairs(labels), len(parts)
    error, df, exact = np.zeros((k, k)), np.ones((k, k)), np.zeros((k, k))
    first, second = np.triu_indices(k, 1)
    if k > 1:
        variance, degrees = differences([parts[at] for at in first], [parts[at] for at in second], **groups_of)
        error[first, second] = error[second, first] = np.sqrt(variance)
        df[first, second] = df[second, first] = degrees
    if few.any():
        exact = np.where(few[:, None] | few[None, :], _mcnemar(rankings, clusters), 0.0) * (1 - np.eye(k))

    def interval(level: float) -> Bounds:
        return intervals.auc_interval(values, np.diag(matrix), pairs, numbers, df=freedom, level=level)

    return Column(list(scores), values, np.asarray(matrix), error, df, few, exact, interval)


def _mcnemar(rankings: list[Ranking], clusters: Clusters) -> np.ndarray:
    """Returns exact p-values `(k, k)`: of what only one of two has on the wrong side, half is expected of each."""
    wrong = np.stack([np.bincount(clusters.index, ranking.wrong_at_cut(), clusters.count) for ranking in rankings])
    only = np.array([(row > wrong).sum(axis=1) for row in wrong])
    both = only + only.T
    return np.where(only == only.T, 1.0, 2 * special.bdtr(np.minimum(only, only.T), both, 0.5))
