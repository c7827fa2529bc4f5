import numpy as np
import pytest
from sklearn import metrics as sk

from benchmark.statistics.cells.metrics import roc
from benchmark.statistics.cells.roc import Bounds, average_precision, equal_error_rate, tpr_at_fpr
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.ranking import Ranking


def cell(n_real, n_fake, shift, decimals=None, seed=0):
    rng = np.random.default_rng(seed)
    is_fake = np.arange(n_real + n_fake) >= n_real
    scores = rng.normal(size=len(is_fake)) + shift * is_fake
    return (scores if decimals is None else scores.round(decimals)), is_fake


def at_one_percent(scores, is_fake, groups=None):
    ranking = Ranking.of(scores, is_fake)
    return tpr_at_fpr(ranking, Bounds.of(ranking, Clusters.of(groups, is_fake), 0.95), 0.01)


@pytest.mark.parametrize("decimals", [None, 1, 0])
@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_the_curve_is_scikit_learns(shift, decimals):
    scores, is_fake = cell(300, 200, shift, decimals)
    curve = roc(scores, is_fake)
    fpr, tpr, thresholds = sk.roc_curve(is_fake, scores, drop_intermediate=False)
    every = {(round(f, 12), round(t, 12), s) for f, t, s in zip(fpr, tpr, thresholds, strict=True)}
    points = zip(curve.fpr.round(12), curve.tpr.round(12), curve.threshold, strict=True)
    assert set(points) <= every
    assert len(curve) < len(fpr) or decimals == 0
    assert np.trapezoid(curve.tpr, curve.fpr) == pytest.approx(sk.roc_auc_score(is_fake, scores), abs=1e-12)
    # each point that was left out lies on the segment between two that were kept
    for f, t in zip(fpr, tpr, strict=True):
        k = np.flatnonzero((curve.fpr <= f + 1e-12) & (curve.tpr <= t + 1e-12))[-1]
        a, b = curve.iloc[k], curve.iloc[min(k + 1, len(curve) - 1)]
        assert (b.fpr - a.fpr) * (t - a.tpr) == pytest.approx((b.tpr - a.tpr) * (f - a.fpr), abs=1e-12)


def test_the_band_holds_the_curve_and_has_width_on_separable_scores():
    for shift in (1.0, 50.0):
        curve = roc(*cell(200, 200, shift))
        assert (curve.tpr_low <= curve.tpr).all()
        assert (curve.tpr <= curve.tpr_high).all()
        assert (curve.tpr_high - curve.tpr_low > 0.01).all()
        assert (curve.fpr.iloc[0], curve.tpr.iloc[0], curve.threshold.iloc[0]) == (0, 0, np.inf)
        assert (curve.fpr.iloc[-1], curve.tpr.iloc[-1]) == (1, 1)
    # beside the three corners only points that the band needs, each at an FPR a quarter larger than the last
    assert len(curve) < 3 + np.log(200) / np.log(1.25)
    assert set(curve.tpr.iloc[1:]) == {1.0}


def test_tpr_at_fpr_is_the_largest_that_does_not_exceed():
    is_fake = np.arange(1200) >= 1000
    scores = np.r_[np.arange(1000.0), np.full(100, 990.0), np.full(100, 989.0)]
    # 989: 11 reals, 1.1 %; 990: 10 reals, 1.0 %
    value, low, high, note = at_one_percent(scores, is_fake)
    assert value == 0.5
    assert low < 0.5 < high
    assert note == "of the test ROC"


def test_tpr_at_fpr_with_ties_at_the_top():
    is_fake = np.arange(2000) >= 1000
    scores = np.r_[np.zeros(980), np.ones(20), np.ones(1000)]
    value, low, _, _ = at_one_percent(scores, is_fake)
    assert (value, low) == (0.0, 0.0)


def test_equal_error_rate_interpolates():
    # after 1 of 4 reals and 2 of 3 fakes: FPR 1/4, miss 1/3; after 2 reals: FPR 1/2; crossing at FPR 1/3
    real, fake = np.array([[0.0, 1.0, 2.0, 4.0]]), np.array([[1.0, 2.0, 2.0, 3.0]])
    assert equal_error_rate(real, fake) == pytest.approx(1 / 3)
    perfect = equal_error_rate(np.array([[0.0, 2.0]]), np.array([[2.0, 2.0]]))
    assert perfect == 0.0
    assert equal_error_rate(np.array([[2.0, 2.0]]), np.array([[0.0, 2.0]])) == 1.0


def test_weights_are_repeated_images():
    rng = np.random.default_rng(3)
    scores, is_fake = cell(30, 20, 1.0, 1)
    weights = rng.integers(0, 4, 50)
    repeated = np.repeat(scores, weights), np.repeat(is_fake, weights)
    one, other = Ranking.of(scores, is_fake), Ranking.of(*repeated)
    w = weights[one.order][None].astype(float)
    fake = np.cumsum(w * one.is_fake, axis=1)[:, one.ends]
    real = np.cumsum(w, axis=1)[:, one.ends] - fake
    reals, fakes = (counts[None].astype(float) for counts in other.counts())
    for metric in (average_precision, equal_error_rate):
        assert metric(real, fake) == pytest.approx(metric(reals, fakes))
