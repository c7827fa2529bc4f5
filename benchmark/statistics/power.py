"""The smallest effect that so many images can show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy
from scipy import optimize, special

from benchmark.statistics import intervals


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
    gap = float((scipy.stats.norm.isf(level) + scipy.stats.norm.isf(1 - power)) * error)
    return min(1.0, 0.5 + gap)


def smallest_difference(
    n_real: float,
    n_fake: float,
    *,
    auc: float = 0.9,
    correlation: float = 0.5,
    level: float = 0.05,
    power: float = 0.8,
) -> float:
    """Returns by how much a detector must be worse than one with AUC `auc` for a paired two-sided test to see it.

    Normal scores of equal variance; the test of `compare.paired`, for one pair, not adjusted for more. Where the better
    of the two has fewer than `intervals.FEW` images on the wrong side, McNemar's exact test must see it too. NaN where
    not even chance is seen to be worse.

    Args:
        n_real: Independent reals.
        n_fake: Independent fakes.
        auc: Of the better one, in (0.5, 1). Defaults to `0.9`.
        correlation: Of the two AUCs, over test sets. Defaults to `0.5`.
        level: Chance of a false alarm, in (0, 1). Defaults to `0.05`.
        power: How often such a difference is seen. Defaults to `0.8`.

    Example:
        >>> round(smallest_difference(1000, 1000), 3)
        0.02
        >>> round(smallest_difference(1000, 1000, auc=0.99), 3)
        0.005
        >>> smallest_difference(4, 4)
        nan
    """
    df = max(min(n_real, n_fake) - 1, 1)
    needed = _needed(df, level, power)

    def lacking(gap: float) -> float:
        one, other = (sum(_variance(value, n_real, n_fake)) for value in (auc, auc - gap))
        error = np.sqrt(max(one + other - 2 * correlation * np.sqrt(one * other), 0.0))
        wrong = [_wrong(value, n_real, n_fake) for value in (auc, auc - gap)]
        if wrong[0] < intervals.FEW and _told_by_counts(wrong[0], wrong[1], correlation, level) < power:
            return -1.0
        return float(gap - needed * error)

    return _root(lacking, auc - 0.5)


def smallest_between_runs(
    runs: int,
    spread: float,
    n_real: float,
    n_fake: float,
    *,
    auc: float = 0.9,
    correlation: float = 0.9,
    level: float = 0.05,
    power: float = 0.8,
) -> float:
    """Returns by how much the mean AUC of one configuration must be lower for Welch's test over runs to see it.

    Two configurations with equally many training runs, judged with the same real test images
    (`configuration.compare_configurations`). NaN with one run: runs are the replicates.

    Args:
        runs: Training runs of each.
        spread: Standard deviation of the AUC between training runs, were the test images endless.
        n_real: Independent reals, the same in all runs.
        n_fake: Independent fakes of each run.
        auc: Of the better one, in (0.5, 1). Defaults to `0.9`.
        correlation: Of what the reals add to the two AUCs, which one detector judges. Defaults to `0.9`.
        level: Chance of a false alarm, in (0, 1). Defaults to `0.05`.
        power: How often such a difference is seen. Defaults to `0.8`.

    Example:
        >>> round(smallest_between_runs(3, 0.01, 1000, 1000), 3)
        0.041
        >>> smallest_between_runs(1, 0.01, 1000, 1000)
        nan
    """
    if runs < 2:
        return float("nan")
    needed = _needed_by_welch(runs, level, power)

    def lacking(gap: float) -> float:
        sides = [_variance(value, n_real, n_fake) for value in (auc, auc - gap)]
        own = sum((spread**2 + of_fakes) / runs for of_fakes, _ in sides)
        one, other = (of_reals for _, of_reals in sides)
        return float(gap - needed * np.sqrt(own + one + other - 2 * correlation * np.sqrt(one * other)))

    return _root(lacking, auc - 0.5)


def _variance(auc: float, n_real: float, n_fake: float) -> tuple[float, float]:
    """Returns what fakes and reals add to the variance of an AUC of normal scores of equal variance.

    The chance that two fakes both score above one real is that of two normals with correlation 1/2, by Owen's T.
    """
    z = special.ndtri(auc)
    of_one = auc - 2 * special.owens_t(z, 1 / np.sqrt(3)) - auc**2
    rest = (auc * (1 - auc) - 2 * of_one) / (n_real * n_fake)
    return of_one / n_fake + rest / 2, of_one / n_real + rest / 2


def _wrong(auc: float, n_real: float, n_fake: float) -> float:
    """Returns how many images are expected on the wrong side of the best cut."""
    return float(special.ndtr(-special.ndtri(auc) / np.sqrt(2)) * (n_real + n_fake))


def _needed(df: float, level: float, power: float) -> float:
    """Returns how many standard errors an effect must have for a two-sided t test to see it so often."""
    critical = scipy.stats.t.isf(level / 2, df)
    if df > 200:  # the noncentral t is the normal by then
        return float(critical + scipy.stats.norm.isf(1 - power))
    return float(optimize.brentq(lambda effect: scipy.stats.nct.sf(critical, df, effect) - power, 0.0, 10 * critical))


def _needed_by_welch(runs: int, level: float, power: float) -> float:
    """Returns the same for Welch's test of two means of so many runs with equal variances."""
    rng = np.random.default_rng(runs)
    one, other = rng.chisquare(runs - 1, size=(2, 4000)) / (runs - 1)
    df = (one + other) ** 2 * (runs - 1) / (one**2 + other**2)
    cuts = special.stdtrit(df, 1 - level / 2) * np.sqrt((one + other) / 2)
    return float(optimize.brentq(lambda effect: special.ndtr(effect - cuts).mean() - power, 0.0, 100.0))


def _told_by_counts(fewer: float, more: float, overlap: float, level: float) -> float:
    """Returns how often McNemar's exact test tells the two, of so many expected images on the wrong side of each."""
    only = [scipy.stats.poisson.pmf(np.arange(80), max(side - overlap * fewer, 1e-9)) for side in (fewer, more)]
    few, many = np.meshgrid(np.arange(80), np.arange(80), indexing="ij")
    told = (few < many) & (2 * scipy.stats.binom.cdf(few, few + many, 0.5) <= level)
    return float((only[0][:, None] * only[1][None, :] * told).sum())


def _root(lacking: Callable[[float], float], most: float) -> float:
    """Returns the smallest effect up to `most` that is not lacking, to 1e-6; NaN if there is none."""
    if not lacking(most) >= 0:
        return float("nan")
    low, high = 0.0, most
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if lacking(middle) >= 0 else (middle, high)
    return high
