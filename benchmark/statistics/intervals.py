"""Confidence intervals of rates and of the AUC; all bounds lie in [0, 1] and broadcast over arrays."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

# Below this many images on the wrong side of the best cut the components' variance is not to be trusted.
FEW = 10
# Within so many counts of 0 or n Wilson's interval holds down to 89 % for some rates; beyond, never below 93 %.
EDGE = 12
TINY = 1e-200  # a mean below is none


def wilson(count: Any, n: Any, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Returns the score interval of a rate (Wilson, JASA 1927).

    Args:
        count: Successes, 0 to `n`; need not be whole.
        n: Trials; need not be whole (an effective number).
        level: Coverage, in (0, 1). Defaults to `0.95`.

    Example:
        >>> low, high = wilson(8, 10)
        >>> round(float(low), 3), round(float(high), 3)
        (0.49, 0.943)
    """
    count, n = np.asarray(count, float), np.asarray(n, float)
    z2 = special.ndtri((1 + level) / 2) ** 2
    centre = (count + z2 / 2) / (n + z2)
    half = np.sqrt(z2 * (count * (n - count) / n + z2 / 4)) / (n + z2)
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def clopper_pearson(count: Any, n: Any, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Returns the exact interval of a rate (Clopper, Pearson, Biometrika 1934); arguments as `wilson`.

    Example:
        >>> low, high = clopper_pearson(10, 10)
        >>> round(float(low), 3), round(float(high), 3)
        (0.692, 1.0)
    """
    count, n = np.asarray(count, float), np.asarray(n, float)
    tail = (1 - level) / 2
    low = np.where(count > 0, special.betaincinv(np.maximum(count, 1e-9), n - count + 1, tail), 0.0)
    high = np.where(count < n, special.betaincinv(count + 1, np.maximum(n - count, 1e-9), 1 - tail), 1.0)
    return low, high


@lru_cache(maxsize=16)
def every_count(n: int, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Returns `clopper_pearson` of all counts 0 to `n`, kept for the next cell of this size; not to be written to.

    Example:
        >>> low, high = every_count(2)
        >>> low.round(3).tolist(), high.round(3).tolist()
        ([0.0, 0.013, 0.158], [0.842, 0.987, 1.0])
    """
    return clopper_pearson(np.arange(n + 1), n, level)


def rate(count: Any, n: Any, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Returns Wilson's interval; within `EDGE` counts of 0 or `n`, where it may be too short, the exact one.

    Example:
        >>> low, high = rate([80, 100], 100)  # Wilson's, and the exact one
        >>> low.round(3).tolist(), high.round(3).tolist()
        ([0.711, 0.964], [0.867, 1.0])
    """
    count, n = np.asarray(count, float), np.asarray(n, float)
    edge = (count <= EDGE) | (count >= n - EDGE)
    near, far = clopper_pearson(count, n, level), wilson(count, n, level)
    return np.where(edge, near[0], far[0]), np.where(edge, near[1], far[1])


def mean_bound(mean: Any, n: Any, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Returns distribution-free bounds of the mean of values in [0, 1] from `n` independent ones.

    Each side holds with at least `level` (Hoeffding, JASA 1963, theorem 1 and section 5, which carries it
    over to two-sample U-statistics such as the AUC with `n = min(n_real, n_fake)` disjoint pairs): the means
    q with `n * KL(mean || q) <= log(1 / alpha)`. At mean 1 the lower bound is `alpha ** (1 / n)`.

    Example:
        >>> low, high = mean_bound(1.0, 1000)  # 0.05 ** (1 / 1000)
        >>> round(float(low), 3), round(float(high), 3)
        (0.997, 1.0)
    """
    mean, n = np.broadcast_arrays(np.asarray(mean, float), np.asarray(n, float))
    budget = -np.log1p(-level) / n
    # what is above 1/2 of one is below 1/2 of the other
    low, high = _lowest(np.stack([mean, 1 - mean]), budget)
    return low, 1 - high


def _lowest(mean: np.ndarray, budget: np.ndarray) -> np.ndarray:
    """Returns the lowest q with `KL(mean || q) <= budget`: Newton's steps from a lower q, which never go beyond."""
    some = np.where(mean > TINY, mean, 1.0)
    # two bounds of the divergence from below: Pinsker's, and that without its term log(1 - q)
    start = np.maximum(some - np.sqrt(budget / 2), some * np.exp((special.xlog1py(1 - some, -some) - budget) / some))
    q = np.maximum(start, 1e-300)
    for _ in range(100):
        excess = special.rel_entr(some, q) + special.rel_entr(1 - some, 1 - q) - budget
        step = excess * q * (1 - q) / np.maximum(some - q, 1e-300)
        q = np.clip(q + step, q, some)
        if (step <= 1e-15 * q).all():
            break
    return np.where(mean > TINY, q, 0.0)


def auc_interval(
    auc: Any,
    variance: Any,
    n_pairs: Any,
    wrong: Any,
    *,
    df: Any = np.inf,
    level: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the interval of an AUC.

    DeLong's variance on the logit scale; with fewer than `FEW` images on the wrong side of the best cut,
    where that variance rests on too little, `mean_bound`; and never narrower than at a perfect separation.

    Args:
        auc: In [0, 1].
        variance: DeLong's, of `auc`.
        n_pairs: Independent pairs of a real and a fake: `min(n_real, n_fake)`, or with clusters their number.
        wrong: Images (with clusters: clusters) on the wrong side of the best cut, whichever way up that is.
        df: Degrees of freedom of `variance` (`delong.degrees_of_freedom`), at least 1. Defaults to infinite.
        level: Coverage, in (0, 1). Defaults to `0.95`.

    Example:
        >>> low, high = auc_interval(0.9, 0.0004, n_pairs=200, wrong=30)
        >>> round(float(low), 3), round(float(high), 3)
        (0.853, 0.933)
    """
    auc, variance, n_pairs, wrong, df = np.broadcast_arrays(
        *(np.asarray(value, float) for value in (auc, variance, n_pairs, wrong, df))
    )
    spread = auc * (1 - auc)
    usable = (wrong >= FEW) & (spread > 0)
    safe = np.where(usable, spread, 1.0)
    # rounding may leave -1e-19
    half = special.stdtrit(df, (1 + level) / 2) * np.sqrt(np.maximum(variance, 0)) / safe
    centre = special.logit(np.where(usable, auc, 0.5))
    exact = (auc, auc) if usable.all() else mean_bound(auc, n_pairs, level)
    low = np.where(usable, special.expit(centre - half), exact[0])
    high = np.where(usable, special.expit(centre + half), exact[1])
    # the width of `mean_bound` at 1, a perfect separation
    least = 1 - (1 - level) ** (1 / n_pairs)
    low = np.where(auc >= 0.5, np.minimum(low, high - least), low)
    high = np.where(auc < 0.5, np.maximum(high, low + least), high)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)
