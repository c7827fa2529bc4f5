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


def auc(embedded: np.ndarray, identity: np.ndarray, copy: np.ndarray) -> Estimate:
    """Returns the chance that two images of one person are more alike than images of two persons.

    Every pair of images counts but copies of one picture. The 95 % interval is a bootstrap over persons: all pairs of a
    person come and go together, and a person that is drawn twice is not paired with itself.

    Args:
        embedded: `(n, k)`, rows of length 1.
        identity: `(n,)`, who each image shows.
        copy: `(n,)`, equal for copies of one picture.

    Returns:
        The estimate, not a number without pairs of both kinds.
    """
    names, person = np.unique(identity, return_inverse=True)
    first, second = np.triu_indices(len(person), 1)
    kept = copy[first] != copy[second]
    first, second = first[kept], second[kept]
    alike, same = (embedded @ embedded.T)[first, second], person[first] == person[second]
    if not same.any() or same.all():
        return NONE
    value = auc_of(alike, same)
    counts = np.zeros((len(names), len(names), BINS))
    bins = np.clip(((alike + 1) / 2 * BINS).astype(int), 0, BINS - 1)
    np.add.at(counts, (person[first], person[second], bins), 1.0)
    mine = counts[np.arange(len(names)), np.arange(len(names))]
    across = counts.copy()
    across[np.arange(len(names)), np.arange(len(names))] = 0.0

    def statistic(weights: np.ndarray) -> np.ndarray:
        found = [_of(mine, across, part) for part in np.array_split(weights, max(1, len(weights) // AT_ONCE))]
        return np.concatenate(found)[:, None]

    persons = Clusters.of(None, np.zeros(len(names), bool))
    resampled = replicates(statistic, persons)[:, 0]
    least = 1 / (10 * same.sum() * (~same).sum())
    return Estimate(value, *on_logits(value, resampled, df=len(names) - 1, least=float(least)))


def _of(mine: np.ndarray, across: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Returns the AUC `(b,)` of pairs within persons, `(p, bins)`, and across, `(p, p, bins)`, persons weighted."""
    persons, bins = mine.shape
    same = weights @ mine
    other = (weights @ across.reshape(persons, persons * bins)).reshape(-1, persons, bins)
    other = (other * weights[:, :, None]).sum(axis=1)
    # pairs in one bin count half, as ties do
    below = np.cumsum(other, axis=1) - other / 2
    with np.errstate(invalid="ignore"):
        return np.asarray((same * below).sum(axis=1) / (same.sum(axis=1) * other.sum(axis=1)))
