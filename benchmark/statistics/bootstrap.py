"""Stratified bootstrap by weights on sorted scores: no resample is ever sorted again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from scipy import special

from benchmark.statistics.clusters import Clusters

RESAMPLES = 2000
CELLS_AT_ONCE = 1_000_000  # resamples x images held in memory
KEPT = 8_000_000  # resamples x images that are kept for the next cell of the same size, as float32


def weights(clusters: Clusters, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yields chunks `(b, n)` of how often each image occurs in a resample, float64.

    Clusters are drawn with replacement within their stratum, so that with independent images the numbers of
    reals and of fakes stay what they are. The same seed yields the same weights for the same `CELLS_AT_ONCE`.

    Args:
        clusters: Of the n images.
        resamples: How many in all.
        seed: Of the draws.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.clusters import Clusters
        >>> is_fake = np.array([False, False, True, True])
        >>> drawn = np.concatenate(list(weights(Clusters.of(None, is_fake), resamples=3, seed=0)))
        >>> drawn[:, :2].sum(axis=1).tolist()  # the reals of each resample: always two
        [2.0, 2.0, 2.0]
    """
    # "boot" in ASCII, for a stream of its own
    rng = np.random.default_rng([seed, 0x626F6F74])
    strata = [np.flatnonzero(clusters.stratum == kind) for kind in (0, 1, 2)]
    rows = max(1, CELLS_AT_ONCE // len(clusters.index))
    for start in range(0, resamples, rows):
        b = min(rows, resamples - start)
        counts = np.zeros((b, clusters.count))
        for members in strata:
            if len(members):
                counts[:, members] = _multinomial(rng, len(members), b)
        yield counts if clusters.trivial else counts[:, clusters.index]


def _multinomial(rng: np.random.Generator, n: int, b: int) -> np.ndarray:
    draws = rng.integers(0, n, size=(b, n)) + np.arange(b)[:, None] * n
    return np.bincount(draws.ravel(), minlength=b * n).reshape(b, n)


def replicates(
    statistic: Callable[[np.ndarray], np.ndarray],
    clusters: Clusters,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> np.ndarray:
    """Returns the statistics of all resamples, `(resamples, k)`.

    Args:
        statistic: From weights `(b, n)` to `(b, k)` values; NaN where a resample has no value.
        clusters: Of the n images.
        resamples: Defaults to `RESAMPLES`.
        seed: Defaults to `0`.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.clusters import Clusters
        >>> right = np.array([[1.0], [1.0], [0.0], [1.0]])
        >>> clusters = Clusters.of(None, np.array([False, False, True, True]))
        >>> values = replicates(lambda w: w @ right / 4, clusters, resamples=200)
        >>> values.shape, float(values.min()), float(values.max())  # both reals are right, of the fakes none or both
        ((200, 1), 0.5, 1.0)
    """
    return np.concatenate([statistic(chunk) for chunk in weights(clusters, resamples=resamples, seed=seed)])


def running(
    clusters: Clusters, reals: np.ndarray, fakes: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields chunks of how many of the first 0, 1, 2 ... reals, and of the fakes, each resample holds.

    Args:
        clusters: Of all images.
        reals: Positions `(k,)` of the reals, in the order in which they are counted.
        fakes: Positions `(m,)` of the fakes, likewise.
        resamples: Defaults to `RESAMPLES`.
        seed: Defaults to `0`.

    Yields:
        float32 `(k + 1, b)` and `(m + 1, b)`.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.clusters import Clusters
        >>> clusters = Clusters.of(None, np.array([False, False, True, True]))
        >>> real, fake = next(running(clusters, np.array([0, 1]), np.array([3, 2]), resamples=3))
        >>> real[-1].tolist(), fake.shape
        ([2.0, 2.0, 2.0], (3, 3))
    """
    rows = max(1, CELLS_AT_ONCE // len(clusters.index))
    starts = range(0, resamples, rows)
    if not clusters.trivial:
        if clusters.count * resamples <= KEPT:
            kept = _kept_weights(clusters.stratum.tobytes(), resamples, seed)
            places = clusters.index[reals], clusters.index[fakes]
            chunks: Iterator[np.ndarray] = (kept[:, start : start + rows] for start in starts)
        else:
            places = reals, fakes
            drawn = weights(clusters, resamples=resamples, seed=seed)
            chunks = (chunk.T.astype(np.float32, order="C") for chunk in drawn)
        yield from ((_cumulated(chunk, places[0]), _cumulated(chunk, places[1])) for chunk in chunks)
    elif len(clusters.index) * resamples <= KEPT:
        # images of one class may change places: the counts can be drawn for the places in the order
        whole = [_kept(len(images), resamples, seed, side) for side, images in enumerate((reals, fakes))]
        yield from ((whole[0][:, start : start + rows], whole[1][:, start : start + rows]) for start in starts)
    else:
        for k, start in enumerate(starts):
            b = min(rows, resamples - start)
            yield _counted(len(reals), b, seed, 0, k), _counted(len(fakes), b, seed, 1, k)


@lru_cache(maxsize=2)
def _kept_weights(stratum: bytes, resamples: int, seed: int) -> np.ndarray:
    kinds = np.frombuffer(stratum, dtype=int)
    alike = Clusters(np.arange(len(kinds)), len(kinds), kinds, False)
    whole = np.concatenate(list(weights(alike, resamples=resamples, seed=seed)))
    return whole.T.astype(np.float32, order="C")


@lru_cache(maxsize=4)
def _kept(n: int, resamples: int, seed: int, fake: int) -> np.ndarray:
    return _counted(n, resamples, seed, fake, 0)


def _counted(n: int, b: int, seed: int, fake: int, chunk: int) -> np.ndarray:
    # "rank" in ASCII, for a stream of its own
    rng = np.random.default_rng([seed, 0x72616E6B, fake, chunk])
    return _cumulated(_multinomial(rng, n, b).T.astype(np.float32, order="C"), np.arange(n))


def _cumulated(counts: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Returns the sums `(k + 1, b)` of the first 0, 1, 2 ... rows `places` of `(n, b)`, all resamples side by side."""
    total = np.empty((len(places) + 1, counts.shape[1]), dtype=np.float32)
    total[0] = 0
    for row, place in enumerate(places.tolist()):  # a row at a time is faster than `cumsum`, which goes down columns
        np.add(total[row], counts[place], out=total[row + 1])
    return total


def bounded_mean(
    values: np.ndarray,
    most: np.ndarray,
    clusters: Clusters,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the interval of the mean of values in [0, `most`], whatever their distribution: conservative.

    Means with random weights from the uniform Dirichlet distribution, to which one value is added that nobody
    saw: `most` for the upper end, 0 for the lower (Gaffke, Three test statistics for a nonparametric one-sided
    hypothesis on the mean of a nonnegative variable, Mathematical Methods of Statistics 2005; Phan, Thomas,
    Learned-Miller, Towards practical mean bounds for small samples, ICML 2021). Of values that are 0 or `most` it is
    the exact interval of Clopper and Pearson. With units a unit has one weight, and the added one is as large as the
    largest of them.

    Args:
        values: float `(n, k)`, k kinds of values of each image.
        most: float `(k,)`, the largest that each can be.
        clusters: Of the n images.
        resamples: Random weights. Defaults to `RESAMPLES`.
        seed: Defaults to `0`.
        level: Coverage, in (0, 1). Defaults to `0.95`.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.clusters import Clusters
        >>> alone = Clusters.of(None, np.arange(10) >= 5)
        >>> low, high = bounded_mean(np.ones((10, 1)), np.array([1.0]), alone)
        >>> round(float(low[0]), 1), round(float(high[0]), 1)  # exactly 0.692 and 1
        (0.7, 1.0)
    """
    mean = values.mean(axis=0)
    if clusters.trivial:
        sums, size = values, np.ones(len(values))
    else:
        size = np.bincount(clusters.index, minlength=clusters.count).astype(float)
        sums = np.stack([np.bincount(clusters.index, kind, clusters.count) for kind in values.T], axis=1)
    held = np.c_[sums, size].astype(np.float32)
    parts = []
    for weight in _exponentials(len(size), resamples, seed):
        total = weight[:, 1:] @ held
        unseen = weight[:, :1] * np.float32(size.max())
        whole = total[:, -1:] + unseen
        parts.append(np.stack([total[:, :-1] / whole, (total[:, :-1] + unseen * most) / whole]))
    drawn = np.concatenate(parts, axis=1).astype(float)
    tail = (1 - level) / 2
    low, high = _quantile(drawn[0], tail), _quantile(drawn[1], 1 - tail)
    # quantiles of random means lie a rounding, or chance, on the wrong side where all values are one
    return np.minimum(np.maximum(low, 0), mean), np.maximum(np.minimum(high, most), mean)


def _quantile(values: np.ndarray, share: float) -> np.ndarray:
    """Returns `np.quantile` of the columns of `(b, k)`, in a fifth of the time."""
    at = share * (len(values) - 1)
    below = min(int(at), len(values) - 2)
    near = np.partition(values, (below, below + 1), axis=0)[below : below + 2]
    return near[0] + (at - below) * (near[1] - near[0])


def _exponentials(count: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    if (count + 1) * resamples <= KEPT:
        yield _kept_exponentials(count, resamples, seed)
        return
    rng = np.random.default_rng([seed, 0x67616666])  # "gaff" in ASCII
    rows = max(1, CELLS_AT_ONCE // count)
    for start in range(0, resamples, rows):
        yield rng.standard_exponential((min(rows, resamples - start), count + 1), dtype=np.float32)


@lru_cache(maxsize=2)
def _kept_exponentials(count: int, resamples: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, 0x67616666])
    return rng.standard_exponential((resamples, count + 1), dtype=np.float32)


def percentile(values: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Returns the percentile interval of each column of `(resamples, k)`, its NaN left out.

    Example:
        >>> import numpy as np
        >>> low, high = percentile(np.arange(101.0)[:, None], level=0.9)
        >>> round(float(low[0]), 3), round(float(high[0]), 3)
        (5.0, 95.0)
    """
    tail = (1 - level) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail], axis=0)
    return low, high


def on_logits(
    value: float, values: np.ndarray, *, df: float, least: float, level: float = 0.95, stretch: float = 1.0
) -> tuple[float, float]:
    """Returns a symmetric interval on the logit scale from resamples of a metric in [0, 1].

    Its half width is t times the root mean square distance of the resamples from the value, which counts their bias
    as well as their spread: resampling ties images with themselves, and percentiles of a metric that looks at the
    top of the ranking, such as the average precision, come out too high.

    Args:
        value: The metric.
        values: `(resamples,)`; NaN are left out.
        df: Degrees of freedom of t.
        least: Distance that is kept from 0 and 1 on the way to the logit.
        level: Defaults to `0.95`.

    Example:
        >>> import numpy as np
        >>> low, high = on_logits(0.9, np.array([0.88, 0.9, 0.92]), df=10, least=0.001)
        >>> round(low, 3), round(high, 3)
        (0.856, 0.931)
    """
    centre = special.logit(np.clip(value, least, 1 - least))
    logits = special.logit(np.clip(values, least, 1 - least))
    half = stretch * special.stdtrit(df, (1 + level) / 2) * np.sqrt(np.nanmean((logits - centre) ** 2))
    return float(special.expit(centre - half)), float(special.expit(centre + half))
