"""Images that belong together (an identity, a swap source) are not independent: who is in which cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

FEW_TOUCHED = 3  # clusters with a success, or with a failure, below which nothing is known of how alike images are


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
                alone. The clusters of these images, where they are known already, are given back.
            is_fake: bool `(n,)`.
        """
        if isinstance(groups, Clusters):
            return groups
        n = len(is_fake)
        if groups is None:
            return cls(np.arange(n), n, is_fake.astype(int), True)
        groups = np.asarray(groups)
        if groups.shape != (n,):
            raise ValueError(f"Groups must have shape ({n},). Received: {groups.shape}.")
        index = _numbered(groups)
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

    def stretch(self) -> float:
        """Returns by how much a standard error from resampled clusters is to be lengthened; 1 where all are alone.

        Clusters resampled within strata spread as they do about their stratum's own mean: what that leaves of their
        variance says `remaining`. One that is alone in its stratum does not spread at all.
        """
        if self.trivial:
            return 1.0
        share = np.bincount(self.index, minlength=self.count) / len(self.index)
        true = seen = 0.0
        for kind in (0, 1, 2):
            mine = self.stratum == kind
            square = share[mine] ** 2
            if mine.sum() > 1:
                true += float((square / remaining(self.index[mine[self.index]], self.count)[0][mine]).sum())
                seen += float(square.sum())
            else:
                true += float(square.sum())
        return float(np.sqrt(true / seen)) if seen > 0 else np.inf

    def trials(self, success: np.ndarray, chosen: np.ndarray, level: float = 0.95) -> float:
        """Returns the number of independent trials that carry as much as the images `chosen` do.

        The images over the design effect of their success rate, times the squared ratio of the t quantiles of the
        images and of the clusters, never more than the images (Korn, Graubard, Confidence intervals for proportions
        with small expected number of positive counts estimated from survey data, Survey Methodology 1998).
        Where successes, or failures, are in fewer than `FEW_TOUCHED` clusters, they say nothing of how alike a
        cluster's images are, and a cluster counts as one trial (Kish's effective number).

        Args:
            success: bool `(n,)`.
            chosen: bool `(n,)`.
            level: Of the interval that is to be made of it. Defaults to `0.95`.
        """
        order = np.flatnonzero(chosen)
        order = order[np.argsort(~success[order], kind="stable")]
        return float(self.trials_along(order, level)[int(success[chosen].sum())])

    def trials_along(self, order: np.ndarray, level: float = 0.95) -> np.ndarray:
        """Returns `trials` for each number of images that are a success, the first ones of `order` first.

        Args:
            order: Positions `(k,)` of the chosen images.
            level: As of `trials`.

        Returns:
            float `(k + 1,)`: with none, one, two and so on up to all of them.
        """
        n = len(order)
        if self.trivial:
            return np.full(n + 1, float(n))
        names, index = np.unique(self.index[order], return_inverse=True)
        if len(names) == n:
            return np.full(n + 1, float(n))
        left, df = remaining(index)
        size, weight = np.bincount(index), 1 / left
        effective = float(n**2 / (size**2).sum())
        if len(names) < 2:
            return np.full(n + 1, effective)
        by_cluster = np.argsort(index, kind="stable")
        before = np.empty(n)  # successes of the same cluster so far
        before[by_cluster] = np.arange(n) - np.repeat(np.cumsum(size) - size, size)
        squares = np.r_[0, np.cumsum((2 * before + 1) * weight[index])]  # of the successes of each cluster, summed
        products = np.r_[0, np.cumsum((size * weight)[index])]  # of the successes of each cluster and its size
        mean = np.arange(n + 1) / n
        spread = squares - 2 * mean * products + mean**2 * (size**2 * weight).sum()
        trials = np.full(n + 1, float(n))
        some = spread > 1e-9 * squares  # less is rounding
        trials[some] = mean[some] * (1 - mean[some]) * n**2 / spread[some]
        tail = (1 + level) / 2
        t_images, t_clusters = special.stdtrit([max(n - 1, 1), max(df, 0.5)], tail)
        trials = np.clip(trials * (t_images / t_clusters) ** 2, 0.1, n)
        touched = np.r_[0, np.cumsum(before == 0)]
        missed = np.r_[len(names), len(names) - np.cumsum(before == size[index] - 1)]
        return np.where(np.minimum(touched, missed) < FEW_TOUCHED, np.minimum(trials, effective), trials)


def remaining(groups: np.ndarray, count: int | None = None) -> tuple[np.ndarray, float]:
    """Returns what is left of each cluster's variance once the images' mean is taken off, and degrees of freedom.

    A cluster with the share w of the images draws the mean towards itself: of its squared distance 1 - w is left
    where images are independent, 1 - 2 w + the sum of all squared shares where a cluster's images are alike. The
    smaller is given, so that dividing by it errs on the long side; of k equal clusters it is 1 - 1 / k. The degrees of
    freedom are Satterthwaite's of that sum of squares, with alike images (Bell, McCaffrey, Bias reduction in standard
    errors for linear regression with multi-stage samples, Survey Methodology 2002): k - 1 for equal clusters, fewer
    where one outweighs the others.

    Args:
        groups: int `(n,)`, the cluster of each image of which the mean is.
        count: Clusters in all. Defaults to `None`, the largest number and one.

    Returns:
        Float `(count,)` in (0, 1], 1 for a cluster without images; and degrees of freedom, 0 with a single cluster.

    Example:
        >>> import numpy as np
        >>> left, df = remaining(np.array([0, 0, 1, 1, 2, 2]))
        >>> left.round(3).tolist(), round(df, 3)
        ([0.667, 0.667, 0.667], 2.0)
        >>> round(remaining(np.array([0, 0, 0, 0, 1, 2]))[1], 3)  # one cluster outweighs two
        1.136
    """
    share = np.bincount(groups, minlength=count or 0) / max(len(groups), 1)
    square = share @ share
    left = np.maximum(np.minimum(1 - share, 1 - 2 * share + square), 1e-9)
    return np.where(share > 0, left, 1.0), 0.0 if square > 1 - 1e-9 else _satterthwaite(share, share**2 / left)


def _satterthwaite(share: np.ndarray, weight: np.ndarray) -> float:
    """Returns tr(M)² / tr(M²) of the form y'My = sum of weight (y - share'y)², in closed form."""
    total, cross, square = weight.sum(), weight @ share, share @ share
    trace = total - 2 * cross + total * square
    second = (
        weight @ weight
        - 4 * (weight**2 @ share)
        + 2 * total * (weight @ share**2)
        + 2 * cross**2
        + 2 * (weight @ weight) * square
        + (total * square) ** 2
        - 4 * total * cross * square
    )
    return float(trace**2 / second)


def _numbered(groups: np.ndarray) -> np.ndarray:
    """Returns int `(n,)`: clusters counted in the order of their names, first those of images that stand alone."""
    if groups.dtype.kind in "iu":  # of which each occurs often: it is named once
        groups, of = np.unique(groups, return_inverse=True)
        missing, names = groups < 0, groups.astype(str)
    else:
        of, names = np.arange(len(groups)), np.array([str(group) for group in groups.tolist()])
        missing = np.array([_missing(group) for group in groups.tolist()], dtype=bool)
    gone = missing[of]
    alone = np.flatnonzero(gone)
    index = np.empty(len(of), dtype=np.int64)
    index[np.sort(alone.astype(str)).astype(int)] = np.arange(len(alone))
    rank = np.zeros(len(names), dtype=np.int64)
    rank[~missing] = np.unique(names[~missing], return_inverse=True)[1]
    index[~gone] = len(alone) + rank[of][~gone]
    return index


def _missing(group: Any) -> bool:
    # NaN is not equal to itself
    return group is None or group == "" or group != group or (isinstance(group, int | float) and group < 0)
