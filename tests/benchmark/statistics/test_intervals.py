import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmark.statistics.intervals import EDGE, FEW, auc_interval, clopper_pearson, mean_bound, rate, wilson

COUNTS = [(0, 10), (1, 10), (5, 10), (9, 10), (10, 10), (0, 1000), (37, 1000), (1000, 1000)]


@pytest.mark.parametrize(("count", "n"), COUNTS)
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_rates_equal_scipy(count, n, level):
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
        theirs = stats.binomtest(count, n).proportion_ci(level, method=method)
        assert ours(count, n, level) == pytest.approx((theirs.low, theirs.high), abs=1e-10)


def test_rates_are_exact_at_the_edge_and_wilson_elsewhere():
    counts = np.array([0, 1, EDGE, EDGE + 1, 50, 99 - EDGE, 100 - EDGE, 100])
    low, high = rate(counts, 100)
    exact, score = clopper_pearson(counts, 100), wilson(counts, 100)
    edge = np.array([True, True, True, False, False, False, True, True])
    np.testing.assert_array_equal(low, np.where(edge, exact[0], score[0]))
    np.testing.assert_array_equal(high, np.where(edge, exact[1], score[1]))


def test_rates_cover():
    """Exactly, over all counts: no rate is below 93 %, from four images on."""
    p = np.linspace(0.0005, 0.9995, 999)
    for n in (4, 10, 30, 150, 1000):
        low, high = rate(np.arange(n + 1), n)
        held = (low <= p[:, None]) & (p[:, None] <= high)
        coverage = (stats.binom.pmf(np.arange(n + 1), n, p[:, None]) * held).sum(axis=1)
        assert coverage.min() > 0.93, n
    assert coverage.mean() < 0.955


def test_the_bound_of_a_mean_at_its_ends():
    assert mean_bound(1.0, 1000)[0] == pytest.approx(0.05 ** (1 / 1000))
    assert mean_bound(1.0, 1000)[1] == 1.0
    assert mean_bound(0.0, 150)[1] == pytest.approx(1 - 0.05 ** (1 / 150))


@given(st.floats(0, 1), st.integers(2, 5000))
def test_the_bound_of_a_mean_holds_the_mean_and_every_exact_interval_of_half_the_error(mean, n):
    low, high = mean_bound(mean, n)
    assert 0 <= low <= mean <= high <= 1
    mirrored = mean_bound(1 - mean, n)
    assert mirrored[0] == pytest.approx(1 - high, abs=1e-6)
    count = round(mean * n)
    exact = clopper_pearson(count, n, 0.9)  # 5 % on each side
    low, high = mean_bound(count / n, n)
    assert low <= exact[0] + 1e-9
    assert high >= exact[1] - 1e-9


def test_the_auc_interval_at_a_perfect_separation():
    low, high = auc_interval(1.0, 0.0, 1000, 0)
    assert (round(float(low), 3), float(high)) == (0.997, 1.0)
    low, high = auc_interval(0.0, 0.0, 1000, 0)
    assert (float(low), round(float(high), 3)) == (0.0, 0.003)


@pytest.mark.parametrize("n", [30, 150, 1000, 10_000])
def test_never_narrower_near_a_perfect_separation_than_at_it(n):
    at = 1 - 0.05 ** (1 / n)
    for wrong in (1, FEW - 1, FEW, 10 * FEW):
        for auc in 1 - np.logspace(-7, -1, 60):
            low, high = auc_interval(auc, 1e-12, n, wrong)
            assert high - low >= at - 1e-12
            assert low <= 1 - at + 1e-12
            assert low <= auc <= high


def test_the_auc_interval_is_symmetric():
    auc, variance = np.array([0.001, 0.2, 0.5, 0.7, 0.99]), np.full(5, 1e-4)
    for wrong in (3, 30):
        low, high = auc_interval(auc, variance, 150, wrong, df=20)
        mirrored = auc_interval(1 - auc, variance, 150, wrong, df=20)
        np.testing.assert_allclose(low, 1 - mirrored[1], atol=1e-9)
        np.testing.assert_allclose(high, 1 - mirrored[0], atol=1e-9)


def test_fewer_degrees_of_freedom_make_it_wider():
    widths = [np.subtract(*auc_interval(0.9, 1e-4, 150, 40, df=df)[::-1]) for df in (np.inf, 30, 5, 1)]
    assert widths == sorted(widths)
    assert widths[0] == pytest.approx(2 * 1.96 * 0.01, rel=0.01)


def test_a_variance_that_rounding_has_made_negative_is_none():
    """Where every fake is a copy of a real image, DeLong's terms cancel to something like -2e-19."""
    low, high = auc_interval(0.5, -2.2e-19, 7, FEW + 4, df=10)
    assert low < 0.5 <= high
    assert (low, high) == auc_interval(0.5, 0.0, 7, FEW + 4, df=10)


@pytest.mark.parametrize("n", [4, 10, 30, 80, 100, 150, 1000])
def test_a_rate_holds_in_93_percent_whatever_it_is(n):
    """Counted exactly; were it exact within eight counts only, 92.5 % of 150 images at a rate of 96.3 %."""
    counts = np.arange(n + 1)
    low, high = rate(counts, n)
    ends = np.r_[low[low > 0] - 1e-9, high[high < 1] + 1e-9]  # where coverage drops
    true = np.r_[np.linspace(1e-3, 0.999, 999), ends[(ends > 0) & (ends < 1)]]
    held = (low[:, None] <= true) & (true <= high[:, None])
    assert (stats.binom.pmf(counts[:, None], n, true) * held).sum(axis=0).min() >= 0.93
