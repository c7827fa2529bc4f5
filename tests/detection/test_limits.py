"""Limits by order: what they promise, exactly, with ties and units, and where so few cannot promise anything."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from scipy.stats import beta

from data.errors import UserError
from detection import limits
from detection.limits import calls_for, sure_calls_for, upper_limit

DRAWS = 400


def test_examples_come_out_as_printed():
    assert doctest.testmod(limits, extraglobs={"np": np}).failed == 0


def test_the_largest_count_whose_guarantee_holds_is_taken():
    for n in (1, 5, 19, 20, 99, 1000):
        for rate in (0.001, 0.01, 0.05, 0.29, 0.5, 0.99):
            k = calls_for(n, rate)
            assert k / (n + 1) <= rate + 1e-9
            assert k == n or (k + 1) / (n + 1) > rate
    assert calls_for(99, 0.29) == 29  # 0.29 * 100 is 28.999999999999996


def test_a_sure_count_is_the_largest_whose_share_stays_below_the_rate_with_the_level():
    for n in (299, 500, 2000):
        k = sure_calls_for(n, 0.01)
        assert beta.cdf(0.01, k, n + 1 - k) >= 0.95
        assert beta.cdf(0.01, k + 1, n - k) < 0.95


@pytest.mark.parametrize("n", [19, 40, 200])
def test_new_scores_reach_it_at_the_rate_and_the_interval_covers_their_share(n):
    rng = np.random.default_rng(n)
    inside, shares = 0, []
    for _ in range(DRAWS):
        limit = upper_limit(rng.random(n), calls_for(n, 0.05))
        share = 1 - limit.value  # of new ones, uniform too
        inside += limit.low <= share <= limit.high
        shares.append(share)
    assert 0.95 - 4 * np.sqrt(0.05 * 0.95 / DRAWS) <= inside / DRAWS
    assert np.mean(shares) == pytest.approx(limit.rate, abs=5 * np.std(shares) / np.sqrt(DRAWS))


def test_with_ties_no_more_are_called_and_the_interval_covers_still():
    rng = np.random.default_rng(0)
    inside, shares = 0, []
    for _ in range(DRAWS):
        limit = upper_limit(rng.integers(0, 12, 60).astype(float), calls_for(60, 0.2))
        share = (np.arange(12) >= limit.value).mean()
        inside += limit.low <= share <= limit.high
        shares.append(share)
    assert np.mean(shares) <= limit.rate
    assert inside / DRAWS >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / DRAWS)


def test_equal_scores_call_nothing_new_that_is_equal():
    limit = upper_limit(np.ones(30), 3)
    assert limit.value > 1
    assert limit.low == 0


def test_units_count_once_with_their_largest_score():
    scores, units = np.arange(60.0), np.repeat(np.arange(20), 3)
    limit = upper_limit(scores, calls_for(20, 0.05), units)
    assert limit.n == 20
    assert limit.value == np.nextafter(59.0, np.inf)
    assert limit.rate == pytest.approx(1 / 21)


def test_none_can_be_set_by_too_few_or_by_numbers_that_are_none():
    limit = upper_limit(np.arange(10.0), calls_for(10, 0.05))
    assert limit.value == np.inf
    assert (limit.rate, limit.high) == (0, 0)
    with pytest.raises(UserError, match="finite"):
        upper_limit(np.array([1.0, np.nan]), 1)
