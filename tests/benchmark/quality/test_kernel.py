"""The kernel distance: brute force, no bias at equal distributions, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.quality import kernel


def brute_force(first: np.ndarray, second: np.ndarray) -> float:
    def mean(a: np.ndarray, b: np.ndarray, same: bool) -> float:
        pairs = [(x @ y / len(x) + 1) ** 3 for i, x in enumerate(a) for j, y in enumerate(b) if not (same and i == j)]
        return float(np.mean(pairs))

    return mean(first, first, True) + mean(second, second, True) - 2 * mean(first, second, False)


def test_equals_brute_force():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((30, 4)), rng.standard_normal((41, 4)) * 1.3 + 0.2
    assert kernel.distance(first, second).value == pytest.approx(brute_force(first, second))


def test_parts_give_the_same_as_the_whole(monkeypatch):
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((50, 4)), rng.standard_normal((70, 4))
    whole = kernel.distance(first, second)
    monkeypatch.setattr(kernel, "CHUNK", 7)
    parts = kernel.distance(first, second)
    assert (parts.value, parts.low, parts.high) == pytest.approx((whole.value, whole.low, whole.high))


@pytest.mark.parametrize("n", [20, 80])
def test_no_bias_at_equal_distributions_whatever_n(n):
    rng = np.random.default_rng(3)
    values = [kernel.distance(rng.standard_normal((n, 8)), rng.standard_normal((n, 8))).value for _ in range(600)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
    assert np.std(values) > 0


def test_mean_does_not_depend_on_n_where_the_distributions_differ():
    rng = np.random.default_rng(4)
    means, errors = [], []
    for n in (15, 150):
        values = [kernel.distance(rng.standard_normal((n, 4)), rng.standard_normal((n, 4)) + 0.5) for _ in range(400)]
        means.append(np.mean([each.value for each in values]))
        errors.append(np.std([each.value for each in values]) / 20)
    assert abs(means[0] - means[1]) < 3 * np.hypot(*errors)
    assert means[1] > 5 * errors[1]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 40), m=st.integers(2, 40), d=st.integers(1, 10))
def test_symmetric_and_blind_to_order(seed, n, m, d):
    rng = np.random.default_rng(seed)
    first, second = rng.standard_normal((n, d)), rng.standard_normal((m, d)) + 1
    found = kernel.distance(first, second)
    back, shuffled = kernel.distance(second, first), kernel.distance(rng.permutation(first), second)
    for other in (back, shuffled):
        assert (other.value, other.low, other.high) == pytest.approx((found.value, found.low, found.high))


def test_interval_narrows_as_the_sample_grows_and_sees_a_difference():
    rng = np.random.default_rng(5)
    few = kernel.distance(rng.standard_normal((50, 8)), rng.standard_normal((50, 8)) + 1)
    many = kernel.distance(rng.standard_normal((800, 8)), rng.standard_normal((800, 8)) + 1)
    assert (many.high - many.low) < 0.5 * (few.high - few.low)
    assert many.low > 0


def test_refuses_a_single_image():
    with pytest.raises(ValueError, match="at least 2"):
        kernel.distance(np.zeros((1, 3)), np.zeros((5, 3)))
