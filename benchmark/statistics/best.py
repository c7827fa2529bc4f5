"""Which member of a column may be the best, and an interval for the one that was picked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmark.statistics.column import Bounds, Column
from benchmark.statistics.family import tail_of_each


class Best(NamedTuple):
    """Multiple comparisons with the best.

    Attributes:
        may_be: bool `(k,)`, whether a member may be the best.
        low: float `(k,)`, lower ends of its AUC minus the best of the others.
        high: float `(k,)`, upper ends.
    """

    may_be: np.ndarray
    low: np.ndarray
    high: np.ndarray


def multiple_comparisons(column: Column, *, level: float = 0.95) -> Best:
    """Returns Hsu's intervals of each member's AUC minus the best of the others; all hold together with `level`.

    Each member in turn is the control of one-sided comparisons with the others (Edwards, Hsu, "Multiple comparisons
    with the best treatment", JASA 1983, for estimates that vary together; Hsu, Multiple Comparisons, 1996, chapter 4).
    How often one of them may fail comes from the joint distribution of the paired differences; those that rest on
    counts of few images are joined by the sum of their probabilities. An interval that lies below 0 excludes a member.

    Args:
        column: Of detectors or of generators.
        level: In (0, 1). Defaults to `0.95`.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.column import of_detectors
        >>> rng = np.random.default_rng(0)
        >>> is_fake = np.arange(400) >= 200
        >>> scores = {name: rng.normal(size=400) + shift * is_fake for name, shift in (("a", 2), ("b", 2.1), ("c", 0))}
        >>> multiple_comparisons(of_detectors(scores, is_fake)).may_be.tolist()
        [True, True, False]
    """
    k = len(column.names)
    if k == 1:
        return Best(np.array([True]), np.array([np.nan]), np.array([np.nan]))
    below, above = np.empty((k, k)), np.empty((k, k))
    for at in range(k):
        others = np.arange(k) != at
        contrasts = np.eye(k)[at] - np.eye(k)[others]
        tail = tail_of_each(column.covariance, contrasts, column.by_counts[at][others], level=level, one_sided=True)
        low, high = column.bounds(1 - 2 * tail)
        below[:, at], above[at] = low[:, at], high[at]  # of others minus this one as control; of this one minus others
    np.fill_diagonal(above, np.inf)
    upper = above.min(axis=1)
    may_be = upper >= 0  # two that rank all images alike differ by exactly 0
    may_be[int(np.argmax(column.values))] = True  # nobody was told to be better than the highest
    chosen = np.flatnonzero(may_be)
    low = np.zeros(k)
    for at in range(k):
        rivals = chosen[chosen != at]
        low[at] = min(float(below[at, rivals].min()), 0.0) if len(rivals) else 0.0
    return Best(may_be, low, np.maximum(upper, 0.0))


def simultaneous(column: Column, *, level: float = 0.95) -> Bounds:
    """Returns intervals of all AUCs of a column that hold together, `(k,)` each.

    So the one of the member with the highest AUC holds too, which by itself would be too high: the best of nine equal
    detectors is picked for its luck. Single intervals at the level that the joint distribution of the AUCs asks for.

    Args:
        column: Of detectors or of generators.
        level: In (0, 1). Defaults to `0.95`.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.column import of_detectors
        >>> rng = np.random.default_rng(0)
        >>> is_fake = np.arange(400) >= 200
        >>> column = of_detectors({str(k): rng.normal(size=400) + is_fake for k in range(9)}, is_fake)
        >>> low, high = simultaneous(column)
        >>> alone = column.interval(0.95)
        >>> bool((low < alone[0]).all() and (high > alone[1]).all())
        True
    """
    k = len(column.names)
    tail = tail_of_each(column.covariance, np.eye(k), column.few, level=level)
    return column.interval(1 - tail)
