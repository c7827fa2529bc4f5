"""The triplet loss with semi-hard negatives, and the batches of several images of several identities that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

MARGIN = 0.2  # FaceNet's alpha, on squared distances


def triplet_loss(identities: Any, embeddings: Any) -> Any:
    """Returns the mean over all pairs of an anchor and a positive of `max(d(a, p) - d(a, n) + 0.2, 0)`.

    `d` is the squared Euclidean distance, in [0, 4]. Every ordered pair of two images of one identity is an anchor and
    its positive. The negative is semi-hard: of the images of other identities that lie farther from the anchor than the
    positive does, the nearest one. The very nearest would, early on, drive all embeddings into one point. Where no
    negative lies farther than the positive, the farthest one there is stands in.

    It is a Keras loss, and runs on every backend.

    Args:
        identities: int `(n,)` or `(n, 1)`.
        embeddings: float `(n, k)`, each row of length 1.

    Returns:
        A scalar in [0, 4.2]; 0 where no identity has two images or there is only one.

    References:
        Schroff, Kalenichenko, Philbin (2015), FaceNet: a unified embedding for face recognition and clustering,
        sections 3.1 and 3.2.
    """
    from keras import ops

    identities = ops.reshape(identities, (-1,))
    distances = ops.maximum(2.0 - 2.0 * ops.matmul(embeddings, ops.transpose(embeddings)), 0.0)
    same = ops.equal(identities[:, None], identities[None])
    other = ops.logical_not(same)
    itself = ops.eye(ops.shape(embeddings)[0], dtype="bool")
    beyond = ops.logical_and(other[:, None, :], distances[:, None, :] > distances[:, :, None])  # anchor, positive, any
    nearest = ops.min(ops.where(beyond, distances[:, None, :], np.inf), axis=2)
    farthest = ops.max(ops.where(other, distances, -np.inf), axis=1)
    negative = ops.where(nearest < np.inf, nearest, farthest[:, None])
    counts = ops.logical_and(ops.logical_and(same, ops.logical_not(itself)), negative > -np.inf)
    # Where nothing counts, the distance stands in for its negative: an infinite one would spoil the gradient.
    terms = ops.maximum(distances - ops.where(counts, negative, distances) + MARGIN, 0.0)
    counts = ops.cast(counts, terms.dtype)
    return ops.sum(terms * counts) / ops.maximum(ops.sum(counts), 1.0)


def identity_batches(
    identities: np.ndarray, persons: int, each: int, steps: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yields int64 `(persons * each,)` positions, `steps` times.

    Identities come in permuted rounds, each whole before the next; one that a batch holds already waits for the end of
    its new round. Of each, `each` images are drawn without repetition; one that has fewer gives its images again.

    Args:
        identities: int `(n,)`, at least `persons` different ones.
        persons: Identities in a batch.
        each: Images of each.
        steps: How many batches there will be.
        rng: Of the draws.
    """
    names, index = np.unique(identities, return_inverse=True)
    members = [np.flatnonzero(index == at) for at in range(len(names))]
    waiting: list[int] = []
    for _ in range(steps):
        chosen, waiting = waiting[:persons], waiting[persons:]
        if len(chosen) < persons:
            later = sorted(rng.permutation(len(names)).tolist(), key=lambda at: at in chosen)  # a stable sort
            missing = persons - len(chosen)
            chosen, waiting = chosen + later[:missing], later[missing:]
        yield np.concatenate([np.resize(rng.permutation(members[at]), each) for at in chosen])
