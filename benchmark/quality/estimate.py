"""A number with its 95 % interval, and the two intervals that the quality measures share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

Z = float(scipy.special.ndtri(0.975))
Groups = tuple[np.ndarray | None, np.ndarray | None]  # of two samples, see `normal`


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 95 % interval; NaN where there is none."""

    value: float
    low: float
    high: float


def normal(
    value: float, *influences: np.ndarray, groups: Sequence[np.ndarray | None] = (), least: float = -math.inf
) -> Estimate:
    """Returns the normal interval whose variance is that of the influence of each image.

    The variance is the infinitesimal jackknife's: the sum over independent samples of `var(influence) / n`. Images of
    one group (a person) are not independent: their influences are summed first, also over samples that have the group
    in common, and the interval is that of the t distribution for so many groups.

    Args:
        value: The estimate.
        influences: For each sample the influence `(n,)` of its images on the estimate.
        groups: For each sample int `(n,)`, equal for images that belong together, or `None` where all are independent.
            Defaults to none for all.
        least: The smallest value that there can be. Defaults to none.

    References:
        Efron (1982), The jackknife, the bootstrap and other resampling plans, chapter 6.
        Cameron, Miller (2015), A practitioner's guide to cluster-robust inference, Journal of Human Resources 50,
        sections 2 and 6.
    """
    grouped = [at for at, each in enumerate(groups) if each is not None]
    variance = sum(float(np.var(each, ddof=1)) / len(each) for at, each in enumerate(influences) if at not in grouped)
    quantile = Z
    if grouped:
        chosen = [np.asarray(groups[at]) for at in grouped]
        variance += group_variance([influences[at] for at in grouped], chosen)
        quantile = float(scipy.stats.t.ppf(0.975, max(1, min(len(np.unique(each)) for each in chosen) - 1)))
    half = quantile * math.sqrt(variance)
    return Estimate(float(value), max(least, float(value) - half), float(value) + half)


def share(p: float, n: float) -> Estimate:
    """Returns Wilson's interval for a share of `n` independent images; `n` may be an effective number.

    References:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return Estimate(float(p), max(0.0, min(centre - half, float(p))), min(1.0, max(centre + half, float(p))))


def numbered(groups: np.ndarray | None, n: int) -> np.ndarray:
    """Returns int64 `(n,)`, the groups counted from 0; without groups each image has a number of its own."""
    return np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1].reshape(-1)


def group_variance(influences: Sequence[np.ndarray], groups: Sequence[np.ndarray]) -> float:
    """Returns the variance of an estimate from the influences `(n,)` of the images of samples with groups `(n,)`."""
    names, index = np.unique(np.concatenate(groups), return_inverse=True)
    total, start = np.zeros(len(names)), 0
    for each, mine in zip(influences, groups, strict=True):
        sums = np.bincount(index[start : start + len(mine)], weights=each - each.mean(), minlength=len(names))
        count = len(np.unique(mine))
        # k / (k - 1) for k groups, as a sample variance has it for its images
        total += sums / len(mine) * math.sqrt(count / max(count - 1, 1))
        start += len(mine)
    return float((total**2).sum())
