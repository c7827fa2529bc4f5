"""Images that belong together (an identity, a swap source) are not independent: who is in which cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Clusters:
    """The clusters of a set of test images.

    Attributes:
        index: int `(n,)`, cluster of each image, 0 to `count - 1`.
        count: Number of clusters.
        stratum: int `(count,)`: 0 only reals, 1 only fakes, 2 both. Resampling keeps the size of each
            stratum.
        trivial: Whether every image is its own cluster.

    Example:
        >>> import numpy as np
        >>> is_fake = np.array([False, False, False, True, True, True])
        >>> clusters = Clusters.of([0, 0, 1, 2, 2, -1], is_fake)
        >>> clusters.count, clusters.trivial
        (4, False)
        >>> round(clusters.effective(is_fake), 3)  # a pair and one alone: nearly two fakes
        1.8
        >>> clusters.touched(is_fake)
        2
    """

    index: np.ndarray
    count: int
    stratum: np.ndarray
    trivial: bool

    @classmethod
    def of(cls, groups: Any, is_fake: np.ndarray) -> Clusters:
        """Returns the clusters of `groups`.

        Args:
            groups: `(n,)` identifiers, or `None`. Missing ones (NaN, `None`, a negative number, "") stand
                alone.
            is_fake: bool `(n,)`.
        """
        n = len(is_fake)
        if groups is None:
            return cls(np.arange(n), n, is_fake.astype(int), True)
        groups = np.asarray(groups)
        if groups.shape != (n,):
            raise ValueError(f"Groups must have shape ({n},). Received: {groups.shape}.")
        missing = np.array([_missing(group) for group in groups.tolist()])
        names = np.array(
            [f"alone {k}" if gone else f"group {g}" for k, (g, gone) in enumerate(zip(groups, missing, strict=True))]
        )
        _, index = np.unique(names, return_inverse=True)
        count = int(index.max()) + 1
        if count == n:
            return cls.of(None, is_fake)
        fakes = np.bincount(index, weights=is_fake, minlength=count)
        size = np.bincount(index, minlength=count)
        stratum = np.where(fakes == 0, 0, np.where(fakes == size, 1, 2))
        return cls(index, count, stratum, False)

    def effective(self, chosen: np.ndarray) -> float:
        """Returns the number of equal clusters that the images `chosen` (bool `(n,)`) amount to (Kish)."""
        size = np.bincount(self.index[chosen], minlength=self.count).astype(float)
        return float(size.sum() ** 2 / (size**2).sum())

    def pairs(self, is_fake: np.ndarray) -> float:
        """Returns how many disjoint independent pairs of a real and a fake there are, conservatively."""
        if self.trivial:
            return float(min(is_fake.sum(), (~is_fake).sum()))
        everyone = np.ones(len(is_fake), dtype=bool)
        single = self.effective(everyone) / 2 if (self.stratum == 2).any() else np.inf
        return max(1.0, min(self.effective(is_fake), self.effective(~is_fake), single))

    def touched(self, images: np.ndarray) -> int:
        """Returns how many clusters hold at least one of the images (bool `(n,)`)."""
        return len(np.unique(self.index[images]))

    def trials(self, success: np.ndarray, chosen: np.ndarray) -> float:
        """Returns the number of independent trials that carry as much as the images `chosen` do.

        The images over the design effect of their success rate; never more than the images, and at a rate of
        0 or 1 the effective number of clusters (Korn, Graubard, Survey Methodology 1998).
        """
        n = int(chosen.sum())
        if self.trivial:
            return float(n)
        values = success[chosen].astype(float)
        mean = values.mean()
        if mean in (0.0, 1.0):
            return self.effective(chosen)
        index = np.unique(self.index[chosen], return_inverse=True)[1]
        count = int(index.max()) + 1
        if count < 2:
            return 1.0
        sums = np.bincount(index, weights=values - mean)
        variance = count / (count - 1) * (sums**2).sum() / n**2
        return float(np.clip(mean * (1 - mean) / variance, 1.0, n)) if variance > 0 else float(n)

    def trials_along(self, order: np.ndarray) -> np.ndarray:
        """Returns `trials` for each number of images that are a success, the first ones of `order` first.

        Args:
            order: Positions `(k,)` of the chosen images.

        Returns:
            float `(k + 1,)`: with none, one, two and so on up to all of them.
        """
        n = len(order)
        if self.trivial:
            return np.full(n + 1, float(n))
        index = np.unique(self.index[order], return_inverse=True)[1]
        size = np.bincount(index)
        effective = float(n**2 / (size**2).sum())
        if len(size) < 2:
            return np.r_[effective, np.ones(n - 1), effective]
        by_cluster = np.argsort(index, kind="stable")
        before = np.empty(n)  # successes of the same cluster so far
        before[by_cluster] = np.arange(n) - np.repeat(np.cumsum(size) - size, size)
        squares = np.r_[0, np.cumsum(2 * before + 1)]  # of the successes of each cluster, summed
        products = np.r_[0, np.cumsum(size[index])]  # of the successes of each cluster and its size
        mean = np.arange(n + 1) / n
        spread = squares - 2 * mean * products + mean**2 * (size**2).sum()
        variance = len(size) / (len(size) - 1) * spread / n**2
        trials = np.full(n + 1, float(n))
        some = spread > 1e-9 * squares  # less is rounding
        trials[some] = np.clip(mean[some] * (1 - mean[some]) / variance[some], 1.0, n)
        trials[[0, n]] = effective
        return trials


def _missing(group: Any) -> bool:
    # NaN is not equal to itself
    return group is None or group == "" or group != group or (isinstance(group, int | float) and group < 0)
