"""Which member of a column may be the best, and an interval for the one that was picked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from benchmark.statistics.columns.column import Bounds, Column
from benchmark.statistics.columns.family import tail_of_each

AROUND = np.linspace(0, 2 * np.pi, 90, endpoint=False)  # directions of an ellipse


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
    with the best treatment", JASA 1983, which serves wherever there are intervals of comparisons with a control; Hsu,
    Multiple Comparisons, 1996, chapter 4).
    How often one of them may fail comes from the joint distribution of the paired differences; those that rest on
    counts of few images are joined by the sum of their probabilities. An interval that lies below 0 excludes a member.
    Coverage: `tests/statistics/simulate_comparisons.py`.

    Args:
        column: Of detectors or of generators.
        level: In (0, 1). Defaults to `0.95`.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.columns.column import of_detectors
        >>> rng = np.random.default_rng(0)
        >>> is_fake = np.arange(400) >= 200
        >>> scores = {name: rng.normal(size=400) + shift * is_fake for name, shift in (("a", 2), ("b", 2.1), ("c", 0))}
        >>> multiple_comparisons(of_detectors(scores, is_fake)).may_be.tolist()
        [True, True, False]
    """
    k = len(column.names)
    if k == 1:
        return Best(np.array([True]), np.array([np.nan]), np.array([np.nan]))
    one, tails = np.eye(k), np.zeros(k)
    for at in range(k):
        others = np.arange(k) != at
        counts = column.by_counts[at][others]
        tails[at] = tail_of_each(column.covariance, one[at] - one[others], counts, level=level, one_sided=True)
    above = _highest(column, 1 - 2 * tails)  # of row minus column; those below column minus row are their opposites
    np.fill_diagonal(above, np.inf)
    upper = above.min(axis=1)
    may_be = upper >= 0  # two that rank all images alike differ by exactly 0
    may_be[int(np.argmax(column.values))] = True  # nobody was told to be better than the highest
    chosen = np.flatnonzero(may_be)
    low = np.zeros(k)
    for at in range(k):
        rivals = chosen[chosen != at]
        low[at] = min(float(-above[rivals, at].max()), 0.0) if len(rivals) else 0.0
    return Best(may_be, low, np.maximum(upper, 0.0))


def _highest(column: Column, levels: np.ndarray) -> np.ndarray:
    """Returns the upper ends `(k, k)` of each member's AUC minus each other's; where counts decide, `Column.bounds`.

    Near the end of the scale what moves all detectors up brings them closer together: a difference that came out too
    small has an error that came out too small as well, and a one-sided bound of `value + t error` fails on that side
    twice as often as it should. On the logit scale the two do not go together. So this is the largest difference of two
    AUCs whose logits lie within t errors of what was measured, in the metric of their covariance: an ellipse. Each
    member has its own of the `levels` `(k,)`.
    """
    values = np.clip(column.values, 1e-12, 1 - 1e-12)
    slope = values * (1 - values)  # of the AUC over its logit
    alone = np.sqrt(np.maximum(np.diag(column.covariance), 1e-24))
    common = (alone[:, None] ** 2 + alone**2 - column.error**2) / 2
    like = np.clip(common / (alone[:, None] * alone), -1, 1)[..., None]
    t, error, centre = special.stdtrit(column.df, (1 + levels[:, None]) / 2), alone / slope, special.logit(values)
    one = centre[:, None, None] + (t * error[:, None])[..., None] * np.cos(AROUND)
    other = like * np.cos(AROUND) + np.sqrt(1 - like**2) * np.sin(AROUND)
    other = centre[:, None] + (t * error)[..., None] * other
    high = np.asarray((special.expit(one) - special.expit(other)).max(axis=-1))
    for at in np.flatnonzero(column.by_counts.any(axis=1)):
        high[at] = np.where(column.by_counts[at], column.bounds(levels[at])[1][at], high[at])
    return high


def simultaneous(column: Column, *, level: float = 0.95) -> Bounds:
    """Returns intervals of all AUCs of a column that hold together, `(k,)` each.

    So the one of the member with the highest AUC holds too, which by itself would be too high: the best of nine equal
    detectors is picked for its luck. Single intervals at the level that the joint distribution of the AUCs asks for.

    Args:
        column: Of detectors or of generators.
        level: In (0, 1). Defaults to `0.95`.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.columns.column import of_detectors
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
