"""Intervals of sums and differences of mean squares.

Modified large-sample ones: Ting, Burdick, Graybill, Jeyaratnam, Lu, "Confidence intervals on linear combinations of
variance components that are unrestricted in sign" (Journal of Statistical Computation and Simulation 1990).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special


def interval(terms: Sequence[tuple[float, float, float]], level: float = 0.95) -> tuple[float, float, float]:
    """Returns a sum of mean squares and its interval; all three are at least 0, as variances are.

    Args:
        terms: Coefficient, mean square and degrees of freedom of each.
        level: Coverage, in (0, 1). Defaults to `0.95`.

    Example:
        >>> [round(end, 3) for end in interval([(1.0, 2.0, 4.0)])]  # of one: that of a chi-square
        [2.0, 0.718, 16.515]
        >>> [round(end, 3) for end in interval([(0.2, 2.0, 4.0), (-0.2, 1.0, 20.0)])]
        [0.2, 0.0, 3.091]
    """
    terms = [term for term in terms if abs(term[0]) * term[1] > 0]
    value = sum(coefficient * square for coefficient, square, _ in terms)
    tail = (1 - level) / 2
    up = [(abs(c) * square, df) for c, square, df in terms if c > 0]
    down = [(abs(c) * square, df) for c, square, df in terms if c < 0]
    low = value - np.sqrt(max(_spread(up, down, tail, lower=True), 0.0))
    high = value + np.sqrt(max(_spread(up, down, tail, lower=False), 0.0))
    return max(value, 0.0), max(float(low), 0.0), max(float(high), 0.0)


def _spread(up: list[tuple[float, float]], down: list[tuple[float, float]], tail: float, *, lower: bool) -> float:
    """The squared distance of an end from the value; at the upper one the two kinds of terms change their places."""
    total = 0.0
    for own, other in ((up, down), (down, up)) if lower else ((down, up), (up, down)):
        short = own is (up if lower else down)  # these terms may have come out too large
        total += sum((_g(df, tail) if short else _h(df, tail)) ** 2 * part**2 for part, df in own)
        if short:
            total += sum(_pair(df, df2, tail) * part * part2 for part, df in own for part2, df2 in other)
    return total


# the quantiles are those of `scipy.stats`, whose own checks take twenty times as long


def _g(df: float, tail: float) -> float:
    return float(1 - df / special.chdtri(df, tail))


def _h(df: float, tail: float) -> float:
    return float(df / (2 * special.gammaincinv(df / 2, tail)) - 1)


def _pair(df: float, other: float, tail: float) -> float:
    f = float(special.fdtri(df, other, 1 - tail))
    return ((f - 1) ** 2 - _g(df, tail) ** 2 * f**2 - _h(other, tail) ** 2) / f
