"""Precision, recall, density and coverage: the published toy, brute force, laws, and memory that stays bounded."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.quality import neighbours


def values(real: np.ndarray, fake: np.ndarray, k: int = 5) -> dict[str, float]:
    return {name: estimate.value for name, estimate in neighbours.overlap(real, fake, k=k).items()}


def brute_force(real: np.ndarray, fake: np.ndarray, k: int) -> dict[str, float]:
    def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.linalg.norm(a[:, None] - b[None], axis=2)

    def radii(a: np.ndarray) -> np.ndarray:
        return np.sort(distances(a, a), axis=1)[:, k]  # column 0 is the image itself

    across = distances(real, fake)
    near = across <= radii(real)[:, None]
    return {
        "precision": near.any(axis=0).mean(),
        "recall": (across <= radii(fake)).any(axis=1).mean(),
        "density": near.sum(axis=0).mean() / k,
        "coverage": near.any(axis=1).mean(),
    }


@pytest.mark.slow
def test_published_toy():
    """10,000 standard normals in 1,000 dimensions on both sides, k = 5: the example of Naeem et al.'s package."""
    rng = np.random.default_rng(0)
    found = values(rng.standard_normal((10_000, 1000)), rng.standard_normal((10_000, 1000)))
    published = {"precision": 0.477, "recall": 0.471, "density": 1.056, "coverage": 0.974}
    for name, value in published.items():  # another draw: within what draws differ by, 0.06 for density (hubs)
        assert found[name] == pytest.approx(value, abs=0.2 if name == "density" else 0.04), name


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(8, 60), m=st.integers(8, 60), d=st.integers(1, 6), k=st.integers(1, 6))
def test_equals_brute_force_and_is_blind_to_order(seed, n, m, d, k):
    rng = np.random.default_rng(seed)
    real, fake = rng.standard_normal((n, d)), rng.standard_normal((m, d)) * 1.5 + 0.3
    found = neighbours.overlap(real, fake, k=k)
    wanted = brute_force(real, fake, k)
    shuffled = values(rng.permutation(real), rng.permutation(fake), k)
    for name, estimate in found.items():
        assert estimate.value == pytest.approx(wanted[name])
        assert shuffled[name] == pytest.approx(wanted[name])
        assert 0 <= estimate.low <= estimate.value <= estimate.high
        assert name == "density" or estimate.high <= 1


def test_parts_give_the_same_as_the_whole(monkeypatch):
    rng = np.random.default_rng(1)
    real, fake = rng.standard_normal((90, 5)), rng.standard_normal((75, 5))
    whole = neighbours.overlap(real, fake)
    monkeypatch.setattr(neighbours, "CHUNK", 11)
    assert neighbours.overlap(real, fake) == whole


def test_the_same_images_overlap_wholly_and_distant_ones_not_at_all():
    real = np.random.default_rng(2).standard_normal((200, 8))
    same, apart = values(real, real.copy()), values(real, real + 100)
    assert same["precision"] == same["recall"] == same["coverage"] == 1
    assert same["density"] >= 1
    assert set(apart.values()) == {0.0}


def test_mode_collapse_costs_recall_and_coverage_and_not_precision():
    rng = np.random.default_rng(3)
    real = rng.standard_normal((400, 8))
    collapsed = values(real, real[rng.integers(0, 5, 400)] + 0.01 * rng.standard_normal((400, 8)))
    assert collapsed["precision"] > 0.99
    assert collapsed["recall"] < 0.05
    assert collapsed["coverage"] < 0.3


def test_swapping_the_sets_swaps_precision_and_recall():
    rng = np.random.default_rng(4)
    real, fake = rng.standard_normal((100, 5)), rng.standard_normal((100, 5)) * 0.6
    there, back = values(real, fake), values(fake, real)
    assert (there["precision"], there["recall"]) == (back["recall"], back["precision"])


def test_distances_are_those_of_numpy_far_from_the_origin():
    rng = np.random.default_rng(5)
    first, second = rng.standard_normal((30, 4)) + 1e4, rng.standard_normal((20, 4)) + 1e4
    found = np.concatenate([part for _, part in neighbours.squared_distances(first, second)])
    np.testing.assert_allclose(found, ((first[:, None] - second) ** 2).sum(axis=2), rtol=1e-8)


def test_no_table_of_all_pairs_is_in_memory():
    rng = np.random.default_rng(6)
    real, fake = rng.standard_normal((6000, 2)), rng.standard_normal((6000, 2))
    tracemalloc.start()
    neighbours.overlap(real, fake)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.75 * 8 * 6000**2


def test_refuses_too_few_images():
    with pytest.raises(ValueError, match="more than k=5"):
        neighbours.overlap(np.zeros((5, 2)), np.zeros((50, 2)))
