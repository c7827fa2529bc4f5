"""A detector over draws of the images that it learns from, and the number of them from which on it reaches an AUC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmark.statistics.columns.column import of_detectors
from benchmark.statistics.columns.configuration import Interval, configuration_interval, mean_interval
from benchmark.statistics.columns.shared import Run

ONE_DRAW = "cannot tell: one draw says nothing of how others differ"


def draws_interval(runs: Sequence[Sequence[Sequence[Run]]], *, drawn: bool = True) -> Interval:
    """Returns the mean AUC over draws of the images that a detector learned from, and its 95 % interval.

    Of one training run of the generator, all draws are tested on the same images, real and fake: `t(D - 1)` over the D
    draws, with the mean distance to the ends of the AUCs' own intervals added in squares,
    on the scale of the AUC and on
    that of its logit (`mean_interval`). It holds for other draws and other test images of this run. Of several runs,
    the interval over runs (`configuration_interval`), with that of the draws added in squares: draw d has the same
    reals in all runs, and what a lucky draw adds is in all of them. Coverage: `tests/benchmark/statistics/columns/
    test_draws.py`.

    Draws are of one set of labelled images: the more of it they take, the more they share, and what another set would
    be is not in the interval.

    Args:
        runs: For each training run and each draw, in one order, the trainings of the detector (its seeds), each
            `(scores, is_fake)` or `(scores, is_fake, units)`, with the reals in the same order in all.
        drawn: Whether each is a draw of several that there could be; `False` where it has all images. Defaults to
            `True`.

    Example:
        >>> is_fake = [0] * 4 + [1] * 4
        >>> draws = [[([1, 2, 3, 4, fake, 4.5, 5, 6], is_fake)] for fake in (2.5, 3.5, 4.2)]
        >>> found = draws_interval([draws])
        >>> round(found.value, 3), found.low < 0.75, found.note
        (0.938, True, 'mean of 3 draws')
        >>> draws_interval([draws[:1]]).note
        'cannot tell: one draw says nothing of how others differ'
    """
    counts = {len(draws) for draws in runs}
    if len(counts) != 1 or min(counts) < 1:
        raise ValueError(f"Every training run has the same draws. Received: {sorted(counts)}.")
    (n,) = counts
    aucs, lows, highs = np.stack([_each(draws) for draws in runs]).transpose(1, 0, 2)  # (runs, draws) each
    if drawn and n < 2:
        return Interval(float(aucs.mean()), np.nan, np.nan, np.nan, ONE_DRAW)
    said = [f"mean of {n} draws"] if drawn else []
    if len(runs) == 1:
        value, low, high = mean_interval(aucs[0], lows[0], highs[0], bounded=True) if drawn else _alone(runs[0][0])
        return Interval(value, low, high, np.nan, "; ".join(said) or "one training run")
    found = configuration_interval([[run for draw in draws for run in draw] for draws in runs])
    said.append(found.note)
    if not drawn:
        return found
    of_draws = aucs.mean(axis=0)
    value, low, high = mean_interval(of_draws, of_draws, of_draws, bounded=True)
    ends = np.hypot(value - found.low, value - low), np.hypot(found.high - value, high - value)
    return Interval(value, max(value - ends[0], 0.0), min(value + ends[1], 1.0), np.nan, "; ".join(said))


class Needed(NamedTuple):
    """How many images it takes to reach a value.

    Attributes:
        n: The smallest tried number at which the mean reaches it; NaN if none does.
        low: More than so many: up to here the interval lies below the value. NaN if that is so of none.
        high: At most so many: from here on the interval lies at the value or above. NaN if that is so of none.
        note: `"not reached"`, `"at or below the smallest number"`, or nothing.
    """

    n: float
    low: float
    high: float
    note: str


def needed(sizes: Any, values: Any, lows: Any, highs: Any, threshold: float) -> Needed:
    """Returns how many images it takes until a curve of means reaches a threshold.

    If more images do not make the detector worse, the number that is truly enough lies above `low` and up to `high` in
    95 % of cases: `low` can be too large only where the interval misses the mean on one side at a single number of
    images, and `high` too small only on the other.

    Args:
        sizes: Numbers of images, rising.
        values: The mean at each; NaN where there is none.
        lows: The lower ends of the means' 95 % intervals; NaN where nothing can be told.
        highs: Likewise, the upper ends.
        threshold: The value.

    Example:
        >>> needed([8, 16, 32, 64], [0.6, 0.8, 0.91, 0.97], [0.5, 0.7, 0.86, 0.95], [0.7, 0.88, 0.95, 0.99], 0.9)
        Needed(n=32.0, low=16.0, high=64.0, note='')
    """
    sizes, values, lows, highs = (np.asarray(each, dtype=float) for each in (sizes, values, lows, highs))
    if (np.diff(sizes) <= 0).any():
        raise ValueError(f"Numbers of images must rise. Received: {sizes.tolist()}.")
    reached = np.flatnonzero(values >= threshold)
    below = np.logical_and.accumulate(highs < threshold)
    above = np.logical_and.accumulate((lows >= threshold)[::-1])[::-1]
    first = float(sizes[reached[0]]) if len(reached) else np.nan
    note = "" if len(reached) else "not reached"
    if len(reached) and reached[0] == np.flatnonzero(~np.isnan(values))[0]:
        note = "at or below the smallest number"
    low = float(sizes[below][-1]) if below.any() else np.nan
    return Needed(first, low, float(sizes[above][0]) if above.any() else np.nan, note)


def _each(draws: Sequence[Sequence[Run]]) -> np.ndarray:
    """Returns of each draw of a training run the AUC and the ends of its interval, means over the detector's seeds."""
    flat = [run for draw in draws for run in draw]
    is_fake, units = flat[0][1], flat[0][2] if len(flat[0]) > 2 else None
    column = of_detectors({str(at): run[0] for at, run in enumerate(flat)}, is_fake, groups=units)
    three = np.stack([column.values, *column.interval(0.95)])
    cuts = np.cumsum([len(draw) for draw in draws])[:-1]
    return np.stack([part.mean(axis=1) for part in np.split(three, cuts, axis=1)], axis=1)


def _alone(trainings: Sequence[Run]) -> tuple[float, float, float]:
    value, low, high = (float(end) for end in _each([trainings])[:, 0])
    return value, low, high
