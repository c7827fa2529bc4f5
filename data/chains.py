"""Pairs joined into chains: what is tied to something that is tied to a third is tied to it too."""

from __future__ import annotations

import numpy as np


def join(n: int, pairs: np.ndarray) -> np.ndarray:
    """Returns int64 `(n,)`: for each of `n` things the smallest of those that `pairs`, int `(m, 2)`, chain it to."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, smallest, inverse = np.unique(component, return_index=True, return_inverse=True)
    return smallest[inverse].astype(np.int64)
