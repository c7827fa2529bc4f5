"""The share of fakes among the nearest training images, fine enough to rank by."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

BLOCK = 256  # rows whose distances to the whole bank are held at a time


def neighbour_share(features: np.ndarray, bank: np.ndarray, is_fake: np.ndarray) -> np.ndarray:
    """Returns the share of fakes among the `k = floor(sqrt(n))` nearest rows of a bank, its ties broken by distance.

    The share has only k + 1 values, too few to rank by. So half a step of it, `1 / (2k)`, goes by where the fakes stand
    among the neighbours: their share when each neighbour weighs `1 - d / D` of its distance d, D being the distance of
    the first row that is no neighbour (Hechenbichler and Schliep, 2004). Images of unlike shares keep their order.

    Rows that are equally far where the neighbours end share the places that are left, so neither the order of the bank
    nor its labels decide who is in.

    Args:
        features: float64 `(m, d)`.
        bank: float64 `(n, d)`, n at least 2.
        is_fake: bool `(n,)`.

    Returns:
        float64 `(m,)` in [-1 / (4k), 1 + 1 / (4k)].
    """
    k = int(np.sqrt(len(bank)))
    blocks = [features[start : start + BLOCK] for start in range(0, len(features), BLOCK)]
    return np.concatenate([_shares(cdist(block, bank), is_fake, k) for block in blocks] or [np.zeros(0)])


def _shares(distances: np.ndarray, is_fake: np.ndarray, k: int) -> np.ndarray:
    ordered = np.partition(distances, (k - 1, k), axis=1)
    last, beyond = ordered[:, k - 1 : k], ordered[:, k : k + 1]
    inside, edge = distances < last, distances == last
    places = (k - inside.sum(axis=1)) / edge.sum(axis=1)  # of each row on the edge, at most one
    share = ((inside & is_fake).sum(axis=1) + places * (edge & is_fake).sum(axis=1)) / k
    near = np.maximum(1 - distances / np.where(beyond > 0, beyond, 1), 0) * (distances < beyond)
    total = near.sum(axis=1)
    weighted = np.where(total > 0, (near * is_fake).sum(axis=1) / np.where(total > 0, total, 1), share)
    return share + (weighted - 0.5) / (2 * k)
