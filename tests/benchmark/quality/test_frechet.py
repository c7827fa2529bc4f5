"""The Fréchet distance: closed forms, an independent formula, laws, and the influence behind its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from benchmark.quality import frechet


def features(seed: int, n: int, d: int, *, spread: float = 1.0, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) * spread + shift


def whitened(n: int, d: int, seed: int) -> np.ndarray:
    """A sample whose mean is exactly 0 and whose covariance is exactly 1."""
    sample = np.random.default_rng(seed).standard_normal((n, d))
    sample -= sample.mean(axis=0)
    return sample @ np.linalg.inv(np.linalg.cholesky(np.cov(sample, rowvar=False))).T


def brute_force(first: np.ndarray, second: np.ndarray) -> float:
    covariances = [np.cov(each, rowvar=False) for each in (first, second)]
    apart = first.mean(axis=0) - second.mean(axis=0)
    return float(apart @ apart + np.trace(sum(covariances) - 2 * sqrtm(covariances[0] @ covariances[1]).real))


def test_two_gaussians_with_diagonal_covariances_have_a_closed_form():
    spread, shift = np.array([0.5, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, -2.0, 0.5])
    first, second = whitened(500, 4, 0), whitened(300, 4, 1) * spread + shift
    assert frechet.distance(first, second).value == pytest.approx((shift**2).sum() + ((1 - spread) ** 2).sum())


def test_large_samples_of_two_gaussians_approach_the_closed_form():
    rng = np.random.default_rng(0)
    first = rng.standard_normal((200_000, 3))
    second = rng.standard_normal((200_000, 3)) * [1, 2, 3] + [1, 0, 0]
    assert frechet.distance(first, second).value == pytest.approx(1 + 1 + 4, rel=0.01)


@pytest.mark.parametrize(("n", "d"), [(200, 5), (400, 64)])
def test_equals_the_formula_with_scipys_root_of_a_matrix(n, d):
    first, second = features(1, n, d), features(2, n + 50, d, shift=0.3)
    assert frechet.distance(first, second).value == pytest.approx(brute_force(first, second), rel=1e-8)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 60), d=st.integers(1, 20), shift=st.floats(-3, 3))
def test_symmetric_and_blind_to_order_also_with_fewer_images_than_features(seed, n, d, shift):
    first, second = features(seed, n, d), features(seed + 1, n + 7, d, shift=shift)
    value = frechet.distance(first, second).value
    shuffled = np.random.default_rng(seed).permutation(first)
    scale = 1 + value + np.trace(np.atleast_2d(np.cov(first, rowvar=False)))
    assert value >= 0
    assert frechet.distance(second, first).value == pytest.approx(value, abs=1e-6 * scale)
    assert frechet.distance(shuffled, second).value == pytest.approx(value, abs=1e-6 * scale)
    assert frechet.distance(first, first).value == pytest.approx(0, abs=1e-6 * scale)


def test_a_dead_feature_changes_nothing():
    first, second = features(1, 100, 6), features(2, 100, 6, shift=1)
    dead = [np.column_stack([each, np.full(100, 3.0)]) for each in (first, second)]
    assert frechet.distance(*dead).value == pytest.approx(frechet.distance(first, second).value)
    assert np.isfinite(frechet.distance(*dead).estimate.high)


@pytest.mark.parametrize("which", [0, 1])
def test_influence_is_the_change_when_an_image_weighs_more(which):
    """Of two copies of every image the one of image i is left out; what changes is minus its influence by 2n."""
    sides = [features(1, 300, 4), features(2, 300, 4, shift=0.5, spread=1.5)]
    found = frechet.distance(*sides)
    influence = (found.first, found.second)[which]
    doubled = [np.concatenate([side, side]) for side in sides]
    whole = frechet.distance(*doubled).value
    for i in (0, 17, 251):
        without = list(doubled)
        without[which] = np.delete(doubled[which], i, axis=0)
        change = (whole - frechet.distance(*without).value) * 600
        assert change == pytest.approx(influence[i], abs=0.05 * influence.std())


def test_estimate_holds_its_value_and_is_no_distance_below_zero():
    same = frechet.distance(features(1, 40, 3), features(1, 40, 3)[::-1]).estimate
    assert same.low == 0
    apart = frechet.distance(features(1, 40, 3), features(2, 40, 3, shift=4)).estimate
    assert 0 < apart.low < apart.value < apart.high


@pytest.mark.parametrize(
    ("first", "second"),
    [(np.zeros((1, 3)), np.zeros((9, 3))), (np.zeros((9, 3)), np.zeros((9, 4))), (np.full((9, 3), np.nan),) * 2],
    ids=["one-image", "other-features", "not-finite"],
)
def test_refuses_what_has_no_distance(first, second):
    with pytest.raises(ValueError, match="Received"):
        frechet.distance(first, second)
