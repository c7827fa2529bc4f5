"""The smallest effect that so many images can show."""

from __future__ import annotations

import numpy as np
from scipy import special, stats


def smallest_auc(n_real: float, n_fake: float, *, level: float = 0.01, power: float = 0.8) -> float:
    """Returns the smallest AUC above 0.5 that a one-sided test of chance sees with a given power.

    The rank sum's variance under chance for the limit, and Noether's approximation at the alternative (JASA 1987).
    NaN where even a perfect separation cannot reach the level: it is one of `C(n_real + n_fake, n_fake)` orders.

    Args:
        n_real: Independent reals.
        n_fake: Independent fakes.
        level: Chance of a false alarm, in (0, 1). Defaults to `0.01`.
        power: How often such an effect is seen. Defaults to `0.8`.

    Example:
        >>> round(smallest_auc(1000, 1000), 3)
        0.541
        >>> smallest_auc(3, 3)
        nan
    """
    if not (n_real >= 1 and n_fake >= 1):
        return float("nan")
    orders = special.gammaln(n_real + n_fake + 1) - special.gammaln(n_real + 1) - special.gammaln(n_fake + 1)
    if -orders > np.log(level):
        return float("nan")
    error = np.sqrt((n_real + n_fake + 1) / (12 * n_real * n_fake))
    gap = float((stats.norm.isf(level) + stats.norm.isf(1 - power)) * error)
    return min(1.0, 0.5 + gap)
