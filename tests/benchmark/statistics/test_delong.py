import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmark.statistics.clusters import Clusters
from benchmark.statistics.delong import components, covariance, degrees_of_freedom
from benchmark.statistics.ranking import Ranking


def scores(n_real, n_fake, shift, decimals, seed):
    rng = np.random.default_rng(seed)
    is_fake = rng.permutation(np.arange(n_real + n_fake) >= n_real)
    common = rng.normal(size=len(is_fake))
    make = lambda: (common + rng.normal(size=len(is_fake)) + shift * is_fake).round(decimals)  # noqa: E731
    return make(), make(), is_fake


def kernel(values, is_fake):
    """All pairs, `(n_fake, n_real)`: 1 where the fake is above the real, 1/2 where they tie."""
    difference = values[is_fake][:, None] - values[~is_fake][None]
    return (difference > 0) + 0.5 * (difference == 0)


@pytest.mark.parametrize("decimals", [0, 12])
@pytest.mark.parametrize("shift", [0.0, 2.0, 6.0])
def test_covariance_equals_brute_force(shift, decimals):
    first, second, is_fake = scores(60, 45, shift, decimals, 2)
    pairs = [kernel(values, is_fake) for values in (first, second)]
    fakes, reals = [pair.mean(1) for pair in pairs], [pair.mean(0) for pair in pairs]
    expected = np.cov(fakes) / 45 + np.cov(reals) / 60
    parts = [components(Ranking.of(values, is_fake)) for values in (first, second)]
    np.testing.assert_allclose(sum(covariance(parts)), expected, atol=1e-15)
    for part, pair, values in zip(parts, pairs, (first, second), strict=True):
        assert part.auc == pytest.approx(roc_auc_score(is_fake, values), abs=1e-14)
        np.testing.assert_allclose(part.fakes, pair.mean(1))
        np.testing.assert_allclose(part.reals, pair.mean(0))


def test_a_perfect_separation_is_exact():
    is_fake = np.arange(3000) >= 1700
    part = components(Ranking.of(np.r_[np.linspace(0, 1, 1700), np.linspace(2, 3, 1300)], is_fake))
    assert part.auc == 1.0
    assert sum(covariance([part]))[0, 0] == 0.0


def test_clusters_of_one_image_change_nothing():
    first, second, is_fake = scores(40, 30, 1.0, 1, 3)
    parts = [components(Ranking.of(values, is_fake)) for values in (first, second)]
    index = np.arange(70)
    clustered = covariance(parts, index[is_fake], index[~is_fake])
    np.testing.assert_allclose(sum(clustered), sum(covariance(parts)), rtol=1e-10)


def test_repeated_images_as_clusters_have_the_variance_of_the_images():
    first, _, is_fake = scores(40, 30, 1.0, 1, 4)
    once = sum(covariance([components(Ranking.of(first, is_fake))]))[0, 0]
    index = np.repeat(np.arange(70), 5)
    repeated = components(Ranking.of(np.repeat(first, 5), np.repeat(is_fake, 5)))
    groups = index[np.repeat(is_fake, 5)], index[~np.repeat(is_fake, 5)]
    assert sum(covariance([repeated], *groups))[0, 0] == pytest.approx(once)
    assert sum(covariance([repeated]))[0, 0] < once / 4


def test_clusters_on_both_sides_count_their_covariance():
    """A cluster that lifts its reals and its fakes alike cancels in the AUC."""
    rng = np.random.default_rng(0)
    level = np.repeat(rng.normal(size=100) * 3, 2)
    is_fake = np.tile([False, True], 100)
    values = level + rng.normal(size=200) * 0.1 + 0.1 * is_fake
    part = components(Ranking.of(values, is_fake))
    index = np.repeat(np.arange(100), 2)
    together = sum(covariance([part], index[is_fake], index[~is_fake]))[0, 0]
    assert together < sum(covariance([part]))[0, 0] / 10


def test_degrees_of_freedom_fall_towards_a_perfect_separation():
    rng = np.random.default_rng(1)
    is_fake = np.arange(2000) >= 1000
    noise = rng.normal(size=2000)
    df = [degrees_of_freedom(components(Ranking.of(noise + d * is_fake, is_fake))) for d in (0.5, 2, 3.5, 4.5)]
    assert df == sorted(df, reverse=True)
    assert df[0] > 1000
    assert df[-1] < 50
    index = np.arange(2000)
    part = components(Ranking.of(noise + 2 * is_fake, is_fake))
    assert degrees_of_freedom(part, index[is_fake], index[~is_fake]) == pytest.approx(df[1], rel=0.5)


@pytest.mark.parametrize("decimals", [0, 8])
def test_wrong_at_cut_is_the_fewest_to_remove(decimals):
    for seed in range(20):
        first, _, is_fake = scores(12, 9, 1.5, decimals, seed)
        for reverse in (False, True):
            ranking = Ranking.of(first, is_fake)
            wrong = ranking.wrong_at_cut(reverse=reverse)
            sign = -1 if reverse else 1
            cuts = [*np.unique(first), np.inf]
            if reverse:
                fewest = min(((first >= cut) == is_fake).sum() for cut in cuts)
            else:
                fewest = min(((first >= cut) != is_fake).sum() for cut in cuts)
            assert wrong.sum() == fewest
            rest = sign * first[~wrong]
            if is_fake[~wrong].any() and (~is_fake[~wrong]).any():
                assert rest[is_fake[~wrong]].min() > rest[~is_fake[~wrong]].max()


def test_clusters_of_missing_groups_stand_alone():
    is_fake = np.array([False, False, False, True, True, True])
    clusters = Clusters.of([7, 7, -1, -1, 7, -3], is_fake)
    assert clusters.count == 4
    assert sorted(clusters.stratum) == [0, 1, 1, 2]
    assert Clusters.of(["a", "", "", "", "b", "b"], is_fake).count == 5
    assert Clusters.of(np.array([1.0, 1.0, np.nan, np.nan, 2.0, 2.0]), is_fake).count == 4
    with pytest.raises(ValueError, match="shape"):
        Clusters.of([1, 2], is_fake)
