"""The smallest effect that so many images can show, against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics.chance import p_chance
from benchmark.statistics.columns.compare import compare_configurations, paired
from benchmark.statistics.power import smallest_auc, smallest_between_runs, smallest_difference
from benchmark.statistics.ranking import Ranking


def test_it_is_seen_in_four_of_five_draws():
    rng = np.random.default_rng(0)
    for n_real, n_fake, level in ((150, 150, 0.05), (300, 60, 0.01)):
        shift = np.sqrt(2) * stats.norm.ppf(smallest_auc(n_real, n_fake, level=level))
        is_fake = np.arange(n_real + n_fake) >= n_real
        seen = [
            p_chance(Ranking.of(rng.normal(size=n_real + n_fake) + shift * is_fake, is_fake)) <= level
            for _ in range(400)
        ]
        assert 0.72 <= np.mean(seen) <= 0.88


def test_too_few_images_see_nothing():
    assert np.isnan(smallest_auc(3, 3, level=0.01))
    assert not np.isnan(smallest_auc(3, 3, level=0.05 + 1e-9))  # 1 of 20 orders
    assert np.isnan(smallest_auc(0, 9))
    assert smallest_auc(100, 100) > smallest_auc(1000, 1000) > 0.5


def normal_scores(rng, n, aucs):
    """Scores of detectors with the given AUCs, whose AUCs have a correlation of about one half."""
    is_fake = np.arange(2 * n) >= n
    image = rng.normal(size=2 * n)
    shifts = np.sqrt(2) * stats.norm.ppf(aucs)
    return [np.sqrt(0.5) * (image + rng.normal(size=2 * n)) + shift * is_fake for shift in shifts], is_fake


@pytest.mark.parametrize(("n", "auc"), [(150, 0.8), (400, 0.95), (60, 0.9), (500, 0.998)])
def test_a_difference_of_detectors_is_seen_in_four_of_five_draws(n, auc):
    rng = np.random.default_rng(1)
    gap = smallest_difference(n, n, auc=auc)
    seen = []
    for _ in range(200):
        (one, other), is_fake = normal_scores(rng, n, [auc, auc - gap])
        seen.append(paired(one, other, is_fake).p <= 0.05)
    assert 0.68 <= np.mean(seen) <= 0.95


@pytest.mark.parametrize("runs", [3, 6])
def test_a_difference_of_configurations_is_seen_in_four_of_five_draws(runs):
    rng, n, spread = np.random.default_rng(2), 150, 0.02
    gap = smallest_between_runs(runs, spread, n, n, auc=0.8)
    is_fake = np.arange(2 * n) >= n
    seen = []
    for _ in range(150):
        real = rng.normal(size=n)
        both = []
        for auc in (0.8, 0.8 - gap):
            aucs = np.clip(auc + spread * rng.normal(size=runs), 0.01, 0.99)
            both.append([(np.r_[real, rng.normal(size=n) + np.sqrt(2) * stats.norm.ppf(a)], is_fake) for a in aucs])
        seen.append(compare_configurations(*both).p <= 0.05)
    assert 0.68 <= np.mean(seen) <= 0.95


def test_more_images_and_runs_see_more():
    assert smallest_difference(100, 100) > smallest_difference(1000, 1000) > 0
    assert smallest_difference(1000, 1000, auc=0.99) < smallest_difference(1000, 1000)
    assert np.isnan(smallest_difference(4, 4))
    assert smallest_between_runs(3, 0.01, 500, 500) > smallest_between_runs(5, 0.01, 500, 500)
    assert smallest_between_runs(5, 0.05, 500, 500) > smallest_between_runs(5, 0.01, 500, 500)
    assert np.isnan(smallest_between_runs(1, 0.01, 500, 500))
    assert smallest_between_runs(2, 0.02, 150, 150) > 3 * smallest_between_runs(3, 0.02, 150, 150)  # a t of one degree
