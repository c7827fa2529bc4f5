"""A number with its 95 % interval, and the two intervals that the quality measures share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

Z = float(norm.ppf(0.975))


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 95 % interval; NaN where there is none."""

    value: float
    low: float
    high: float


def normal(value: float, *influences: np.ndarray, least: float = -math.inf) -> Estimate:
    """Returns the normal interval whose variance is that of the influence of each image.

    The variance is the infinitesimal jackknife's: the sum over independent samples of `var(influence) / n`.

    Args:
        value: The estimate.
        influences: For each independent sample the influence `(n,)` of its images on the estimate.
        least: The smallest value that there can be. Defaults to none.

    References:
        Efron (1982), The jackknife, the bootstrap and other resampling plans, chapter 6.
    """
    half = Z * math.sqrt(sum(float(np.var(each, ddof=1)) / len(each) for each in influences))
    return Estimate(float(value), max(least, float(value) - half), float(value) + half)


def share(p: float, n: float) -> Estimate:
    """Returns Wilson's interval for a share of `n` independent images; `n` may be an effective number.

    References:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return Estimate(float(p), max(0.0, min(centre - half, float(p))), min(1.0, max(centre + half, float(p))))
