"""Rates at a threshold that validation has chosen, with their intervals."""

from __future__ import annotations

import numpy as np

from benchmark.statistics import intervals
from benchmark.statistics.clusters import Clusters

Row = tuple[float, float, float, str]


def rate(right: np.ndarray, chosen: np.ndarray, clusters: Clusters, level: float, note: str) -> Row:
    """Returns the share of the images `chosen` that are `right`, both bool `(n,)`, its interval, and the note.

    Each image alone: `intervals.rate`. With units the exact interval of as many trials as they amount to
    (`Clusters.trials`), as Korn and Graubard propose.

    Example:
        >>> import numpy as np
        >>> right, everyone = np.arange(10) < 8, np.ones(10, bool)
        >>> value, low, high, _ = rate(right, everyone, Clusters.of(None, right), 0.95, "")
        >>> value, round(low, 3), round(high, 3)
        (0.8, 0.444, 0.975)
    """
    value = float(right[chosen].mean())
    trials = clusters.trials(right, chosen, level)
    alone = clusters.trivial or trials == clusters.effective(chosen) == chosen.sum()
    interval = intervals.rate if alone else intervals.clopper_pearson
    low, high = interval(value * trials, trials, level)
    return value, float(low), float(high), note


def balanced(fpr: Row, tpr: Row, clusters: Clusters, note: str) -> Row:
    """Returns the mean of the shares of reals and of fakes that are judged right, from their intervals.

    The distances of the two ends from their rates are squared, added and halved (Newcombe, Interval estimation for
    the difference between independent proportions, Statistics in Medicine 1998, method 10; Zou, Donner, Construction of
    confidence limits about effect measures, Statistics in Medicine 2008). Where a unit has images of both classes
    the two may go together, and the distances themselves are added.

    Example:
        >>> import numpy as np
        >>> alone = Clusters.of(None, np.array([False, True]))
        >>> value, low, high, _ = balanced((0.1, 0.04, 0.2, ""), (0.7, 0.6, 0.78, ""), alone, "")
        >>> round(value, 3), round(low, 3), round(high, 3)
        (0.8, 0.729, 0.85)
    """
    value = (1 - fpr[0] + tpr[0]) / 2
    below = np.array([fpr[2] - fpr[0], tpr[0] - tpr[1]])
    above = np.array([fpr[0] - fpr[1], tpr[2] - tpr[0]])
    together = (clusters.stratum == 2).any()
    down, up = (float(side.sum() if together else np.hypot(*side)) / 2 for side in (below, above))
    return value, max(value - down, 0.0), min(value + up, 1.0), note
