import numpy as np
import pytest
from scipy import special, stats

from benchmark.statistics import bootstrap
from benchmark.statistics.bootstrap import on_logits, percentile, replicates, weights
from benchmark.statistics.clusters import Clusters


def test_resamples_keep_the_size_of_each_class():
    is_fake = np.random.default_rng(0).permutation(np.arange(50) >= 30)
    drawn = np.concatenate(list(weights(Clusters.of(None, is_fake), resamples=200, seed=1)))
    assert drawn.shape == (200, 50)
    assert (drawn[:, is_fake].sum(axis=1) == 20).all()
    assert (drawn[:, ~is_fake].sum(axis=1) == 30).all()
    # multinomial: mean 1, variance 1 - 1/n
    assert drawn.mean(axis=0) == pytest.approx(1.0, abs=0.3)
    assert drawn[:, ~is_fake].var() == pytest.approx(1 - 1 / 30, rel=0.05)


def test_images_of_a_cluster_are_drawn_together():
    is_fake = np.arange(30) >= 20
    groups = np.r_[np.repeat(np.arange(5), 4), np.full(6, 0), np.full(4, -1)]
    clusters = Clusters.of(groups, is_fake)
    drawn = np.concatenate(list(weights(clusters, resamples=50, seed=1)))
    for group in range(5):
        same = drawn[:, groups == group]
        assert (same == same[:, :1]).all()
    assert (drawn[:, groups == 0] == 1).all()  # the only cluster with both classes: its stratum is drawn whole
    assert (drawn[:, 26:].sum(axis=1) == 4).all()
    assert (drawn[:, 4:20].sum(axis=1) == 16).all()


def test_memory_is_bounded_and_the_seed_decides(monkeypatch):
    is_fake = np.arange(100) >= 50
    clusters = Clusters.of(None, is_fake)
    monkeypatch.setattr(bootstrap, "CELLS_AT_ONCE", 700)
    chunks = list(weights(clusters, resamples=20, seed=3))
    assert [len(chunk) for chunk in chunks] == [7, 7, 6]
    again = list(weights(clusters, resamples=20, seed=3))
    assert all(np.array_equal(a, b) for a, b in zip(chunks, again, strict=True))
    assert not np.array_equal(chunks[0], next(weights(clusters, resamples=20, seed=4)))


def test_the_bootstrap_of_a_mean_has_its_standard_error():
    rng = np.random.default_rng(2)
    values = rng.normal(size=400)
    clusters = Clusters.of(None, np.arange(400) >= 200)
    means = replicates(lambda w: (w @ values / 400)[:, None], clusters, resamples=4000, seed=0)
    within = np.r_[values[:200] - values[:200].mean(), values[200:] - values[200:].mean()]
    assert means.std() == pytest.approx(within.std() / 20, rel=0.05)
    low, high = percentile(means)
    assert high[0] - low[0] == pytest.approx(2 * 1.96 * within.std() / 20, rel=0.08)


def test_percentiles_leave_out_resamples_without_a_value():
    values = np.r_[np.arange(101.0), [np.nan] * 50][:, None]
    assert [float(bound[0]) for bound in percentile(values, 0.9)] == pytest.approx([5.0, 95.0])


def test_on_logits_counts_spread_and_bias():
    rng = np.random.default_rng(4)
    z = rng.normal(size=20_000)
    low, high = on_logits(0.9, special.expit(special.logit(0.9) + 0.3 * z), df=np.inf, least=1e-9)
    half = stats.norm.ppf(0.975) * 0.3
    assert low == pytest.approx(special.expit(special.logit(0.9) - half), rel=0.01)
    assert high == pytest.approx(special.expit(special.logit(0.9) + half), rel=0.01)
    biased = on_logits(0.9, special.expit(special.logit(0.9) + 0.3 * z + 0.3), df=np.inf, least=1e-9)
    assert biased[0] < low
    assert biased[1] > high
    assert on_logits(1.0, np.ones(10), df=5, least=1e-6) == pytest.approx((1.0, 1.0), abs=1e-5)
