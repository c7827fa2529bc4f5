"""Limits from held-out images by their order alone, and the exact law of the share beyond such a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv

from data.errors import UserError

LEVEL = 0.95  # of the intervals


@dataclass(frozen=True)
class Limit:
    """A limit that few images of a kind reach, set on `n` units of that kind; one that reaches it is called.

    Attributes:
        value: The limit; infinite where so few units cannot set one.
        n: Units that it was set on.
        rate: The share of new units of the kind that is called, on average over such sets of `n`; at most this with
            ties, where it is exact without.
        low: Lower end of the interval of the share that this very limit calls.
        high: Upper end.
    """

    value: float
    n: int
    rate: float
    low: float
    high: float


def calls_for(n: int, rate: float) -> int:
    """Returns the largest `k` with `k / (n + 1) <= rate`: so many of `n + 1` exchangeable units may be called.

    Args:
        n: Units that the limit is set on.
        rate: In (0, 1).

    Example:
        >>> calls_for(18, 0.05), calls_for(19, 0.05), calls_for(199, 0.05)
        (0, 1, 10)
    """
    return min(n, math.floor(rate * (n + 1) * (1 + 1e-12)))  # 0.29 * 100 is 28.999999999999996


def sure_calls_for(n: int, rate: float, level: float = LEVEL) -> int:
    """Returns the largest `k` with which the share called is at most `rate` with a probability of `level`, 0 for none.

    The share beyond the `k`-th largest of `n` follows Beta(k, n + 1 - k) (Wilks, "Determination of sample sizes for
    setting tolerance limits", Annals of Mathematical Statistics 1941).

    Args:
        n: Units that the limit is set on.
        rate: In (0, 1).
        level: In (0, 1). Defaults to `0.95`.

    Example:
        >>> sure_calls_for(298, 0.01), sure_calls_for(299, 0.01), sure_calls_for(2000, 0.01)
        (0, 1, 13)
    """
    k = np.arange(1, calls_for(n, rate) + 1)
    return int((betainc(k, n + 1 - k, rate) >= level).sum())  # it falls as k grows


def upper_limit(scores: np.ndarray, calls: int, units: np.ndarray | None = None, level: float = LEVEL) -> Limit:
    """Returns a limit that a new unit rarely reaches.

    Of `n` units the limit lies just above the `k`-th largest score, so a new unit's score is beyond it with a
    probability of `k / (n + 1)`, whatever the scores' distribution is (Vovk, Gammerman and Shafer, "Algorithmic
    Learning in a Random World", 2005, section 2.2; inductive: Papadopoulos et al., ECML 2002). The share that a limit
    calls follows Beta(k, n + 1 - k); with ties it is smaller, and the lower end is then that of the units seen beyond.

    A unit's score is its largest one: it is called if any of its images is.

    Args:
        scores: Finite scores `(m,)`, higher is called first.
        calls: `k`, from `calls_for` or `sure_calls_for`; 0 sets no limit.
        units: Ids `(m,)` of what is not independent. Defaults to `None`, each score is a unit.
        level: Of the interval. Defaults to `0.95`.

    Raises:
        UserError: If a score is not finite.

    Example:
        >>> limit = upper_limit(np.arange(99.0), calls_for(99, 0.05))
        >>> limit.n, limit.rate, limit.value > 94, limit.value < 95
        (99, 0.05, True, True)
        >>> round(limit.low, 3), round(limit.high, 3)
        (0.017, 0.1)
    """
    values = largest(scores, units)
    if not np.isfinite(values).all():
        raise UserError("A limit needs finite scores. Received: NaN or infinity.")
    n, tail = len(values), (1 - level) / 2
    if not calls:
        return Limit(math.inf, n, 0.0, 0.0, 0.0)
    at = float(np.sort(values)[n - calls])
    beyond = int((values > at).sum())
    low = betaincinv(calls, n + 1 - calls, tail)
    if beyond < calls - 1:  # ties at the limit: none of them is called
        low = betaincinv(beyond, n + 1 - beyond, tail) if beyond else 0.0
    high = betaincinv(calls, n + 1 - calls, 1 - tail)
    return Limit(float(np.nextafter(at, math.inf)), n, calls / (n + 1), float(low), float(high))


def largest(scores: np.ndarray, units: np.ndarray | None) -> np.ndarray:
    """Returns each unit's largest score, float64 `(units,)`.

    Example:
        >>> largest(np.array([1.0, 5.0, 2.0]), np.array([7, 7, 9])).tolist()
        [5.0, 2.0]
    """
    scores = np.asarray(scores, np.float64)
    if units is None:
        return scores
    _, inverse = np.unique(units, return_inverse=True)
    best = np.full(int(inverse.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(best, inverse, scores)
    return best
