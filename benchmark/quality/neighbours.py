"""Precision, recall, density and coverage: how far the neighbourhoods of fakes and of real images overlap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmark.quality.estimate import Estimate, normal, share

NEIGHBOURS = 5
CHUNK = 1024  # rows whose distances are in memory together


def overlap(real: np.ndarray, fake: np.ndarray, *, k: int = NEIGHBOURS) -> dict[str, Estimate]:
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
    Coverage is counted in `tests/statistics/quality_coverage.py`.

    Args:
        real: Features of real images.
        fake: Features of fakes.
        k: Which neighbour bounds a neighbourhood. Defaults to `5`.

    Raises:
        ValueError: If a set has no more than `k` images.

    References:
        Kynkäänniemi et al. (2019), Improved precision and recall metric for assessing generative models, section 3.
        Naeem et al. (2020), Reliable fidelity and diversity metrics for generative models, equations 5 and 6.
    """
    if min(len(real), len(fake)) <= k:
        raise ValueError(f"Each set needs more than k={k} images. Received: {len(real)} and {len(fake)}.")
    real_balls, fake_balls = _Balls(real, k), _Balls(fake, k)
    by_real, by_fake = _Counts(len(real), len(fake)), _Counts(len(fake), len(real))
    gained = np.zeros(len(real), np.int64)  # by each ball, once one of the k neighbours that bound it is left out
    for at, squares in squared_distances(real, fake):
        by_real.add_balls(at, squares <= real_balls.squares[at, None])
        by_fake.add_members(at, squares <= fake_balls.squares)
        gained[at] = (squares <= real_balls.wider[at, None]).sum(axis=1) - by_real.of_ball[at]
    return {
        "precision": by_real.members_inside(),
        "recall": by_fake.members_inside(),
        "density": _density(by_real, real_balls, gained, k),
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


def _density(counts: _Counts, balls: _Balls, gained: np.ndarray, k: int) -> Estimate:
    """A real image gives the fakes in its ball, and takes those that the balls it bounds would gain without it."""
    n, m = len(counts.of_ball), len(counts.of_member)
    taken = np.bincount(balls.bounds.ravel(), np.repeat(gained, k), minlength=n)
    by_real = (counts.of_ball - taken) * (n / m) / k
    return normal(float(counts.of_member.mean() / k), counts.of_member / k, by_real, least=0.0)


class _Counts:
    """Which members of one set lie in which balls of another, counted part by part."""

    def __init__(self, balls: int, members: int) -> None:
        self.of_ball = np.zeros(balls, np.int64)  # members in each ball
        self.of_member = np.zeros(members, np.int64)  # balls around each member
        self.last_member = np.zeros(balls, np.int64)  # one of the members in each ball: the only one if it holds one
        self.last_ball = np.zeros(members, np.int64)

    def add_balls(self, at: slice, near: np.ndarray) -> None:
        """Adds rows: bool `(balls, members)` of the balls at a slice."""
        self.of_ball[at] = near.sum(axis=1)
        self.of_member += near.sum(axis=0)
        self.last_member[at] = near.argmax(axis=1)
        self.last_ball = np.where(near.any(axis=0), near.argmax(axis=0) + at.start, self.last_ball)

    def add_members(self, at: slice, near: np.ndarray) -> None:
        """Adds rows: bool `(members, balls)` of the members at a slice."""
        self.of_member[at] = near.sum(axis=1)
        self.of_ball += near.sum(axis=0)
        self.last_ball[at] = near.argmax(axis=1)

    def members_inside(self) -> Estimate:
        """The share of members in some ball; some hang on a single ball."""
        return _share(self.of_member, self.last_ball, len(self.of_ball))

    def balls_used(self) -> Estimate:
        """The share of balls with some member; some hang on a single member."""
        return _share(self.of_ball, self.last_member, len(self.of_member))


def _share(counts: np.ndarray, supporter: np.ndarray, supporters: int) -> Estimate:
    """Returns the share of counts above 0, each count of 1 being lost with the one that supports it."""
    n, p = len(counts), float((counts > 0).mean())
    lost = np.bincount(supporter[counts == 1], minlength=supporters)
    other = supporters * float(np.var(lost)) / n**2  # the jackknife's variance over the supporters
    own = (p * n + 2) / (n + 4) * (1 - (p * n + 2) / (n + 4)) / n  # a little above 0 at a share of 0 or 1
    return share(p, n * own / (own + other))


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
