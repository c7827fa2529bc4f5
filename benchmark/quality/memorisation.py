"""Whether fakes lie nearer to the images that a generator was trained on than to real images that it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.quality.estimate import Estimate, numbered, share
from benchmark.quality.neighbours import squared_distances
from benchmark.statistics.clusters import Clusters

EXPECTED = 0.5  # without memorisation, since both references are then drawn alike


@dataclass(frozen=True)
class Nearest:
    """The nearest image of a set to each fake: int64 `(n,)` positions, and float64 `(n,)` distances."""

    at: np.ndarray
    distance: np.ndarray


def nearest(fake: np.ndarray, real: np.ndarray) -> Nearest:
    """Returns the nearest of the features `real` `(m, d)` to each of `fake` `(n, d)`; the first one wins a tie."""
    at, squares = np.empty(len(fake), np.int64), np.empty(len(fake))
    for rows, part in squared_distances(fake, real):
        at[rows] = part.argmin(axis=1)
        squares[rows] = part.min(axis=1)
    return Nearest(at, np.sqrt(squares))


def memorised(
    fake: np.ndarray, seen: np.ndarray, held: np.ndarray, groups: Sequence[np.ndarray | None] = (None, None, None)
) -> Estimate:
    """Returns the share of fakes whose nearest real image is one that the generator was trained on.

    The two sets of real images must be equally large and, but for the training, drawn alike: without memorisation the
    share is then 0.5 on average. Fakes that have the same nearest real image go the same way together and count as
    one cluster: Wilson's interval with Kish's effective number of fakes. It covers another draw of fakes and of both
    sets of reals, with the generator and the extractor as they are; it does not cover another training. With groups,
    fakes whose nearest real images show one person count as one cluster, and so do fakes made from one person's
    images; the smaller of the two effective numbers is taken.

    Args:
        fake: Features of fakes, float64 `(n, d)`.
        seen: Features of training images, `(m, d)`.
        held: Features of as many real images that were held out, `(m, d)`.
        groups: Of the fakes, of `seen` and of `held`, each int `(n,)`, equal for images that belong together, or `None`
            where all are independent. Defaults to none.

    Raises:
        ValueError: If the sets of real images are not equally large.

    References:
        Meehan, Chaudhuri, Dasgupta (2020), A non-parametric test to detect data-copying in generative models,
        section 3 (there with a rank test).
        Kish (1965), Survey sampling, section 11.7.
    """
    if len(seen) != len(held) or not len(seen):
        raise ValueError(f"Both references must be equally large. Received: {len(seen)} and {len(held)}.")
    to_seen, to_held = nearest(fake, seen), nearest(fake, held)
    closer = np.where(to_seen.distance == to_held.distance, 0.5, to_seen.distance < to_held.distance)
    of_fake, of_seen, of_held = groups
    seen_names, held_names = numbered(of_seen, len(seen)), numbered(of_held, len(held))
    owner = np.where(closer > 0, seen_names[to_seen.at], len(seen) + held_names[to_held.at])
    effective = _effective(owner)
    if of_fake is not None:
        effective = min(effective, _effective(numbered(of_fake, len(fake))))
    return share(float(closer.mean()), effective)


def _effective(clusters: np.ndarray) -> float:
    """Returns Kish's number of equal clusters that clusters `(n,)` amount to."""
    everyone = np.ones(len(clusters), bool)
    return Clusters.of(clusters, ~everyone).effective(everyone)


def most_copied(fake: np.ndarray, trained: np.ndarray, held: np.ndarray, n: int) -> np.ndarray:
    """Returns int64 `(n, 3)`: the fakes that lie much nearer to a training image than to a held-out one.

    Each row is a fake, its nearest training image and its nearest held-out image, as positions; the smallest ratio of
    the two distances comes first, and each training image comes once.
    """
    to_trained, to_held = nearest(fake, trained), nearest(fake, held)
    apart = to_held.distance > 0
    ratio = np.where(to_trained.distance > 0, np.inf, 0.0)  # of a copy of a held-out image: last, unless of both
    np.divide(to_trained.distance, to_held.distance, out=ratio, where=apart)
    order = np.argsort(ratio, kind="stable")
    _, first = np.unique(to_trained.at[order], return_index=True)
    chosen = order[np.sort(first)[:n]]
    return np.stack([chosen, to_trained.at[chosen], to_held.at[chosen]], axis=1)
