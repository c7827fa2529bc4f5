"""The ROC curve and what is read off it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmark.statistics.clusters import Clusters
from benchmark.statistics.intervals import clopper_pearson, rate
from benchmark.statistics.ranking import Ranking

# Fewer reals than this above the threshold, and a TPR at that FPR is not resolvable (about 1,000 reals at 1
# %).
REALS_ABOVE = 9.5


def roc(scores: Any, is_fake: Any, *, groups: Any = None, level: float = 0.95) -> pd.DataFrame:
    """Returns the ROC curve with a pointwise band.

    The band at a threshold is the interval of the TPR there, with the fakes drawn anew (`intervals.rate`:
    Wilson, exact near 0 and 1), FPR taken as seen; it covers each point by itself, not the curve as a whole.
    Points on a straight line between their neighbours are left out, which changes neither the curve nor its
    area.

    Args:
        scores: float `(n,)`, finite, higher means more likely fake.
        is_fake: bool `(n,)`.
        groups: `(n,)` as in `metrics.measure`: with them the fakes count as `Clusters.trials` says. Defaults to `None`.
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
    reals, fakes = (np.r_[0, counts] for counts in ranking.counts())
    threshold = np.r_[np.inf, ranking.thresholds]
    d_real, d_fake = np.diff(reals), np.diff(fakes)
    # where the slope changes, compared by products, since a slope may be infinite
    bend = d_real[1:] * d_fake[:-1] != d_real[:-1] * d_fake[1:]
    keep = np.r_[True, bend, True]
    clusters = Clusters.of(groups, np.asarray(is_fake).astype(bool))
    trials = clusters.trials_along(ranking.order[ranking.is_fake])[fakes[keep]]
    called = fakes[keep] if clusters.trivial else fakes[keep] / ranking.n_fake * trials
    low, high = rate(called, trials, level)
    return pd.DataFrame(
        {
            "fpr": reals[keep] / ranking.n_real,
            "tpr": fakes[keep] / ranking.n_fake,
            "threshold": threshold[keep],
            "tpr_low": low,
            "tpr_high": high,
        }
    )


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


def tpr_at_fpr(
    ranking: Ranking, clusters: Clusters, fpr: float, *, level: float = 0.95
) -> tuple[float, float, float, str]:
    """Returns the largest TPR whose FPR does not exceed `fpr`, its interval, and a note.

    Resamples of so few reals are too coarse here. Instead thresholds bracket the wanted FPR (exact bounds from the
    reals), and the TPR there has its own exact bounds (from the fakes); both at `level`, which is conservative since
    the two errors are independent. It cannot collapse at a perfect separation.

    Returns:
        (value, low, high, note); NaN with a note where the reals do not resolve this FPR.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.ranking import Ranking
        >>> is_fake = np.repeat([False, True], 1000)
        >>> ranking = Ranking.of(np.r_[np.arange(1000), np.arange(1000) + 900], is_fake)
        >>> value, low, high, _ = tpr_at_fpr(ranking, Clusters.of(None, is_fake), 0.05)
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
    reals, fakes = (np.r_[0, counts] for counts in ranking.counts())
    # 1e-9: a product such as 0.29 * 100 = 28.999999999999996 is meant to be whole
    at = np.flatnonzero(reals <= np.floor(fpr * n_real + 1e-9))[-1]
    called = np.empty(len(ranking.order), dtype=bool)
    called[ranking.order] = np.arange(len(ranking.order)) < np.r_[0, ranking.ends + 1][at]
    is_fake = np.empty_like(called)
    is_fake[ranking.order] = ranking.is_fake
    trials = clusters.trials(called, ~is_fake)
    fpr_low, fpr_high = clopper_pearson(reals / n_real * trials, trials, level)
    surely, perhaps = np.flatnonzero(fpr_high <= fpr), np.flatnonzero(fpr_low >= fpr)
    trials = clusters.trials(called, is_fake)
    tpr_low, tpr_high = clopper_pearson(fakes / ranking.n_fake * trials, trials, level)
    low = float(tpr_low[surely[-1]]) if len(surely) else 0.0
    high = float(tpr_high[perhaps[0]]) if len(perhaps) else 1.0
    return float(fakes[at] / ranking.n_fake), low, high, "of the test ROC"
