"""Several tests or intervals that are to hold together.

Those whose joint distribution is known share one distribution of the largest of them (max-T); those that rest on counts
are joined to it by the sum of their probabilities (Bonferroni; stepwise Holm).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import scipy
from scipy import special

DRAWS = 8192  # a power of two, as Sobol points need
AT_ONCE = 2_000_000  # numbers held in memory


def drawn(covariance: np.ndarray, contrasts: np.ndarray, *, draws: int = DRAWS, seed: int = 0) -> Iterator[np.ndarray]:
    """Yields chunks `(m, b)` of standard normals that vary together as contrasts of estimates do.

    Args:
        covariance: `(k, k)`, of the estimates.
        contrasts: `(m, k)`. One without variance is 0 in all draws.
        draws: How many in all. Defaults to `DRAWS`.
        seed: Defaults to `0`.

    Example:
        >>> import numpy as np
        >>> chunk = next(drawn(np.eye(2), np.array([[1.0, -1.0], [-1.0, 1.0]]), draws=4))
        >>> chunk.shape, bool(np.allclose(chunk[0], -chunk[1]))
        ((2, 4), True)
    """
    factor = contrasts @ _root(covariance.tobytes(), len(covariance))
    length = np.sqrt((factor**2).sum(axis=1, keepdims=True))
    scale = np.sqrt((contrasts**2) @ np.diag(covariance)[:, None])
    # what is left of two equal rows is rounding
    factor = np.where(length > 1e-9 * scale, factor / np.maximum(length, 1e-300), 0.0).astype(np.float32)
    normals = _normals(draws, len(covariance), seed)
    rows = max(1, AT_ONCE // len(contrasts))
    for start in range(0, draws, rows):
        yield factor @ normals[:, start : start + rows]


@lru_cache(maxsize=2)
def _root(covariance: bytes, k: int) -> np.ndarray:
    # asked for once for each member that may be the best
    sizes, vectors = np.linalg.eigh(np.frombuffer(covariance).reshape(k, k))
    return vectors * np.sqrt(np.maximum(sizes, 0))


@lru_cache(maxsize=8)
def _normals(draws: int, k: int, seed: int) -> np.ndarray:
    # points that fill the space evenly: quantiles of a maximum come out nearer than from as many random ones
    rng = np.random.default_rng([seed, 0x6D617854])  # "maxT" in ASCII, for a stream of its own
    points = scipy.stats.qmc.Sobol(k, seed=rng).random(draws)
    return special.ndtri(np.clip(points, 1e-12, 1 - 1e-12)).T.astype(np.float32, order="C")


def step_down(
    p: np.ndarray, covariance: np.ndarray, contrasts: np.ndarray, by_counts: np.ndarray, *, draws: int = DRAWS
) -> np.ndarray:
    """Returns two-sided p-values `(m,)` adjusted for the family, stepping down from the smallest.

    Romano, Wolf, "Exact and approximate stepdown methods for multiple hypothesis testing" (JASA 2005): at each step
    the hypotheses that are left count. The share of draws whose largest statistic among the known ones is as extreme,
    plus the p-value for each that rests on counts; never more than Holm's. With no known one it is Holm's.

    Args:
        p: `(m,)`, unadjusted.
        covariance: `(k, k)`, of the estimates.
        contrasts: `(m, k)`, what each hypothesis says to be 0.
        by_counts: bool `(m,)`, whether the joint distribution of the p-value with others is not known.
        draws: Defaults to `DRAWS`.

    Example:
        >>> import numpy as np
        >>> by_counts = np.array([True, True])
        >>> step_down(np.array([0.03, 0.01]), np.eye(2), np.eye(2), by_counts).tolist()
        [0.03, 0.02]
    """
    m = len(p)
    order = np.argsort(p, kind="stable")
    sorted_p, counts = p[order], by_counts[order]
    known = ~counts
    left = m - np.arange(m)
    adjusted = sorted_p * left
    if known.sum() > 1:
        z = -special.ndtri(np.maximum(sorted_p, 1e-300) / 2)
        exceeding = np.zeros(m)
        for chunk in drawn(covariance, contrasts[order][known], draws=draws):
            sizes, largest = iter(np.abs(chunk)[::-1]), np.zeros(chunk.shape[1])
            for at in reversed(range(m)):  # the largest among this one and those after it
                if known[at]:
                    np.maximum(largest, next(sizes), out=largest)
                exceeding[at] += np.count_nonzero(largest >= z[at])
        others = np.cumsum(counts[::-1])[::-1] * sorted_p
        adjusted = np.minimum(adjusted, (1 + exceeding) / (1 + draws) + others)
    adjusted = np.minimum(np.maximum.accumulate(np.maximum(adjusted, sorted_p)), 1.0)
    result = np.empty(m)
    result[order] = adjusted
    return result


def tail_of_each(
    covariance: np.ndarray,
    contrasts: np.ndarray,
    by_counts: np.ndarray,
    *,
    level: float = 0.95,
    one_sided: bool = False,
    draws: int = DRAWS,
) -> float:
    """Returns how often each of several intervals may fail so that all hold together with `level`.

    Args:
        covariance: `(k, k)`, of the estimates.
        contrasts: `(m, k)`, what each interval is for.
        by_counts: bool `(m,)`, as in `step_down`.
        level: Of all together, in (0, 1). Defaults to `0.95`.
        one_sided: Whether each is a lower bound of its contrast. Defaults to `False`.
        draws: Defaults to `DRAWS`.

    Example:
        >>> import numpy as np
        >>> none = np.array([False, False])
        >>> tail = tail_of_each(np.eye(2), np.eye(2), none)
        >>> 0.025 < tail < 0.026  # of two independent ones: 1 - sqrt(0.95)
        True
    """
    known, number = ~by_counts, int(by_counts.sum())
    budget = 1 - level
    if known.sum() == 0:
        return budget / max(number, 1)
    chunks = drawn(covariance, contrasts[known], draws=draws)
    largest = np.concatenate([(chunk if one_sided else np.abs(chunk)).max(axis=0) for chunk in chunks])
    sides = 1 if one_sided else 2
    if number == 0:
        at = int(np.ceil(level * (len(largest) - 1)))  # the quantile, or the next higher
        return float(sides * special.ndtr(-np.partition(largest, at)[at]))
    tails = np.sort(sides * special.ndtr(-largest))
    low, high = budget / len(by_counts), budget / number
    for _ in range(40):
        middle = (low + high) / 2
        if np.searchsorted(tails, middle, side="right") / draws + number * middle <= budget:
            low = middle
        else:
            high = middle
    return low
