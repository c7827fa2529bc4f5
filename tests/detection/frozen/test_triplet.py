"""The triplet loss against a loop over all triplets, and the batches that it needs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from detection.frozen.triplet import MARGIN, identity_batches, triplet_loss


def on_sphere(n: int, seed: int, width: int = 5) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(n, width))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def one_by_one(identities: np.ndarray, points: np.ndarray) -> float:
    """Every anchor and positive in turn, with the nearest negative beyond the positive, or else the farthest."""
    terms = []
    for a, p in itertools.permutations(range(len(points)), 2):
        if identities[a] != identities[p]:
            continue
        positive = float(((points[a].astype(float) - points[p]) ** 2).sum())
        others = [
            float(((points[a].astype(float) - points[n]) ** 2).sum())
            for n in range(len(points))
            if identities[n] != identities[a]
        ]
        beyond = [distance for distance in others if distance > positive]
        if others:
            terms.append(max(0.0, positive - (min(beyond) if beyond else max(others)) + 0.2))
    return float(np.mean(terms)) if terms else 0.0


@pytest.mark.parametrize("seed", range(8))
def test_loss_is_that_of_a_loop_over_all_triplets(seed):
    identities = np.random.default_rng(seed).integers(0, 4, 14)
    points = on_sphere(14, seed)
    assert float(triplet_loss(identities, points)) == pytest.approx(one_by_one(identities, points), abs=1e-5)
    assert one_by_one(identities, points) > 0


def test_the_negative_is_semi_hard_by_arithmetic():
    angles = np.array([0.0, 0.5, 0.1, 0.6, 2.0])  # anchor, positive, one nearer, one just beyond, one far away
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    def d(i: int, j: int) -> float:
        return float(2 - 2 * np.cos(angles[i] - angles[j]))

    first = max(0.0, d(0, 1) - d(0, 3) + MARGIN)  # 0.1 is nearer than the positive, and 2.0 is not the nearest beyond
    second = max(0.0, d(1, 0) - d(1, 4) + MARGIN)  # seen from the positive, 0.1 and 0.6 are both nearer
    assert d(0, 2) < d(0, 1) < d(0, 3)
    assert max(d(1, 2), d(1, 3)) < d(1, 0) < d(1, 4)
    found = triplet_loss(np.array([0, 0, 1, 2, 3]), points)
    assert float(found) == pytest.approx((first + second) / 2, abs=1e-6)


def test_where_no_negative_is_beyond_the_farthest_stands_in():
    angles = np.array([0.0, 3.0, 1.0, 2.0])
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    positive, farthest = 2 - 2 * np.cos(3.0), 2 - 2 * np.cos(2.0)
    found = float(triplet_loss(np.array([0, 0, 1, 2]), points))
    assert found == pytest.approx(positive - farthest + MARGIN, abs=1e-5)


@pytest.mark.parametrize("identities", [[0, 1, 2, 3], [7, 7, 7, 7]], ids=["no-pair", "one-identity"])
def test_without_triplets_the_loss_is_0_and_so_is_its_gradient(identities):
    import keras

    points = keras.Variable(on_sphere(4, 0))
    from generation.training.backend import backend

    loss, pullback = backend().vjp(lambda: triplet_loss(np.array(identities), points.value), [points])
    assert float(loss) == 0
    assert np.array_equal(np.asarray(pullback(loss * 0 + 1, "weights")[0]), np.zeros((4, 5)))


def test_the_gradient_is_that_of_small_steps():
    import keras

    from generation.training.backend import backend

    identities, start = np.array([0, 0, 0, 1, 1, 2]), on_sphere(6, 3)
    points = keras.Variable(start)
    loss, pullback = backend().vjp(lambda: triplet_loss(identities, points.value), [points])
    gradient = np.asarray(pullback(loss * 0 + 1, "weights")[0])
    way = on_sphere(6, 4)
    ends = [float(triplet_loss(identities, start + sign * np.float32(1e-3) * way)) for sign in (1, -1)]
    assert (gradient * way).sum() == pytest.approx((ends[0] - ends[1]) / 2e-3, rel=0.02)
    assert np.abs(gradient).max() > 0.01


def test_batches_hold_identities_in_rounds_and_none_twice():
    identities = np.repeat(np.arange(10), 7)
    drawn = list(identity_batches(identities, 4, 3, 50, np.random.default_rng(0)))
    for at in drawn:
        assert len(np.unique(at)) == 12, "no image twice"
        assert sorted(np.unique(identities[at], return_counts=True)[1]) == [3, 3, 3, 3]
    counts = np.bincount(np.concatenate([identities[at] for at in drawn]), minlength=10)
    assert counts.max() - counts.min() <= 3, "all come equally often"


def test_an_identity_with_few_images_gives_them_again():
    at = next(identity_batches(np.array([5, 5, 9, 9, 9, 9]), 2, 4, 1, np.random.default_rng(0)))
    assert sorted(at) == [0, 0, 1, 1, 2, 3, 4, 5]
