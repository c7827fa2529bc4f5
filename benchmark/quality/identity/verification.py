"""How well an embedding tells persons apart that it did not learn from: the AUC of pairs of images."""

from __future__ import annotations

import numpy as np

from benchmark.quality.estimate import Estimate
from benchmark.statistics.bootstrap import on_logits, replicates
from benchmark.statistics.clusters import Clusters
from detection.selection import auc_of

BINS = 512  # of similarities, for the resamples only
AT_ONCE = 32  # resamples
NONE = Estimate(np.nan, np.nan, np.nan)


def auc(embedded: np.ndarray, identity: np.ndarray, copy: np.ndarray, unit: np.ndarray) -> Estimate:
    """Returns the chance that two images of one person are more alike than images of two persons.

    Every pair of images counts but copies of one picture. The 95 % interval is a bootstrap over units (persons,
    and persons who share a picture): all pairs of a unit come and go together, and a unit that is drawn twice is not
    paired with itself.

    Args:
        embedded: `(n, k)`, rows of length 1.
        identity: `(n,)`, who each image shows.
        copy: `(n,)`, equal for copies of one picture.
        unit: `(n,)`, equal for images that are not independent; those of one person are such.

    Returns:
        The estimate, not a number without pairs of both kinds.
    """
    names, member = np.unique(unit, return_inverse=True)
    first, second = np.triu_indices(len(identity), 1)
    kept = copy[first] != copy[second]
    first, second = first[kept], second[kept]
    alike, same = (embedded @ embedded.T)[first, second], identity[first] == identity[second]
    if not same.any() or same.all():
        return NONE
    value = auc_of(alike, same)
    bins = np.clip(((alike + 1) / 2 * BINS).astype(int), 0, BINS - 1)
    at = np.sort([member[first], member[second]], axis=0)
    inside, between = ~same & (at[0] == at[1]), ~same & (at[0] != at[1])
    mine = _counted(at[0][same], bins[same], len(names))
    within = _counted(at[0][inside], bins[inside], len(names))
    both, row = np.unique(at[0][between] * len(names) + at[1][between], return_inverse=True)
    across, met = _counted(row, bins[between], len(both)), np.divmod(both, len(names))

    def statistic(weights: np.ndarray) -> np.ndarray:
        parts = np.array_split(weights, max(1, len(weights) // AT_ONCE))
        return np.concatenate([_of(mine, within, across, met, part) for part in parts])[:, None]

    independent = Clusters.of(None, np.zeros(len(names), bool))
    resampled = replicates(statistic, independent)[:, 0]
    least = 1 / (10 * same.sum() * (~same).sum())
    return Estimate(value, *on_logits(value, resampled, df=len(names) - 1, least=float(least)))


def _counted(row: np.ndarray, bins: np.ndarray, rows: int) -> np.ndarray:
    """Counts pairs, `(rows, bins)`."""
    counts = np.bincount(row * BINS + bins, minlength=rows * BINS).reshape(rows, BINS)
    return counts.astype(float)


def _of(
    mine: np.ndarray, within: np.ndarray, across: np.ndarray, met: tuple[np.ndarray, np.ndarray], weights: np.ndarray
) -> np.ndarray:
    """Returns the AUC `(b,)` of resamples of units, `(b, u)`.

    Args:
        mine: Pairs of one person, `(u, bins)`.
        within: Pairs of two persons of one unit, `(u, bins)`.
        across: Pairs of two persons of two units, `(m, bins)`.
        met: Which two units those are, `(m,)` each.
        weights: How often each unit was drawn.
    """
    same = weights @ mine
    other = (weights[:, met[0]] * weights[:, met[1]]) @ across + weights @ within
    # pairs in one bin count half, as ties do
    below = np.cumsum(other, axis=1) - other / 2
    with np.errstate(invalid="ignore"):
        return np.asarray((same * below).sum(axis=1) / (same.sum(axis=1) * other.sum(axis=1)))
