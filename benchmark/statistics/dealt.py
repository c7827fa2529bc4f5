"""Are close neighbours where chance would have dealt them? A permutation test over the dealing of units to two parts.

Who is whose nearest neighbour does not depend on which part an image was dealt to. So the dealing is repeated, and the
pairs that stand as feared are counted in each: real images of both sides of a split that are nearest to each other, or
fakes whose nearest real image is one that the generator was trained on. It is the nearest-neighbour test of Schilling
(1986), Multivariate two-sample tests based on nearest neighbors, JASA 81, and Henze (1988), Annals of Statistics 16,
looked at only where neighbours are closer than most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

NEAR = (0.1, 0.25, 0.5)  # a copy lies so much nearer than what else is near: see `benchmark.quality.closest`
NEAREST = (0.05, 0.2)  # and, for what lies less near, these shares of all pairs, the nearest ones
POWER = 0.8


@dataclass(frozen=True)
class Excess:
    """How many more close pairs stand as feared than dealing gives.

    Attributes:
        p: One-sided, of the largest excess over all limits of closeness.
        count: The excess in pairs, at that limit.
        low: Lower end of its 95 % interval.
        high: Upper end.
        smallest: The smallest excess that the test would have seen, with a probability of `POWER`; NaN if none.
    """

    p: float
    count: float
    low: float
    high: float
    smallest: float


def excess(
    hits: np.ndarray, ratios: np.ndarray, *, level: float, pairs_per_copy: int = 1, copies_only: bool = False
) -> Excess:
    """Compares the number of close pairs that stand as feared with repeated deals.

    At each limit of closeness the number is standardised over all deals; the largest of these is compared with the
    largest of each deal (Westfall, Young 1993, Resampling-based multiple testing), so that `p` is exact
    whichever limits there are, whatever lies close to whatever, and with unequal units.

    Args:
        hits: bool `(draws + 1, m)`, whether a pair stands as feared in a deal; the first row is what was.
        ratios: float `(m,)`, how close each pair is: 0 for a copy, 1 for one no closer than others.
        level: Chance of a false alarm, for `smallest`.
        pairs_per_copy: Pairs that one more copy makes. Defaults to `1`.
        copies_only: Whether only pairs are counted that lie as near as copies do. Defaults to `False`.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.deals import deals
        >>> chosen = np.arange(40) < 20  # 20 images here, and their copies there
        >>> dealt = deals(chosen, np.arange(40), np.zeros(40, int))
        >>> found = excess(dealt != np.roll(dealt, 20, axis=1), np.zeros(40), level=0.01, pairs_per_copy=2)
        >>> found.p
        0.0005
    """
    limits = NEAR if copies_only else [*NEAR, *np.quantile(ratios, NEAREST)]
    counted = hits.astype(np.float32) @ (ratios[:, None] <= np.array(limits)).astype(np.float32)
    mean, error = counted.mean(axis=0), counted.std(axis=0)
    scores = (counted - mean) / np.where(error > 0, error, np.inf)
    largest = scores.max(axis=1)
    p = float((largest >= largest[0] - 1e-6).mean())  # the deal that was is one of them
    at = int(scores[0].argmax())
    usual = float(hits.mean())
    each = pairs_per_copy * (1 - usual)  # a copy that dealing would have put so anyway is no excess
    gap, half = float(counted[0, at] - mean[at]), float(scipy.stats.norm.ppf(0.975) * error[at])
    needed = _smallest(error, largest, usual, pairs_per_copy, level)
    if each <= 0:
        return Excess(1.0, 0.0, 0.0, float("nan"), float("nan"))
    return Excess(p, max(gap, 0.0) / each, max(gap - half, 0.0) / each, max(gap + half, 0.0) / each, needed)


def _smallest(errors: np.ndarray, largest: np.ndarray, usual: float, pairs: int, level: float) -> float:
    """Returns how many copies would be seen in spite of what else is near, at the limit of closeness that is best.

    They are if deals reach their excess with a probability of at most the level: deals of what is near without them,
    whose largest excesses are given, and deals of the copies themselves, which vary, too.
    """
    if not 0 < usual < 1:
        return float("nan")
    copies = np.unique(np.geomspace(1, 1e6, 2000).round())[:, None]
    shift = copies * pairs * (1 - usual) - scipy.stats.norm.ppf(POWER) * errors
    reached = shift / np.sqrt(errors**2 + copies * pairs**2 * usual * (1 - usual))
    others = 1 - np.searchsorted(np.sort(largest), reached) / len(largest)
    own = np.maximum(usual**copies, scipy.stats.norm.sf(reached))
    counting = scipy.stats.norm.ppf(POWER) * np.sqrt(level / len(largest))  # p is counted on so many deals
    enough = (others + own + counting <= level).any(axis=1)
    return float(copies[enough.argmax(), 0]) if enough.any() else float("nan")
