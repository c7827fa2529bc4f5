"""A generator configuration over its training runs: the runs are the replicates, not the images of one run.

All runs are judged with the same real test images. What their choice adds to the mean does not shrink with
more runs, so it stands beside the variance between runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

from benchmark.statistics.delong import Components, components, covariance
from benchmark.statistics.ranking import Ranking

Run = tuple[Any, Any]


class Interval(NamedTuple):
    """A value, its interval, two-sided p-value where something is tested (else NaN), and a note."""

    value: float
    low: float
    high: float
    p: float
    note: str


class _Runs(NamedTuple):
    aucs: np.ndarray  # (runs,)
    reals: np.ndarray  # (runs, n_real), structural components
    pairs: int

    @property
    def between(self) -> float:
        """Variance of the mean from what differs between runs: training, fakes, how each meets the reals."""
        return float(self.aucs.var(ddof=1)) / len(self.aucs) if len(self.aucs) > 1 else np.nan


def configuration_interval(runs: Sequence[Run | Sequence[Run]], *, level: float = 0.95) -> Interval:
    """Returns the mean AUC over training runs and its interval.

    `t(R - 1)` over the R runs, with the component of the shared real test images (the covariance of the runs'
    AUCs through them) added under its own normal quantile; never narrower than at a perfect separation. One
    run has no interval: it says nothing about how runs differ.

    Args:
        runs: For each training run of the generator (scores, is_fake), float and bool `(n,)`, the reals in
            the same order in all; or a list of such pairs, one for each training of the detector, which are
            averaged.
        level: Coverage, in (0, 1). Defaults to `0.95`.

    Example:
        >>> is_fake = [0] * 4 + [1] * 4
        >>> runs = [([1, 2, 3, 4, fake, 4.5, 5, 6], is_fake) for fake in (2.5, 3.5, 4.2)]
        >>> found = configuration_interval(runs)
        >>> round(found.value, 3), found.note
        (0.938, 'mean of 3 training runs')
        >>> configuration_interval(runs[:1]).note
        'one training run: no interval for the configuration'
    """
    measured = _measure(runs)
    value = float(measured.aucs.mean())
    if len(measured.aucs) == 1:
        return Interval(value, np.nan, np.nan, np.nan, "one training run: no interval for the configuration")
    t, z = _quantiles(len(measured.aucs) - 1, level)
    shared = _shared(measured.reals)
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
    one, other = _measure(first), _measure(second)
    if one.reals.shape[1] != other.reals.shape[1]:
        raise ValueError(
            "The two must share their real test images, in the same order. "
            f"Received: {one.reals.shape[1]} and {other.reals.shape[1]} reals."
        )
    value = float(one.aucs.mean() - other.aucs.mean())
    if min(len(one.aucs), len(other.aucs)) == 1:
        return Interval(value, np.nan, np.nan, np.nan, "one training run: configurations are not comparable")
    parts = np.array([one.between, other.between])
    df = np.array([len(one.aucs) - 1, len(other.aucs) - 1])
    n_real = one.reals.shape[1]
    crossed = (one.reals - one.reals.mean(1, keepdims=True)) @ (other.reals - other.reals.mean(1, keepdims=True)).T
    shared = _shared(one.reals) + _shared(other.reals) - 2 * float(crossed.mean()) / (n_real - 1) / n_real
    error = float(np.sqrt(parts.sum() + max(shared, 0.0)))
    if error == 0:
        return Interval(value, value, value, 1.0 if value == 0 else 0.0, "the runs do not differ")
    # conservative: the shared part has the many degrees of freedom of the images and is not credited with
    # them
    welch = parts.sum() ** 2 / (parts**2 / df).sum() if parts.sum() > 0 else np.inf
    t = float(stats.t.ppf((1 + level) / 2, welch))
    p = float(2 * stats.t.sf(abs(value) / error, welch))
    return Interval(value, max(value - t * error, -1.0), min(value + t * error, 1.0), p, "")


def _measure(runs: Sequence[Run | Sequence[Run]]) -> _Runs:
    averaged = [_average(run) for run in runs]
    if not averaged:
        raise ValueError("At least one training run is needed. Received: none.")
    n_real = {len(part.reals) for part in averaged}
    if len(n_real) > 1:
        raise ValueError(f"All runs must share their real test images. Received: {sorted(n_real)} reals.")
    pairs = min(min(len(part.reals), len(part.fakes)) for part in averaged)
    return _Runs(np.array([part.auc for part in averaged]), np.stack([part.reals for part in averaged]), pairs)


def _average(run: Run | Sequence[Run]) -> Components:
    trainings = [run] if isinstance(run, tuple) else list(run)
    parts = [components(Ranking.of(scores, is_fake)) for scores, is_fake in trainings]
    fakes = np.mean([part.fakes for part in parts], axis=0)
    reals = np.mean([part.reals for part in parts], axis=0)
    return Components(float(np.mean([part.auc for part in parts])), fakes, reals)


def _shared(reals: np.ndarray) -> float:
    """Returns the mean covariance between the AUCs of two runs through the reals they share, at least 0."""
    runs = len(reals)
    parts = [Components(float(row.mean()), np.zeros(2), row) for row in reals]
    matrix = covariance(parts)[1]
    return max(float((matrix.sum() - np.trace(matrix)) / (runs * (runs - 1))), 0.0)


def _quantiles(df: int, level: float) -> tuple[float, float]:
    return float(stats.t.ppf((1 + level) / 2, df)), float(stats.norm.ppf((1 + level) / 2))
