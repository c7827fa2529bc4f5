"""Whether a swap still looks like its source person, and whether it looks like the side that it was drawn as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy

from benchmark.quality.estimate import Estimate
from benchmark.quality.identity.similarities import Faces, Pairs
from benchmark.statistics import intervals
from benchmark.statistics.bootstrap import replicates
from benchmark.statistics.clusters import Clusters

SHARES = ("transfer", "transfer_reconstruction", "transfer_real")
SIMILARITIES = (
    "retention", "retention_reconstruction", "retention_real", "retention_other",
    "similarity_source", "similarity_target",
)  # fmt: skip
MEASURES = (*SHARES, *SIMILARITIES)
NEEDED = ("retention_real", "similarity_source", "similarity_target")  # of a swap that counts
NONE = Estimate(np.nan, np.nan, np.nan)
COLUMNS = [
    "checkpoint", "direction", "source", "target", "kind",
    *(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")),
    "n_swaps", "n_persons", "embedding", "embedding_digest", "n_learned", "verification", "verification_low",
    "verification_high", "identity_note",
]  # fmt: skip


def rows(faces: Faces, swaps: np.ndarray, straight: np.ndarray | None, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Measures one checkpoint's swaps: a row for each direction, with the measures in `MEASURES` and their intervals.

    All similarities are cosines of embeddings, in [-1, 1]. The images that a face is compared with are never the source
    of it, nor a copy of that.

    * `retention`: mean similarity of a swap to the other real images of its source person. Beside it
      `retention_reconstruction`, the same of the face drawn by its own decoder; `retention_real`, of the real source
      itself, which is the ceiling; and `retention_other`, the real source's similarity to other persons, which is
      the floor: those of its own group, or the other person where each group is one person.
    * `transfer`: share of the swaps that are more similar to the target (`similarity_target`) than to the source
      (`similarity_source`). Where a group is one person, these are the person's other images. Otherwise they are all
      persons of the group but the source person, each counting once: a group's look is asked for then, not a
      person. Beside it the same share of faces drawn by their own decoder, and of the real sources, which a perfect
      embedding would give 0.

    The intervals are for other persons on both sides, or, where a group is one person, for other pictures of both; a
    copy and what it copies are one picture. The embedding is taken as it is. They are from a bootstrap: each resample
    draws persons, and makes sources and what they are compared with of them; a person on both sides is drawn once for
    both, and is not compared with itself, however often it is drawn. Means have its spread with the factor of the t
    distribution. Shares have the interval of a rate whose number of trials has that spread, and is at most what it is
    with the source persons as clusters alone: true at 0 and 1 too, where a bootstrap has no width. Counted coverage
    over 400 draws of 14 to 40 persons with 6 pictures, and of 40 or 80 pictures of each of two persons: 93 to 100 % for
    means, 95 to 100 % for shares, and 91 % for a transfer between groups that nothing tells apart
    (`tests/statistics/identity_coverage.py`).

    Args:
        faces: The real sources.
        swaps: `(n, k)`, the embeddings of their swaps.
        straight: `(n, k)` of the sources drawn by their own decoder, or `None` where the generator does not say.
        classes: Names of the labels.

    References:
        Arcones, Giné (1992), On the bootstrap of U and V statistics, The Annals of Statistics 20.
    """
    drawn = {"": swaps, "_reconstruction": straight, "_real": faces.real}
    pairs = Pairs(faces, {end: images for end, images in drawn.items() if images is not None})
    found = {name: values[0] for name, values in pairs.measured(np.ones((1, len(faces.real)))).items()}
    first, second = np.unique(faces.label)
    clusters = Clusters.of(pairs.units, faces.label == second)
    complete = np.isfinite([found[name] for name in NEEDED]).all(axis=0)
    out = []
    for direction, source, target in (("a>b", first, second), ("b>a", second, first)):
        mine = (faces.label == source) & complete
        row: dict[str, Any] = {"direction": direction, "source": classes[source], "target": classes[target]}
        row |= {"kind": faces.kind, "n_swaps": int(mine.sum()), "n_persons": len(np.unique(faces.identity[mine]))}
        spread = _spread(pairs, mine, clusters) if mine.any() else dict.fromkeys(found, np.nan)
        units = len(np.unique(pairs.units[mine])), len(np.unique(pairs.units[faces.label == target]))
        for name, values in found.items():
            if name in SHARES:
                estimate = share(values[mine] == 1, pairs.units[mine], spread[name])
            else:
                estimate = mean(values[mine], spread[name], units[0] if name in pairs.one_sided else min(units))
            row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        out.append(row)
    return out


def share(values: np.ndarray, units: np.ndarray, spread: float = 0.0) -> Estimate:
    """Returns the share of `True` in bool `(n,)`; images of one unit, int `(n,)`, are not independent.

    Args:
        values: bool `(n,)`.
        units: int `(n,)`.
        spread: The standard error that is known from elsewhere; the interval is at least that of it.
    """
    if not len(values):
        return NONE
    everyone, value = np.ones(len(values), bool), float(values.mean())
    trials = Clusters.of(units, ~everyone).trials(values, everyone)
    if spread > 0:
        near = (value * trials + 2) / (trials + 4)  # a little away from 0 and 1, whose trials would be none
        trials = min(trials, max(1.0, near * (1 - near) / spread**2))
    low, high = intervals.rate(value * trials, trials)
    return Estimate(value, float(low), float(high))


def mean(values: np.ndarray, spread: float, units: int) -> Estimate:
    """Returns the mean of `(n,)`, whose standard error is known from so many units; no interval for fewer than two."""
    if not len(values):
        return NONE
    value = float(values.mean())
    if units < 2:
        return Estimate(value, np.nan, np.nan)
    half = scipy.stats.t.ppf(0.975, units - 1) * spread  # few units leave the spread itself uncertain
    return Estimate(value, float(value - half), float(value + half))


def _spread(pairs: Pairs, mine: np.ndarray, clusters: Clusters) -> dict[str, float]:
    """Returns the standard error of the mean of each measure over the images `mine`, bool `(n,)`."""
    names: list[str] = []

    def statistic(weights: np.ndarray) -> np.ndarray:
        found = pairs.measured(weights, mine)
        names[:] = found
        means = []
        for values in found.values():
            known = weights[:, mine] * np.isfinite(values)
            with np.errstate(invalid="ignore"):
                means.append((known * np.nan_to_num(values)).sum(axis=1) / known.sum(axis=1))
        return np.stack(means, axis=1)

    resampled = replicates(statistic, clusters)
    count = len(np.unique(clusters.index[mine]))
    # A resample of k units spreads like one of k - 1 does in truth.
    found = np.nanstd(resampled, axis=0) * np.sqrt(count / max(count - 1, 1))
    return dict(zip(names, found.tolist(), strict=True))
