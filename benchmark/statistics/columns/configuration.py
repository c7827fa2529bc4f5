"""A generator configuration over its training runs: the runs are the replicates, not the images of one run.

All runs are judged with the same real test images. What their choice adds to the mean does not shrink with
more runs, so it stands beside the variance between runs. Real images of one unit were chosen together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy
from scipy import special

from benchmark.statistics.columns.shared import Measured, Run, check, degrees, trainings

ONE_RUN = "cannot tell: one training run says nothing of how others differ"


class Interval(NamedTuple):
    """A value, its interval, two-sided p-value where something is tested (else NaN), and a note."""

    value: float
    low: float
    high: float
    p: float
    note: str


class _Runs(NamedTuple):
    aucs: np.ndarray  # (runs,)
    shared: np.ndarray  # (runs, k), what each unit with a real image adds to the AUC of each run
    alone: bool  # whether each image is a unit by itself
    pairs: float

    @property
    def between(self) -> float:
        """Variance of the mean from what differs between runs: training, fakes, how each meets the reals."""
        return float(self.aucs.var(ddof=1)) / len(self.aucs) if len(self.aucs) > 1 else np.nan


def configuration_interval(runs: Sequence[Run | Sequence[Run] | Measured], *, level: float = 0.95) -> Interval:
    """Returns the mean AUC over training runs and its interval.

    `t(R - 1)` over the R runs, with the component of the shared real test images (the covariance of the runs'
    AUCs through them) added under its own normal quantile; never narrower than at a perfect separation. One
    run has no interval: it says nothing about how runs differ. With units, that covariance is summed over units
    (Obuchowski, Biometrics 1997) and its quantile is a t, since units may be few. Counted coverage with 10 to 40 units
    of 2 to 20 images and 3 or 5 runs: 98 to 100 %, and 54 to 91 % if the units are not told
    (`tests/statistics/configuration_coverage.py`).

    Args:
        runs: For each training run of the generator (scores, is_fake), float and bool `(n,)`, the reals in
            the same order in all; or a list of such pairs, one for each training of the detector, which are
            averaged; or what `Measured.of` made of them. A third array gives the units `(n,)`, as `groups` of
            `metrics.measure`; a unit that holds a real image is the same in all runs, another one is of its run alone.
        level: Coverage, in (0, 1). Defaults to `0.95`.

    Example:
        >>> is_fake = [0] * 4 + [1] * 4
        >>> runs = [([1, 2, 3, 4, fake, 4.5, 5, 6], is_fake) for fake in (2.5, 3.5, 4.2)]
        >>> found = configuration_interval(runs)
        >>> round(found.value, 3), found.note
        (0.938, 'mean of 3 training runs')
        >>> configuration_interval(runs[:1]).note
        'cannot tell: one training run says nothing of how others differ'
    """
    measured = _measure(runs)
    value = float(measured.aucs.mean())
    if len(measured.aucs) == 1:
        return Interval(value, np.nan, np.nan, np.nan, ONE_RUN)
    t, z = _quantiles(measured, level)
    shared = _shared(measured)
    half = float(np.sqrt(t**2 * measured.between + z**2 * shared))
    low, high = max(value - half, 0.0), min(value + half, 1.0)
    # runs scatter unevenly near 1, where one bad run says more than t allows for: also on the logit scale
    drawn_in = (measured.aucs * measured.pairs + 0.5) / (measured.pairs + 1)
    centre, logits = drawn_in.mean(), special.logit(drawn_in)
    slope = 1 / (centre * (1 - centre))
    half = float(np.sqrt(t**2 * logits.var(ddof=1) / len(logits) + z**2 * shared * slope**2))
    low = min(low, float(special.expit(special.logit(centre) - half)))
    high = max(high, float(special.expit(special.logit(centre) + half)))
    least = 1 - (1 - level) ** (1 / measured.pairs)
    low, high = (min(low, high - least), high) if value >= 0.5 else (low, max(high, low + least))
    return Interval(value, low, high, np.nan, f"mean of {len(measured.aucs)} training runs")


def compare_configurations(
    first: Sequence[Run | Sequence[Run]], second: Sequence[Run | Sequence[Run]], *, level: float = 0.95
) -> Interval:
    """Returns the difference of the mean AUCs of two configurations that share their real test images.

    Welch's t over the runs of the two, with the shared component of the difference added to the variance. Two
    runs of each are the least; with one, compare the two cells (`compare.shared_reals`), not the
    configurations.

    Args:
        first: As in `configuration_interval`.
        second: Likewise, with the same reals in the same order.
        level: Coverage, in (0, 1). Defaults to `0.95`.

    Example:
        >>> is_fake = [0] * 4 + [1] * 4
        >>> first, second = (
        ...     [([1, 2, 3, 4, fake, 4.5, 5, 6], is_fake) for fake in fakes] for fakes in ((0.5, 1.5), (3.5, 4.2))
        ... )
        >>> found = compare_configurations(first, second)
        >>> round(found.value, 3), found.low < 0 < found.high  # two runs of each tell little
        (-0.188, True)
    """
    both = [_each(runs) for runs in (first, second)]
    check([*both[0], *both[1]])
    one, other = (_together(runs) for runs in both)
    value = float(one.aucs.mean() - other.aucs.mean())
    if min(len(one.aucs), len(other.aucs)) == 1:
        return Interval(value, np.nan, np.nan, np.nan, "one training run: configurations are not comparable")
    parts = np.array([one.between, other.between])
    df = np.array([len(one.aucs) - 1, len(other.aucs) - 1])
    crossed = float((one.shared @ other.shared.T).mean()) * _correction(one.shared.shape[1])
    shared = _shared(one) + _shared(other) - 2 * crossed
    error = float(np.sqrt(parts.sum() + max(shared, 0.0)))
    if error == 0:
        if value == 0:
            return Interval(value, value, value, 1.0, "the runs do not differ")
        return Interval(value, np.nan, np.nan, np.nan, "cannot tell: the runs of neither differ among themselves")
    # conservative: the shared part has the many degrees of freedom of the images and is not credited with
    # them
    welch = parts.sum() ** 2 / (parts**2 / df).sum() if parts.sum() > 0 else np.inf
    t = float(scipy.stats.t.ppf((1 + level) / 2, welch))
    p = float(2 * scipy.stats.t.sf(abs(value) / error, welch))
    return Interval(value, max(value - t * error, -1.0), min(value + t * error, 1.0), p, "")


def mean_interval(
    values: Any, lows: Any, highs: Any, *, bounded: bool = False, least: float = -np.inf, level: float = 0.95
) -> tuple[float, float, float]:
    """Returns the mean of a figure over trainings, files or splits, with an interval that holds however the images of
    one are shared with the others.

    `t(R - 1)` over the R values, with the mean distance to the ends of their own intervals added in squares: the spread
    of a mean of normal errors is at most the mean of their spreads, whatever their correlation. So it is conservative
    where images are not shared, and near exact where all R were tested on the same ones. A single value keeps its own
    interval out: it says nothing about how others differ.

    Args:
        values: float `(R,)`.
        lows: float `(R,)`, the lower ends of their own intervals; NaN where there is none.
        highs: Likewise.
        bounded: Whether values lie in [0, 1]: the interval then also covers what it would be on the logit scale, where
            a few values near an end scatter unevenly. Defaults to `False`.
        least: What no value can be below, such as 0 of a distance: no interval reaches there. Defaults to minus
            infinity.
        level: Coverage, in (0, 1). Defaults to `0.95`.

    Returns:
        The mean and the ends; NaN ends for one value, and where a value has no interval.

    Example:
        >>> mean, low, high = mean_interval([0.8, 0.85, 0.9], [0.75, 0.8, 0.85], [0.85, 0.9, 0.95])
        >>> round(mean, 3), round(low, 3), round(high, 3)
        (0.85, 0.716, 0.984)
    """
    values, lows, highs = (np.asarray(each, dtype=float) for each in (values, lows, highs))
    mean = float(values.mean())
    if len(values) < 2 or np.isnan([values, lows, highs]).any():
        return mean, np.nan, np.nan
    low, high = _around(values, lows, highs, level)
    if bounded:
        value, lower, upper = (special.logit(np.clip(each, 1e-6, 1 - 1e-6)) for each in (values, lows, highs))
        also = [float(special.expit(end)) for end in _around(value, lower, upper, level)]
        low, high = max(min(low, also[0]), 0.0), min(max(high, also[1]), 1.0)
    return mean, max(low, least), high


def _around(values: np.ndarray, lows: np.ndarray, highs: np.ndarray, level: float) -> tuple[float, float]:
    between = special.stdtrit(len(values) - 1, (1 + level) / 2) * values.std(ddof=1) / np.sqrt(len(values))
    ends = (np.hypot(between, (values - lows).mean()), np.hypot(between, (highs - values).mean()))
    return float(values.mean() - ends[0]), float(values.mean() + ends[1])


def _measure(runs: Sequence[Run | Sequence[Run] | Measured]) -> _Runs:
    each = _each(runs)
    check(each)
    return _together(each)


def _each(runs: Sequence[Run | Sequence[Run] | Measured]) -> list[Measured]:
    if not runs:
        raise ValueError("At least one training run is needed. Received: none.")
    return [run if isinstance(run, Measured) else Measured.of(trainings(run)) for run in runs]


def _together(runs: Sequence[Measured]) -> _Runs:
    aucs = np.array([run.part.auc for run in runs])
    alone = all(run.clusters.trivial for run in runs)
    return _Runs(aucs, np.stack([run.shared for run in runs]), alone, min(run.pairs for run in runs))


def _shared(measured: _Runs) -> float:
    """Returns the mean covariance between the AUCs of two runs through the reals they share, at least 0."""
    runs, units = measured.shared.shape
    matrix = measured.shared @ measured.shared.T * _correction(units)
    return max(float((matrix.sum() - np.trace(matrix)) / (runs * (runs - 1))), 0.0)


def _correction(n: int) -> float:
    return n / (n - 1) if n > 1 else 1.0


def _quantiles(measured: _Runs, level: float) -> tuple[float, float]:
    """Returns the quantiles for what differs between runs and for what they share."""
    t = float(special.stdtrit(len(measured.aucs) - 1, (1 + level) / 2))
    if measured.alone:
        return t, float(special.ndtri((1 + level) / 2))
    return t, float(special.stdtrit(degrees(measured.shared.mean(axis=0)), (1 + level) / 2))
