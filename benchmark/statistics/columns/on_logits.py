"""Variances of nested effects on the logit scale of an AUC, brought back to the AUC's own scale.

Near 1 the AUCs of several trainings are skewed, and the interval of a variance that takes them for normal is too short.
Their logits are nearly normal. What a variance of logits is on the AUC's scale depends on where their mean lies, which
is not known either: both uncertainties are put together by their logarithms, squared and added (Zou, Donner,
Construction of confidence limits about effect measures: a general approach, Statistics in Medicine 2008).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(31)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
LEAST = 1e-12  # a variance of 0 has no logarithm

Estimate = tuple[float, float, float]  # a variance, and the ends of its interval


def variance(centre: float, before: float, own: float, after: float) -> float:
    """Returns the variance that one of nested effects adds to an AUC.

    Args:
        centre: Mean of the logits.
        before: Variance of the logits by the effects that it is nested in.
        own: By itself.
        after: By those that are nested in it: what it adds is that of their mean.

    Example:
        >>> round(variance(0.0, 0.0, 0.01, 0.0), 6)  # a small effect: its variance times the squared slope, 1/16
        0.000622
    """
    (one, outer), (two, inner), (three, rest) = map(_points, (before, own, after))
    means = special.expit(centre + one[:, None, None] + two[:, None] + three) @ rest
    return float(outer @ ((means - (means @ inner)[:, None]) ** 2 @ inner))


def _points(spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns where a normal with this variance is looked at, and with which weights."""
    return (np.sqrt(spread) * NODES, WEIGHTS) if spread > 0 else (np.zeros(1), np.ones(1))


def intervals(found: Sequence[Estimate], centre: float, reach: float) -> list[tuple[float, float]]:
    """Returns the intervals of the variances of nested effects on the AUC's scale.

    Args:
        found: Of the logits, from the outermost effect on; NaN for one that is not apart from the next.
        centre: Mean of the logits.
        reach: Half the length of its interval.

    Example:
        >>> ((low, high),) = intervals([(0.01, 0.005, 0.05)], 2.0, 0.0)
        >>> round(low, 6), round(high, 6)
        (5.5e-05, 0.000569)
        >>> ((low, high),) = intervals([(0.01, 0.005, 0.05)], 2.0, 0.2)  # where the mean lies is not known
        >>> round(low, 6), round(high, 6)
        (5.2e-05, 0.000584)
    """
    known = np.nan_to_num([own for own, _, _ in found])
    bounds = []
    for at, (own, low, high) in enumerate(found):
        if np.isnan(own):
            bounds.append((np.nan, np.nan))
            continue
        before, after = float(known[:at].sum()), float(known[at + 1 :].sum())
        middle, lowest, highest = (variance(centre, before, max(each, LEAST), after) for each in (own, low, high))
        # steepest at a logit of 0, which may lie within reach
        there = (centre - reach, centre + reach, float(np.clip(0, centre - reach, centre + reach)))
        moved = [np.log(variance(place, before, max(own, LEAST), after) / middle) for place in there]
        down = np.hypot(np.log(middle / lowest), min(*moved, 0.0))
        up = np.hypot(np.log(highest / middle), max(*moved, 0.0))
        bounds.append((float(middle * np.exp(-down)) if low > 0 else 0.0, float(middle * np.exp(up))))
    return bounds
