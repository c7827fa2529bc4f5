"""How good the probabilities are: Brier score, log loss, calibration error, and the reliability diagram's bins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmark.statistics import intervals
from benchmark.statistics.bootstrap import bounded_mean
from benchmark.statistics.cells.rates import Row, rate
from benchmark.statistics.clusters import Clusters

# as in Guo, Pleiss, Sun, Weinberger, On calibration of modern neural networks (ICML 2017)
BINS = 15
# A probability of what is true counts as at least this: no image costs more than 9.2, and the mean has bounds.
LEAST = 1e-4


def measured(p: np.ndarray, is_fake: np.ndarray, clusters: Clusters, seed: int, level: float) -> dict[str, Row]:
    """Returns the metrics of probabilities `(n,)` in [0, 1] with their intervals; arguments as `metrics.measure`.

    Example:
        >>> import numpy as np
        >>> is_fake = np.array([False, True])
        >>> rows = measured(np.array([0.2, 0.6]), is_fake, Clusters.of(None, is_fake), 0, 0.95)
        >>> round(rows["brier"][0], 3), round(rows["nll"][0], 3)
        (0.1, 0.367)
    """
    right, everyone, note = (p >= 0.5) == is_fake, np.ones(len(p), dtype=bool), "at probability 0.5"
    true = np.where(is_fake, p, 1 - p)
    losses = np.stack([(1 - true) ** 2, -np.log(np.maximum(true, LEAST))], axis=1)
    ends = bounded_mean(losses, np.array([1.0, -np.log(LEAST)]), clusters, seed=seed, level=level)
    brier, nll = np.stack([losses.mean(axis=0), *ends], axis=1).tolist()
    clipped = int((true < LEAST).sum())
    return {
        "accuracy_at_half": rate(right, everyone, clusters, level, note),
        "accuracy_real": rate(right, ~is_fake, clusters, level, note),
        "accuracy_fake": rate(right, is_fake, clusters, level, note),
        "brier": (brier[0], brier[1], brier[2], ""),
        "nll": (nll[0], nll[1], nll[2], f"{clipped} certain and wrong" if clipped else ""),
        "ece": (calibration_error(p, is_fake), np.nan, np.nan, f"{BINS} equal bins; no interval is claimed"),
    }


def checked(probability: Any, is_fake: np.ndarray) -> np.ndarray:
    """Returns probabilities as float64 `(n,)`.

    Raises:
        ValueError: If their shape is not that of `is_fake`, or they leave [0, 1].

    Example:
        >>> import numpy as np
        >>> checked([0.5, 1.5], np.array([True, False]))
        Traceback (most recent call last):
        ValueError: Probabilities must have shape (2,) and lie in [0, 1]. Received: shape (2,), from 0.5 to 1.5.
    """
    p = np.asarray(probability, dtype=np.float64)
    if p.shape != is_fake.shape or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(
            f"Probabilities must have shape {is_fake.shape} and lie in [0, 1]. "
            f"Received: shape {p.shape}, from {p.min()} to {p.max()}."
        )
    return p


def calibration_error(probability: np.ndarray, is_fake: np.ndarray, *, bins: int = BINS) -> float:
    """Returns the expected calibration error: mean |share of fakes - mean probability| over equal bins of [0,
    1].

    The last bin holds probability 1. (Naeini, Cooper, Hauskrecht, AAAI 2015.)

    Args:
        probability: float `(n,)` in [0, 1].
        is_fake: bool `(n,)`.
        bins: Defaults to `15`.

    Example:
        >>> import numpy as np
        >>> round(calibration_error(np.array([0.1, 0.3, 0.8, 0.9]), np.array([0, 0, 1, 1])), 3)
        0.175
    """
    gap = np.bincount(_bin(probability, bins), weights=is_fake - probability, minlength=bins)
    return float(np.abs(gap).sum() / len(probability))


def reliability(
    probability: Any, is_fake: Any, *, groups: Any = None, bins: int = BINS, level: float = 0.95
) -> pd.DataFrame:
    """Returns the bins of the reliability diagram, those of `calibration_error`.

    The interval of the share of fakes in a bin is exact (Clopper, Pearson, Biometrika 1934), for that bin by itself
    and with the bin's images taken as drawn at random; with units it is that of as many trials as they amount to
    (`Clusters.trials`). A calibrated detector's mean probability lies inside it in at least `level` of the bins.

    Args:
        probability: float `(n,)` in [0, 1], of being fake.
        is_fake: bool `(n,)`.
        groups: `(n,)` as in `metrics.measure`. Defaults to `None`.
        bins: Equal bins of [0, 1], the last with 1. Defaults to `15`.
        level: Coverage in a bin, in (0, 1). Defaults to `0.95`.

    Returns:
        A frame with columns bin (0 to `bins - 1`), n, probability (their mean), share (of fakes), low, high; a bin
        without images has no row.

    Raises:
        ValueError: If the shapes differ or a probability leaves [0, 1].

    Example:
        >>> table = reliability([0.1, 0.15, 0.9, 1.0], [0, 0, 1, 1], bins=2)
        >>> table[["bin", "n", "probability", "share", "low", "high"]].round(3).values.tolist()
        [[0.0, 2.0, 0.125, 0.0, 0.0, 0.842], [1.0, 2.0, 0.95, 1.0, 0.158, 1.0]]
    """
    columns = ["bin", "n", "probability", "share", "low", "high"]
    fake = np.asarray(is_fake).astype(bool)
    if not len(fake):
        return pd.DataFrame(columns=columns)  # of a detector that gives no probabilities
    p = checked(probability, fake)
    clusters, index, rows = Clusters.of(groups, fake), _bin(p, bins), []
    for bin_ in np.unique(index):
        mine = index == bin_
        trials, share = clusters.trials(fake, mine, level), float(fake[mine].mean())
        low, high = intervals.clopper_pearson(share * trials, trials, level)
        rows.append((int(bin_), int(mine.sum()), float(p[mine].mean()), share, float(low), float(high)))
    return pd.DataFrame(rows, columns=columns)


def _bin(probability: np.ndarray, bins: int) -> np.ndarray:
    return np.minimum((probability * bins).astype(int), bins - 1)
