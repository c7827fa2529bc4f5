"""The kernel distance between two sets of features: an unbiased squared maximum mean discrepancy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmark.quality.estimate import Estimate, Groups, normal

CHUNK = 1024  # rows whose kernel values are in memory together


def distance(first: np.ndarray, second: np.ndarray, groups: Groups = (None, None)) -> Estimate:
    """Returns the squared maximum mean discrepancy with the kernel `(x·y / d + 1)³`, of float64 `(n, d)` and `(m, d)`.

    Its mean is the same at every n, and 0 for samples of one distribution; so a sample may fall below 0. The interval
    is for that mean, with both sets drawn anew, the generator and the extractor as they are. At equal distributions
    it is too wide rather than too narrow. Counted coverage: 93 to 100 % from 450 images on, 89 % at worst for 100 with
    skewed features (`tests/statistics/quality_coverage.py`).

    With groups, as `frechet.distance` takes them, the interval is for other groups: 91 to 100 % with 50 or 120
    persons of 20 or 5 images. Images of one group are more alike than others: the mean is then above 0 at equal
    distributions, as that of two sets of real images is.

    Raises:
        ValueError: For fewer than two images in a set.

    References:
        Gretton et al. (2012), A kernel two-sample test, lemma 6.
        Bińkowski et al. (2018), Demystifying MMD GANs, section 4 (there with Inception's features, in blocks).
    """
    if min(len(first), len(second)) < 2:
        raise ValueError(f"Each set needs at least 2 images. Received: {len(first)} and {len(second)}.")
    own_1, own_2 = _own(first), _own(second)
    across = np.concatenate([part.mean(axis=1) for part in _kernel(first, second)])
    back = np.concatenate([part.mean(axis=1) for part in _kernel(second, first)])
    value = own_1.mean() + own_2.mean() - 2 * across.mean()
    return normal(float(value), 2 * (own_1 - across), 2 * (own_2 - back), groups=groups)


def _own(features: np.ndarray) -> np.ndarray:
    """Returns for each image the mean of the kernel with all others of its own set."""
    diagonal = ((features**2).sum(axis=1) / features.shape[1] + 1) ** 3
    sums = np.concatenate([part.sum(axis=1) for part in _kernel(features, features)])
    return (sums - diagonal) / (len(features) - 1)


def _kernel(first: np.ndarray, second: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(first), CHUNK):
        yield (first[start : start + CHUNK] @ second.T / first.shape[1] + 1) ** 3
