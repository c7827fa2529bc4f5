"""Stratified bootstrap by weights on sorted scores: no resample is ever sorted again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy import special, stats

from benchmark.statistics.clusters import Clusters

RESAMPLES = 1000
CELLS_AT_ONCE = 1_000_000  # resamples x images held in memory


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


def on_logits(value: float, values: np.ndarray, *, df: float, least: float, level: float = 0.95) -> tuple[float, float]:
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
    half = stats.t.ppf((1 + level) / 2, df) * np.sqrt(np.nanmean((logits - centre) ** 2))
    return float(special.expit(centre - half)), float(special.expit(centre + half))
