from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics import chance
from benchmark.statistics.chance import p_chance
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.delong import components, covariance
from benchmark.statistics.ranking import Ranking


def scores(n_real, n_fake, shift, decimals, seed):
    rng = np.random.default_rng(seed)
    is_fake = np.arange(n_real + n_fake) >= n_real
    return (rng.normal(size=len(is_fake)) + shift * is_fake).round(decimals), is_fake


@pytest.mark.parametrize("decimals", [0, 8])
@pytest.mark.parametrize("shift", [-1.0, 0.0, 1.0])
def test_small_samples_count_every_permutation(shift, decimals):
    values, is_fake = scores(6, 5, shift, decimals, 1)
    ranks = stats.rankdata(values)
    sums = np.array([ranks[list(chosen)].sum() for chosen in combinations(range(11), 5)])
    expected = (sums >= ranks[is_fake].sum() - 1e-9).mean()
    assert p_chance(Ranking.of(values, is_fake)) == pytest.approx(expected, rel=1e-12)


def test_equals_scipy_exact_without_ties():
    values, is_fake = scores(25, 20, 0.6, 12, 2)
    expected = stats.mannwhitneyu(values[is_fake], values[~is_fake], alternative="greater", method="exact")
    assert p_chance(Ranking.of(values, is_fake)) == pytest.approx(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize("decimals", [0, 8])
def test_large_samples_equal_scipy_asymptotic(decimals):
    values, is_fake = scores(150, 120, 0.2, decimals, 3)
    expected = stats.mannwhitneyu(values[is_fake], values[~is_fake], alternative="greater", method="asymptotic")
    assert p_chance(Ranking.of(values, is_fake)) == pytest.approx(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize("decimals", [0, 8])
def test_the_routes_agree_where_they_meet(monkeypatch, decimals):
    for seed in range(5):
        ranking = Ranking.of(*scores(30, 30, 0.4, decimals, seed))
        exact = p_chance(ranking)
        with monkeypatch.context() as patch:
            patch.setattr(chance, "EXACT_UP_TO", 0)
            normal = p_chance(ranking)
        assert normal == pytest.approx(exact, rel=0.1, abs=0.002)
    ranking = Ranking.of(*scores(40, 5, 0.7, decimals, 7))
    exact = p_chance(ranking)
    monkeypatch.setattr(chance, "EXACT_UP_TO", 0)
    assert p_chance(ranking, seed=1) == pytest.approx(exact, abs=5 * np.sqrt(exact / 9999))


def test_random_permutations_from_either_rare_class():
    values, is_fake = scores(200, 6, 1.0, 8, 4)
    few_fakes = p_chance(Ranking.of(values, is_fake))
    few_reals = p_chance(Ranking.of(-values, ~is_fake))
    assert few_fakes == pytest.approx(few_reals, abs=0.02)
    assert 0.05 < few_fakes < 0.2
    assert p_chance(Ranking.of(np.r_[np.arange(200), 300 + np.arange(6)], is_fake)) == 1e-4


def test_a_perfect_separation_and_its_reverse():
    values, is_fake = scores(1000, 1000, 50.0, 8, 5)
    assert p_chance(Ranking.of(values, is_fake)) < 1e-100
    assert p_chance(Ranking.of(-values, is_fake)) == pytest.approx(1.0)


@pytest.mark.parametrize(("n_real", "n_fake", "decimals"), [(15, 15, 0), (90, 90, 8), (90, 90, 0), (500, 6, 8)])
def test_the_level_holds_under_the_null(n_real, n_fake, decimals):
    p = np.array([p_chance(Ranking.of(*scores(n_real, n_fake, 0.0, decimals, s)), seed=s) for s in range(400)])
    for alpha in (0.5, 0.05):
        assert (p <= alpha).mean() <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / 400)
    assert (p <= 0.5).mean() > 0.38


def test_the_level_holds_with_clusters():
    """40 identities of 10 images against 400 independent ones: image-wise the test would alarm far too often."""
    rng = np.random.default_rng(0)
    is_fake = np.arange(800) >= 400
    groups = np.r_[np.repeat(np.arange(40), 10), np.full(400, -1)]
    clusters = Clusters.of(groups, is_fake)
    alarms = np.zeros(2)
    for _ in range(400):
        values = np.r_[np.repeat(rng.normal(size=40), 10), rng.normal(size=400)] + rng.normal(size=800)
        ranking = Ranking.of(values, is_fake)
        alarms += [p_chance(ranking, clusters) <= 0.05, p_chance(ranking) <= 0.05]
    assert 0.02 <= alarms[0] / 400 <= 0.085
    assert alarms[1] / 400 > 0.12


def test_what_is_known_of_the_auc_changes_no_p_value():
    rng, is_fake = np.random.default_rng(0), np.arange(60) >= 30
    ranking, clusters = Ranking.of(rng.normal(size=60) + is_fake, is_fake), Clusters.of(np.arange(60) // 4, is_fake)
    part = components(ranking)
    variance = sum(float(side[0, 0]) for side in covariance([part], clusters.index[is_fake], clusters.index[~is_fake]))
    assert p_chance(ranking, clusters, known=(part, variance)) == p_chance(ranking, clusters)
    assert p_chance(ranking, clusters, known=(part, 4 * variance)) > p_chance(ranking, clusters)
