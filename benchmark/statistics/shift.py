"""How far scores have moved: a standardised difference of means between two sets of images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from benchmark.statistics.delong import satterthwaite, variance_of_mean

SAME = "cannot tell: the scores that it is measured by do not vary"


class Scored(NamedTuple):
    """Scores of a set of images, float `(n,)`, which of them are fakes, bool `(n,)`, and their units, `(n,)`."""

    scores: np.ndarray
    is_fake: np.ndarray
    units: np.ndarray


class Shift(NamedTuple):
    """By how many standard deviations a mean has moved, its interval, and a note."""

    value: float
    low: float
    high: float
    note: str


def shift(before: Scored, after: Scored, *, fake: bool, level: float = 0.95) -> Shift:
    """Returns by how much the mean score of one class has moved, in standard deviations of the scores before.

    The standard deviation is that within the two classes, their variances averaged, so that shifts of reals and of
    fakes have one unit. The interval is a t interval whose variance is the jackknife's: each unit is left out
    once, of both means and of that standard deviation (Efron, Stein, The jackknife estimate of variance, Annals of
    Statistics 1981), with Satterthwaite's degrees of freedom. The two sets share no unit. Counted coverage at 10 to 360
    images of a side: see `tests/statistics/simulate_shift.py`.

    Args:
        before: The images that the standard deviation is of.
        after: The others.
        fake: Of which class.
        level: Coverage, in (0, 1). Defaults to `0.95`.

    Example:
        >>> is_fake, units = np.repeat([False, True], 4), np.arange(8)
        >>> before = Scored(np.array([1.0, 2, 3, 4, 5, 6, 7, 8]), is_fake, units)
        >>> after = Scored(np.array([1.0, 2, 3, 4, 3, 4, 5, 6]), is_fake, units)
        >>> [round(shift(before, after, fake=side).value, 3) for side in (False, True)]
        [0.0, -1.549]
    """
    centre = float(np.mean(before.scores))  # squares of what is far from 0 would lose the digits that matter
    held, held_without = _sums(before, centre)
    moved, moved_without = _sums(after, centre)
    if not _unit(held)[0] > 0:
        return Shift(np.nan, np.nan, np.nan, SAME)
    value = _value(held, moved, fake)
    parts = [_variance(_value(held_without, moved, fake) - value), _variance(_value(held, moved_without, fake) - value)]
    half = float(
        special.stdtrit(satterthwaite(*parts)[0], (1 + level) / 2) * np.sqrt(sum(part[0][0] for part in parts))
    )
    return Shift(float(value[0]), float(value[0]) - half, float(value[0]) + half, "")


def _sums(given: Scored, centre: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns number, sum and sum of squares of the scores of reals and of fakes: `(3, 2, 1)` of all of them, and
    `(3, 2, units)` without each unit."""
    scores, is_fake = np.asarray(given.scores, float) - centre, np.asarray(given.is_fake, bool)
    names, index = np.unique(given.units, return_inverse=True)
    each = np.zeros((3, 2, len(names)))
    for power, side in np.ndindex(3, 2):
        mine = is_fake == bool(side)
        each[power, side] = np.bincount(index[mine], scores[mine] ** power, len(names))
    whole = each.sum(axis=2, keepdims=True)
    return whole, whole - each


def _value(held: np.ndarray, moved: np.ndarray, fake: bool) -> np.ndarray:
    side = int(fake)
    return (moved[1, side] / moved[0, side] - held[1, side] / held[0, side]) / _unit(held)


def _unit(held: np.ndarray) -> np.ndarray:
    n, total, squares = held
    return np.sqrt(((squares - total**2 / n).clip(min=0) / (n - 1)).mean(axis=0))


def _variance(changes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the jackknife's variance from what leaving each unit out changes, and its degrees of freedom."""
    count = int((changes != 0).sum())
    if count < 2:
        return np.zeros(1), np.ones(1)
    variance, df = variance_of_mean(changes[changes != 0][None] * (count - 1), centre=False)
    return variance, df
