"""The ROC curve and what is read off it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.statistics.clusters import Clusters
from benchmark.statistics.intervals import clopper_pearson, every_count
from benchmark.statistics.ranking import Ranking

# Fewer reals than this above the threshold, and a TPR at that FPR is not resolvable (about 1,000 reals at 1
# %).
REALS_ABOVE = 9.5


@dataclass(frozen=True)
class Bounds:
    """The rates at every threshold, the infinite one first, with exact intervals; floats `(t + 1,)`.

    Attributes:
        fpr, fpr_low, fpr_high: Of the reals; the ends rise with the rate.
        tpr, tpr_low, tpr_high: Of the fakes.

    Example:
        >>> import numpy as np
        >>> is_fake = np.array([False, False, True, True])
        >>> bounds = Bounds.of(Ranking.of([0.1, 0.4, 0.35, 0.8], is_fake), Clusters.of(None, is_fake), 0.95)
        >>> bounds.tpr.tolist(), bounds.tpr_low.round(3).tolist()
        ([0.0, 0.5, 0.5, 1.0, 1.0], [0.0, 0.013, 0.013, 0.158, 0.158])
    """

    fpr: np.ndarray
    fpr_low: np.ndarray
    fpr_high: np.ndarray
    tpr: np.ndarray
    tpr_low: np.ndarray
    tpr_high: np.ndarray

    @classmethod
    def of(cls, ranking: Ranking, clusters: Clusters, level: float) -> Bounds:
        """Returns the rates of a ranking; with units images count as `Clusters.trials` says."""
        reals, fakes = (np.r_[0, counts] for counts in ranking.counts())
        real = _exact(reals, ranking.order[~ranking.is_fake], clusters, level)
        fake = _exact(fakes, ranking.order[ranking.is_fake], clusters, level)
        # with units the ends need not rise along the curve: each is the farther of those that they ought to exceed
        low, high = np.minimum.accumulate(real[0][::-1])[::-1], np.maximum.accumulate(real[1])
        return cls(reals / ranking.n_real, low, high, fakes / ranking.n_fake, *fake)

    def surely(self, fpr: Any) -> np.ndarray:
        """Returns the place of the lowest threshold whose FPR is surely at most `fpr`, or of the infinite one."""
        return np.maximum(np.searchsorted(self.fpr_high, fpr, side="right") - 1, 0)

    def perhaps(self, fpr: Any) -> np.ndarray:
        """Returns the place of the highest threshold whose FPR is surely at least `fpr`, or of the last."""
        return np.minimum(np.searchsorted(self.fpr_low, fpr, side="left"), len(self.fpr) - 1)


def _exact(counts: np.ndarray, ordered: np.ndarray, clusters: Clusters, level: float) -> tuple[np.ndarray, np.ndarray]:
    if clusters.trivial:
        low, high = every_count(len(ordered), level)
        return low[counts], high[counts]
    seen, at = np.unique(counts, return_inverse=True)  # each once: most thresholds have the count of the one before
    trials = clusters.trials_along(ordered, level)[seen]
    low, high = clopper_pearson(seen / len(ordered) * trials, trials, level)
    return low[at], high[at]


def roc(scores: Any, is_fake: Any, *, groups: Any = None, level: float = 0.95) -> pd.DataFrame:
    """Returns the ROC curve with a pointwise band.

    The band at a point is for the TPR at its FPR, and at any up to the next point's: it covers each FPR by itself, not
    the curve as a whole. Two things are uncertain, how many fakes lie above a threshold, and which threshold
    has this FPR; both have exact intervals (Clopper, Pearson), whose distances from the TPR are squared and added
    (Newcombe, Statistics in Medicine 1998; Zou, Donner, Statistics in Medicine 2008). Where the reals do not show that
    any threshold has so low an FPR, the band reaches down to 0. Points on a straight line between their neighbours are
    left out, which changes neither the curve nor its area, but for some that the band needs: one at each FPR that is
    a quarter larger than the last.

    Args:
        scores: float `(n,)`, finite, higher means more likely fake.
        is_fake: bool `(n,)`.
        groups: `(n,)` as in `metrics.measure`: with them images count as `Clusters.trials` says. Defaults to `None`.
        level: Coverage of the band at a point, in (0, 1). Defaults to `0.95`.

    Returns:
        A frame with columns fpr, tpr, threshold (an image is called fake at a score of at least this; the
        first is infinite), tpr_low, tpr_high; from (0, 0) to (1, 1).

    Raises:
        ValueError: If the scores are NaN, infinite or constant, or a class is missing.

    Example:
        >>> curve = roc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
        >>> curve[["fpr", "tpr", "threshold"]].values.tolist()
        [[0.0, 0.0, inf], [0.0, 0.5, 0.8], [0.5, 0.5, 0.4], [0.5, 1.0, 0.35], [1.0, 1.0, 0.1]]
    """
    ranking = Ranking.of(scores, is_fake)
    clusters = Clusters.of(groups, np.asarray(is_fake).astype(bool))
    return pd.DataFrame(points(ranking, Bounds.of(ranking, clusters, level)))


def points(ranking: Ranking, bounds: Bounds) -> dict[str, np.ndarray]:
    """Returns the columns of `roc`.

    Example:
        >>> is_fake = np.array([False, False, True, True])
        >>> ranking = Ranking.of([0.1, 0.4, 0.35, 0.8], is_fake)
        >>> points(ranking, Bounds.of(ranking, Clusters.of(None, is_fake), 0.95))["tpr"].tolist()
        [0.0, 0.5, 0.5, 1.0, 1.0]
    """
    reals, fakes = (np.r_[0, counts] for counts in ranking.counts())
    threshold = np.r_[np.inf, ranking.thresholds]
    keep = _bends(reals, fakes) | _steps(reals)
    fpr, tpr = bounds.fpr[keep], bounds.tpr[keep]
    # the FPR of the next point that has a larger one: up to there this point's band is read
    after = np.searchsorted(fpr, fpr, side="right")
    until = fpr[np.minimum(after, len(fpr) - 1)]
    below = np.hypot(tpr - bounds.tpr_low[keep], tpr - np.minimum(bounds.tpr[bounds.surely(fpr)], tpr))
    above = np.hypot(bounds.tpr_high[keep] - tpr, np.maximum(bounds.tpr[bounds.perhaps(until)], tpr) - tpr)
    return {
        "fpr": fpr,
        "tpr": tpr,
        "threshold": threshold[keep],
        "tpr_low": np.maximum(tpr - below, 0.0),
        "tpr_high": np.minimum(tpr + above, 1.0),
    }


def _bends(reals: np.ndarray, fakes: np.ndarray) -> np.ndarray:
    """Returns bool `(t,)`: the ends of the curve, and where its slope changes."""
    d_real, d_fake = np.diff(reals), np.diff(fakes)
    # compared by products, since a slope may be infinite
    return np.r_[True, d_real[1:] * d_fake[:-1] != d_real[:-1] * d_fake[1:], True]


def _steps(reals: np.ndarray) -> np.ndarray:
    """Returns bool `(t,)`: the first threshold with at least 1, 2, 3 ... reals, each a quarter more than the last."""
    wanted = np.unique(np.floor(1.25 ** np.arange(np.log(max(int(reals[-1]), 2)) / np.log(1.25))))
    steps = np.zeros(len(reals), dtype=bool)
    steps[np.searchsorted(reals, wanted[wanted <= reals[-1]])] = True
    return steps


def average_precision(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Returns the average precision of curves: the mean precision over fakes, steps not interpolated.

    Args:
        real: `(b, t)`, weight of the reals at or above each falling threshold.
        fake: `(b, t)`, likewise of the fakes.

    Returns:
        `(b,)` in [0, 1].

    Example:
        >>> import numpy as np
        >>> real, fake = np.array([[0.0, 1.0, 1.0, 2.0]]), np.array([[1.0, 1.0, 2.0, 2.0]])
        >>> average_precision(real, fake).round(3).tolist()
        [0.833]
    """
    precision = fake / np.maximum(fake + real, 1e-300)
    return (np.diff(fake, axis=1, prepend=0.0) * precision).sum(axis=1) / fake[:, -1]


def equal_error_rate(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Returns where FPR equals 1 - TPR, interpolated on the segment that crosses; arguments as above.

    Example:
        >>> import numpy as np
        >>> real, fake = np.array([[0.0, 1.0, 1.0, 2.0]]), np.array([[1.0, 1.0, 2.0, 2.0]])
        >>> equal_error_rate(real, fake).round(3).tolist()
        [0.5]
    """
    fpr, miss = real / real[:, -1:], 1 - fake / fake[:, -1:]
    gap = np.concatenate([np.full((len(fpr), 1), -1.0), fpr - miss], axis=1)
    after = (gap >= 0).argmax(axis=1)
    rows = np.arange(len(gap))
    before_gap, after_gap = gap[rows, after - 1], gap[rows, after]
    before_fpr = np.where(after > 1, fpr[rows, np.maximum(after - 2, 0)], 0.0)
    share = -before_gap / (after_gap - before_gap)
    return before_fpr + share * (fpr[rows, after - 1] - before_fpr)


def tpr_at_fpr(ranking: Ranking, bounds: Bounds, fpr: float) -> tuple[float, float, float, str]:
    """Returns the largest TPR whose FPR does not exceed `fpr`, its interval, and a note.

    Resamples of so few reals are too coarse here. Instead thresholds bracket the wanted FPR (exact bounds from the
    reals), and the TPR there has its own exact bounds (from the fakes); both at the level of `bounds`, which is
    conservative since the two errors are independent. It cannot collapse at a perfect separation.

    Returns:
        (value, low, high, note); NaN with a note where the reals do not resolve this FPR.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.ranking import Ranking
        >>> is_fake = np.repeat([False, True], 1000)
        >>> ranking = Ranking.of(np.r_[np.arange(1000), np.arange(1000) + 900], is_fake)
        >>> value, low, high, _ = tpr_at_fpr(ranking, Bounds.of(ranking, Clusters.of(None, is_fake), 0.95), 0.05)
        >>> value, round(low, 3), round(high, 3)
        (0.95, 0.919, 0.976)
    """
    n_real = ranking.n_real
    if n_real * fpr < REALS_ABOVE:
        note = (
            f"not resolvable: {n_real} reals move the FPR in steps of {100 / n_real:.2g} %; "
            f"{100 * fpr:g} % needs about {10 / fpr:,.0f}"
        )
        return np.nan, np.nan, np.nan, note
    # 1e-9: a product such as 0.29 * 100 = 28.999999999999996 is meant to be whole
    at = np.flatnonzero(bounds.fpr * n_real <= np.floor(fpr * n_real + 1e-9) + 0.5)[-1]
    low = float(bounds.tpr_low[bounds.surely(fpr)])
    # where no threshold surely has so high an FPR, any TPR is possible
    high = float(bounds.tpr_high[bounds.perhaps(fpr)]) if bounds.fpr_low[-1] >= fpr else 1.0
    return float(bounds.tpr[at]), low, high, "of the test ROC"
