"""Precision, recall, density and coverage: how far the neighbourhoods of fakes and of real images overlap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmark.quality.estimate import Estimate, Groups, group_variance, normal, numbered, share
from benchmark.statistics.clusters import Clusters

# as in the published code of Naeem et al.
NEIGHBOURS = 5
CHUNK = 1024  # rows whose distances are in memory together


def overlap(
    real: np.ndarray, fake: np.ndarray, *, k: int = NEIGHBOURS, groups: Groups = (None, None)
) -> dict[str, Estimate]:
    """Returns precision, recall, density and coverage of features, float64 `(n, d)` of reals and `(m, d)` of fakes.

    A neighbourhood is a ball around an image that reaches to its k-th nearest neighbour in its own set.

    - precision: the share of fakes in the neighbourhood of some real image.
    - recall: the share of real images in the neighbourhood of some fake.
    - density: how many neighbourhoods of reals a fake lies in, on average, divided by k. It may exceed 1.
    - coverage: the share of real images with a fake in their neighbourhood.

    All depend on n, so they mean something only beside the same numbers of two sets of real images at that n. The
    intervals take both sets as drawn anew, the generator and the extractor as they are, and are for the mean of each
    number over samples of this size: the images that are counted vary as independent ones do, and each neighbourhood
    as its being left out would tell. The shares do not follow that others of its set then grow, and are a little wide.
    With groups, other groups are drawn: the images of one count together, and so do their neighbourhoods. Coverage is
    counted in `tests/statistics/quality_coverage.py`: 93 % or more with 50 or 120 persons of 20 or 5 images.

    Args:
        real: Features of real images.
        fake: Features of fakes.
        k: Which neighbour bounds a neighbourhood. Defaults to `5`.
        groups: Of `real` and `fake`, as `frechet.distance` takes them.

    Raises:
        ValueError: If a set has no more than `k` images.

    References:
        Kynkäänniemi et al. (2019), Improved precision and recall metric for assessing generative models.
        Naeem et al. (2020), Reliable fidelity and diversity metrics for generative models.
    """
    if min(len(real), len(fake)) <= k:
        raise ValueError(f"Each set needs more than k={k} images. Received: {len(real)} and {len(fake)}.")
    real_balls, fake_balls = _Balls(real, k), _Balls(fake, k)
    by_real, by_fake = _Counts(len(real), len(fake), *groups), _Counts(len(fake), len(real), *groups[::-1])
    gained = np.zeros(len(real), np.int64)  # by each ball, once one of the k neighbours that bound it is left out
    for at, squares in squared_distances(real, fake):
        by_real.add_balls(at, squares <= real_balls.squares[at, None])
        by_fake.add_members(at, squares <= fake_balls.squares)
        gained[at] = (squares <= real_balls.wider[at, None]).sum(axis=1) - by_real.of_ball[at]
    return {
        "precision": by_real.members_inside(),
        "recall": by_fake.members_inside(),
        "density": _density(by_real, real_balls, gained, k, groups),
        "coverage": by_real.balls_used(),
    }


class _Balls:
    """The neighbourhoods of a set.

    Attributes:
        squares: Squared distance to the k-th neighbour, `(n,)`.
        wider: To the one after it.
        bounds: int64 `(n, k)`, the k neighbours.
    """

    def __init__(self, features: np.ndarray, k: int) -> None:
        n = len(features)
        self.squares, self.wider, self.bounds = np.empty(n), np.full(n, np.inf), np.empty((n, k), np.int64)
        for at, squares in squared_distances(features, features):
            rows = np.arange(len(squares))
            squares[rows, rows + at.start] = np.inf  # itself is none of its neighbours
            nearest = np.argpartition(squares, k, axis=1)[:, : k + 1]
            ordered = np.take_along_axis(squares, nearest, axis=1)
            order = np.argsort(ordered, axis=1, kind="stable")
            self.bounds[at] = np.take_along_axis(nearest, order, axis=1)[:, :k]
            self.squares[at], self.wider[at] = np.take_along_axis(ordered, order, axis=1)[:, k - 1 :].T


def _density(counts: _Counts, balls: _Balls, gained: np.ndarray, k: int, groups: Groups) -> Estimate:
    """A real image gives the fakes in its ball, and takes those that the balls it bounds would gain without it."""
    n, m = len(counts.of_ball), len(counts.of_member)
    taken = np.bincount(balls.bounds.ravel(), np.repeat(gained, k), minlength=n)
    by_real = (counts.of_ball - taken) * (n / m) / k
    value = float(counts.of_member.mean() / k)
    return normal(value, by_real, counts.of_member / k, groups=groups, least=0.0)


class _Counts:
    """Which members of one set lie in which balls of another, counted part by part."""

    def __init__(
        self, balls: int, members: int, ball_groups: np.ndarray | None = None, member_groups: np.ndarray | None = None
    ) -> None:
        self.of_ball = np.zeros(balls, np.int64)  # members in each ball
        self.of_member = np.zeros(members, np.int64)  # balls around each member
        self.balls, self.members = _Supporters(balls, members, ball_groups), _Supporters(members, balls, member_groups)

    def add_balls(self, at: slice, near: np.ndarray) -> None:
        """Adds rows: bool `(balls, members)` of the balls at a slice."""
        self.of_ball[at] = near.sum(axis=1)
        self.of_member += near.sum(axis=0)
        self.members.add_all(at, near)
        self.balls.add_some(at, near)

    def add_members(self, at: slice, near: np.ndarray) -> None:
        """Adds rows: bool `(members, balls)` of the members at a slice."""
        self.of_member[at] = near.sum(axis=1)
        self.of_ball += near.sum(axis=0)
        self.balls.add_all(at, near)

    def members_inside(self) -> Estimate:
        """The share of members in some ball; some hang on the balls of a single group."""
        return _share(self.of_member, self.balls, self.members)

    def balls_used(self) -> Estimate:
        """The share of balls with some member; some hang on the members of a single group."""
        return _share(self.of_ball, self.members, self.balls)


class _Supporters:
    """A set as what others hang on: for each of those, the first and the last group that it hangs on.

    Args:
        n: The set's images.
        others: How many may hang on it.
        names: int `(n,)`, the set's groups; `None` where each image is one.
    """

    def __init__(self, n: int, others: int, names: np.ndarray | None) -> None:
        self.n, self.names = n, names
        self.index = numbered(names, n)
        self.count = int(self.index.max()) + 1
        self.first, self.last = np.full(others, n, np.int64), np.full(others, -1, np.int64)

    def add_all(self, at: slice, near: np.ndarray) -> None:
        """Adds bool `(others at a slice, n)`."""
        if self.names is None:
            self.first[at] = near.argmax(axis=1)
        else:
            self.first[at] = np.where(near, self.index, self.n).min(axis=1)
            self.last[at] = np.where(near, self.index, -1).max(axis=1)

    def add_some(self, at: slice, near: np.ndarray) -> None:
        """Adds bool `(images at a slice, others)`."""
        if self.names is None:
            self.first = np.where(near.any(axis=0), near.argmax(axis=0) + at.start, self.first)
        else:
            index = self.index[at, None]
            self.first = np.minimum(self.first, np.where(near, index, self.n).min(axis=0))
            self.last = np.maximum(self.last, np.where(near, index, -1).max(axis=0))

    def lost(self, counts: np.ndarray) -> np.ndarray:
        """Returns for each group how many of the others would be lost without it; `counts` is what each hangs on."""
        alone = counts == 1 if self.names is None else (counts > 0) & (self.first == self.last)
        return np.bincount(self.first[alone], minlength=self.count)


def _share(counts: np.ndarray, supporters: _Supporters, own: _Supporters) -> Estimate:
    """Returns the share of counts above 0, some being lost with the group that supports them."""
    inside, n = counts > 0, len(counts)
    p, lost, trials = float(inside.mean()), supporters.lost(counts), float(n)
    by_others = supporters.count * float(np.var(lost)) / n**2  # the jackknife's variance over the supporters
    if supporters.names is not None:
        by_others *= supporters.count / max(supporters.count - 1, 1)
    if own.names is not None:
        trials = Clusters.of(own.names, np.zeros(n, bool)).trials(inside, np.ones(n, bool))
    near = (p * n + 2) / (n + 4)  # a little above 0 at a share of 0 or 1
    by_own = near * (1 - near) / trials
    return share(p, trials * by_own / (by_own + by_others + _shared(inside, lost, supporters, own)))


def _shared(inside: np.ndarray, lost: np.ndarray, supporters: _Supporters, own: _Supporters) -> float:
    """Returns twice the covariance of what groups on both sides do on either, where it adds to the variance."""
    if supporters.names is None or own.names is None:
        return 0.0
    n = len(inside)
    each = (lost / np.bincount(supporters.index))[supporters.index] * (supporters.n / n)  # of a group's images
    parts = (inside.astype(float), each), (own.names, supporters.names)
    both = group_variance(*parts)
    alone = sum(group_variance([part], [names]) for part, names in zip(*parts, strict=True))
    return max(0.0, both - alone)


def squared_distances(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields rows of `first` as a slice, and float64 `(rows, m)`: their squared distances to all of `second`.

    Computed as `|a|² + |b|² - 2ab` around the mean of `second`, which keeps rounding small; never below 0.
    """
    middle = second.mean(axis=0)
    b = second - middle
    lengths = (b**2).sum(axis=1)
    for start in range(0, len(first), CHUNK):
        at = slice(start, min(start + CHUNK, len(first)))
        a = first[at] - middle
        squares = a @ b.T
        squares *= -2
        squares += (a**2).sum(axis=1)[:, None]
        squares += lengths
        yield at, np.maximum(squares, 0.0, out=squares)
