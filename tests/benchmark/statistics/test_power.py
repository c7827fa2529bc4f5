"""The smallest effect that so many images can show, against simulation."""

from __future__ import annotations

import numpy as np
from scipy import stats

from benchmark.statistics.chance import p_chance
from benchmark.statistics.power import smallest_auc
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
