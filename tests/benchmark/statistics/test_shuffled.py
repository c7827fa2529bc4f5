"""Shuffled classes: chance where p-values hold, and an alarm where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.statistics import shuffled
from benchmark.statistics.shuffled import Null, Side


def sides(rng: np.random.Generator, n: int, units: np.ndarray, spread: float = 0.0) -> list[Side]:
    """Training and test images; those of one unit share what they look like, by `spread`."""
    found = []
    for _ in range(2):
        shared = rng.normal(size=(units.max() + 1, 12)) * spread
        features = np.r_[rng.normal(size=(n, 12)), rng.normal(size=(n, 12)) + 0.8]
        own = np.r_[units, units + units.max() + 1]
        found.append(Side(features + np.r_[shared[units], shared[units]], own, np.arange(2 * n) >= n))
    return found


def test_half_of_each_class_is_called_fake_and_units_stay_whole():
    rng = np.random.default_rng(0)
    units = np.repeat(np.arange(31), 4)
    side = Side(np.zeros((124, 1)), units, np.arange(124) >= 80)
    called = shuffled._called(side, 100, rng)
    assert (called[:, ::4] == called[:, 3::4]).all()
    assert (called[:, :80:4].sum(axis=1) == 10).all()
    assert set(called[:, 80::4].sum(axis=1)) == {5, 6}, "of eleven units, either half"
    assert not np.array_equal(called[0], called[1])


def test_real_classes_are_not_found_again_and_the_null_holds():
    rng = np.random.default_rng(1)
    null = shuffled.shuffled(*sides(rng, 100, np.arange(100)), shuffles=199)
    assert null.aucs.mean() == pytest.approx(0.5, abs=0.01)
    assert min(null.adjusted.values()) > 0.01
    assert null.aucs.std() > 0.01, "each shuffle is another"


def test_units_that_are_taken_into_account_hold_and_ignored_ones_do_not():
    rng = np.random.default_rng(2)
    units = np.repeat(np.arange(30), 8)
    train, test = sides(rng, 240, units, spread=3.0)
    assert min(shuffled.shuffled(train, test, shuffles=199).adjusted.values()) > 0.01
    # whole units are called fake, and the test counts each image as one of its own
    scores = test.features @ rng.normal(size=(12, 199))
    wrong = shuffled._judged(scores, shuffled._called(test, 199, rng), np.arange(480)).adjusted
    assert wrong["p-values"] < 1e-6
    assert wrong["intervals"] < 1e-6


def test_a_mean_off_chance_is_said():
    rng = np.random.default_rng(3)
    null = Null(0.52 + rng.normal(0, 0.03, 199), np.full(199, 0.4), np.zeros(199, bool))
    assert null.adjusted["mean AUC"] < 0.01
    assert null.adjusted["p-values"] == 1


def test_the_smallest_rate_is_what_the_binomial_says():
    rate = shuffled.smallest_rate(399)
    seen = np.random.default_rng(0).binomial(399, rate, 20_000)
    nulls = [Null(np.full(399, 0.5), np.r_[np.zeros(k), np.ones(399 - k)], np.zeros(399, bool)) for k in range(100)]
    alarms = np.array([null.adjusted["p-values"] <= 0.01 for null in nulls])
    assert alarms[np.minimum(seen, 99)].mean() == pytest.approx(0.8, abs=0.03)


def test_too_few_units():
    side = Side(np.zeros((6, 2)), np.repeat([0, 1, 2], 2), np.arange(6) >= 3)
    with pytest.raises(ValueError, match="four units or more"):
        shuffled.shuffled(side, side)
