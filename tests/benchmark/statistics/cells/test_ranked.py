import numpy as np
import pytest
from sklearn import metrics as sk

from benchmark.statistics import bootstrap
from benchmark.statistics.bootstrap import replicates, running
from benchmark.statistics.cells.ranked import auc, resampled
from benchmark.statistics.cells.roc import average_precision, equal_error_rate
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.delong import components
from benchmark.statistics.ranking import Ranking


def drawn(n, decimals, seed=0):
    rng = np.random.default_rng(seed)
    is_fake = rng.permutation(np.arange(n) >= n // 2)
    return (rng.normal(size=n) + 1.2 * is_fake).round(decimals), is_fake


@pytest.mark.parametrize("decimals", [0, 9])
@pytest.mark.parametrize("units", [None, 4])
@pytest.mark.parametrize("kept", [True, False])
def test_resamples_are_the_metrics_of_weighted_images(monkeypatch, decimals, units, kept):
    """The same counts, put on images and measured as the values are, give the same numbers."""
    if not kept:
        monkeypatch.setattr(bootstrap, "KEPT", 0)
        monkeypatch.setattr(bootstrap, "CELLS_AT_ONCE", 70 * 300)
    scores, is_fake = drawn(70, decimals)
    ranking = Ranking.of(scores, is_fake)
    clusters = Clusters.of(None if units is None else np.arange(70) // units, is_fake)
    ordered = ranking.order[~ranking.is_fake], ranking.order[ranking.is_fake]
    weight = np.zeros((bootstrap.RESAMPLES, 70))
    for side in (0, 1):
        parts = [chunk[side] for chunk in running(clusters, *ordered)]
        weight[:, ordered[side]] = np.diff(np.concatenate(parts, axis=1), axis=0).T
    counted = weight[:, ranking.order]
    fake = np.cumsum(counted * ranking.is_fake, axis=1)[:, ranking.ends]
    real = np.cumsum(counted, axis=1)[:, ranking.ends] - fake
    precision, error = resampled(ranking, clusters)
    np.testing.assert_allclose(precision, average_precision(real, fake), atol=1e-6)
    np.testing.assert_allclose(error, equal_error_rate(real, fake), atol=1e-6)
    w = weight[7]
    assert precision[7] == pytest.approx(sk.average_precision_score(is_fake, scores, sample_weight=w), abs=1e-6)
    if units is not None:
        index = np.arange(70) // units
        assert all(len(np.unique(weight[3][index == unit])) == 1 for unit in np.unique(index))


def test_resamples_spread_as_the_bootstrap_of_images_does():
    scores, is_fake = drawn(200, 9)
    ranking, alone = Ranking.of(scores, is_fake), Clusters.of(None, is_fake)

    def statistic(weights):
        weights = weights[:, ranking.order]
        fake = np.cumsum(weights * ranking.is_fake, axis=1)
        return average_precision(np.cumsum(weights, axis=1) - fake, fake)[:, None]

    slow, fast = replicates(statistic, alone)[:, 0], resampled(ranking, alone)[0]
    assert fast.mean() == pytest.approx(slow.mean(), abs=0.003)
    assert fast.std() == pytest.approx(slow.std(), rel=0.08)
    assert np.array_equal(resampled(ranking, alone)[0], fast)
    assert not np.array_equal(resampled(ranking, alone, seed=1)[0], fast)


@pytest.mark.parametrize(
    ("wrong", "units", "said"),
    [(0, None, "0 images on"), (1, None, "1 image on"), (3, None, "3 images on"), (3, 3, "1 unit on"), (20, None, "")],
)
def test_the_note_counts_what_is_on_the_wrong_side(wrong, units, said):
    is_fake = np.arange(120) >= 60
    scores = np.where(np.arange(120) < wrong, 2.0, is_fake.astype(float))  # the first reals stand above all fakes
    clusters = Clusters.of(None if units is None else np.arange(120) // units, is_fake)
    ranking = Ranking.of(scores, is_fake)
    *_, note = auc(ranking, components(ranking), is_fake, clusters, 0.95)
    assert note == (f"conservative bound: {said} the wrong side of the best cut" if said else "")
