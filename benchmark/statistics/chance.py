"""Does a detector beat chance? The permutation test of the rank sum."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special

from benchmark.statistics.clusters import Clusters
from benchmark.statistics.delong import Components, components, covariance
from benchmark.statistics.ranking import Ranking

EXACT_UP_TO = 60  # images: every permutation is counted
NORMAL_FROM = 10  # images of the rarer class
PERMUTATIONS = 9999


def p_chance(
    ranking: Ranking,
    clusters: Clusters | None = None,
    *,
    seed: int = 0,
    known: tuple[Components, float] | None = None,
) -> float:
    """Returns the one-sided p-value of "fakes score no higher than reals".

    The null hypothesis is that labels are exchangeable; ties are kept as they are. Up to `EXACT_UP_TO` images
    all permutations are counted; beyond that the permutation distribution's normal limit is used, with its
    exact variance under ties and a continuity correction; with fewer than `NORMAL_FROM` images of one class
    `PERMUTATIONS` random ones, `(1 + k) / (1 + B)`. With clusters labels of images are not exchangeable, and
    the cluster-robust variance of the AUC is used instead, against a t distribution.

    Args:
        ranking: Of the test images.
        clusters: Of the same images. Defaults to `None`, all independent.
        seed: Of the random permutations. Defaults to `0`.
        known: The components and the cluster-robust variance of the AUC. Defaults to `None`: they are worked out where
            they are needed.

    Example:
        >>> from benchmark.statistics.ranking import Ranking
        >>> ranking = Ranking.of([1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1])
        >>> round(p_chance(ranking), 3)  # one of the 20 ways to place three fakes
        0.05
    """
    if clusters is not None and not clusters.trivial:
        return _clustered(ranking, clusters, known)
    size = np.diff(ranking.ends, prepend=-1)
    doubled = np.repeat(2 * len(ranking.order) - 2 * ranking.ends + size - 1, size)  # twice the midranks, whole
    observed = int(doubled[ranking.is_fake].sum())
    m, n = ranking.n_fake, len(doubled)
    if n <= EXACT_UP_TO:
        return _exact(doubled, m, observed)
    if min(m, n - m) >= NORMAL_FROM:
        return _normal(doubled, m, observed)
    return _random(doubled, m, observed, seed)


def _exact(doubled: np.ndarray, m: int, observed: int) -> float:
    ways = _ways(doubled.astype(np.int64).tobytes(), m)
    return float(min(1.0, ways[observed:].sum() / ways.sum()))


@lru_cache(maxsize=8)
def _ways(doubled: bytes, m: int) -> np.ndarray:
    """Counts the subsets of m midranks by their sum, one image at a time; cells of a size without ties share them."""
    ranks = np.frombuffer(doubled, dtype=np.int64)
    ways = np.zeros((m + 1, int(ranks.sum()) + 1))
    ways[0, 0] = 1.0
    for rank in ranks.tolist():
        # a copy, since both sides are parts of one array
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank].copy()
    return ways[m]


def _normal(doubled: np.ndarray, m: int, observed: int) -> float:
    n = len(doubled)
    # of the sum of m of n values, drawn without replacement
    variance = m * (n - m) / (n - 1) * doubled.var()
    step = 1.0  # half of the smallest step of an untied doubled rank sum
    return float(special.ndtr(-(observed - step - m * doubled.mean()) / np.sqrt(variance)))  # the upper tail


def _random(doubled: np.ndarray, m: int, observed: int, seed: int) -> float:
    """Draws the rarer class's places at random; repeated places are drawn again."""
    n = len(doubled)
    few = min(m, n - m)
    rng = np.random.default_rng([seed, 0x70])
    sums = np.empty(0)
    while len(sums) < PERMUTATIONS:
        places = np.sort(rng.integers(0, n, size=(PERMUTATIONS, few)), axis=1)
        places = places[(np.diff(places, axis=1) > 0).all(axis=1)]
        sums = np.r_[sums, doubled[places].sum(axis=1)]
    sums = sums[:PERMUTATIONS]
    extreme = (sums >= observed if few == m else sums <= doubled.sum() - observed).sum()
    return float((1 + extreme) / (1 + PERMUTATIONS))


def _clustered(ranking: Ranking, clusters: Clusters, known: tuple[Components, float] | None) -> float:
    is_fake = np.empty(len(ranking.order), dtype=bool)
    is_fake[ranking.order] = ranking.is_fake
    if known is None:
        part = components(ranking)
        sides = covariance([part], clusters.index[is_fake], clusters.index[~is_fake])
        known = part, float(sides[0][0, 0] + sides[1][0, 0])
    part, variance = known
    # a perfect separation has no variance of its own: the smallest that the clusters can show stands in
    pairs = clusters.pairs(is_fake)
    # (1 / 12 n² is the variance within one step of 1 / n)
    variance = max(variance, 1 / (12 * pairs**2))
    return float(special.stdtr(max(pairs - 1, 1), -(part.auc - 0.5) / np.sqrt(variance)))  # the upper tail
