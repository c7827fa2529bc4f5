import numpy as np
import pytest
from scipy import stats

from benchmark.statistics.columns.configuration import compare_configurations, configuration_interval

IS_FAKE = np.arange(400) >= 200


def runs(rng, count, shift=1.3, spread=0.0, reals=None):
    reals = rng.normal(size=200) if reals is None else reals
    return [(np.r_[reals, rng.normal(size=200) + shift + spread * rng.normal()], IS_FAKE) for _ in range(count)]


def test_one_run_has_no_interval():
    result = configuration_interval(runs(np.random.default_rng(0), 1))
    assert 0.5 < result.value < 1
    assert np.isnan([result.low, result.high]).all()
    assert result.note.startswith("cannot tell: one training run")
    assert np.isnan(compare_configurations(*[runs(np.random.default_rng(0), 1)] * 2).p)
    with pytest.raises(ValueError, match="At least one"):
        configuration_interval([])


def test_the_mean_is_wider_than_a_t_interval_that_forgets_the_shared_reals():
    cells = runs(np.random.default_rng(1), 5)
    aucs = [configuration_interval([cell]).value for cell in cells]
    result = configuration_interval(cells)
    assert result.value == pytest.approx(np.mean(aucs))
    naive = stats.t.ppf(0.975, 4) * np.std(aucs, ddof=1) / np.sqrt(5)
    assert result.high - result.value > 1.05 * naive
    # with ever more runs the shared part remains
    cells = runs(np.random.default_rng(1), 60)
    many = configuration_interval(cells)
    aucs = [configuration_interval([cell]).value for cell in cells]
    assert many.high - many.value > 3 * stats.t.ppf(0.975, 59) * np.std(aucs, ddof=1) / np.sqrt(60)


def test_detector_trainings_of_one_run_are_averaged_and_are_no_replicates():
    cells = runs(np.random.default_rng(2), 3)
    once, twice = configuration_interval(cells), configuration_interval([[cell, cell] for cell in cells])
    assert once[:3] == pytest.approx(twice[:3])


def test_perfect_runs_keep_the_width_of_a_perfect_separation():
    result = configuration_interval(runs(np.random.default_rng(3), 3, shift=40.0))
    assert (result.value, result.high) == (1.0, 1.0)
    assert result.low == pytest.approx(0.05 ** (1 / 200))
    both = compare_configurations(*[runs(np.random.default_rng(3), 3, shift=40.0)] * 2)
    assert both.p == 1.0


def test_runs_must_share_their_reals():
    rng = np.random.default_rng(4)
    cells = runs(rng, 2)
    short = [(cells[0][0][50:], IS_FAKE[50:])]
    with pytest.raises(ValueError, match="share their real test images"):
        configuration_interval(cells + short)
    with pytest.raises(ValueError, match="share their real test images"):
        compare_configurations(cells, short)


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 5])
@pytest.mark.parametrize(("shift", "spread"), [(1.5, 0.0), (1.5, 0.1), (1.5, 0.4), (3.0, 0.4)])
def test_covers(count, shift, spread):
    """The truth is the mean AUC over trainings and images; runs differ by `spread`, reals are drawn once."""
    rng = np.random.default_rng(5)
    truth = stats.norm.cdf(shift / np.sqrt(2 + spread**2))
    held = 0
    for _ in range(1000):
        result = configuration_interval(runs(rng, count, shift, spread))
        held += result.low <= truth <= result.high
    assert held / 1000 >= 0.935


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_equal_configurations_are_rarely_told_apart(spread):
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(1000):
        reals = rng.normal(size=200)
        one, other = (runs(rng, 3, 1.5, spread, reals) for _ in range(2))
        alarms += compare_configurations(one, other).p < 0.05
    assert alarms / 1000 <= 0.07


def test_runs_that_do_not_scatter_at_all_prove_nothing():
    """Near a perfect separation all runs of one may be at 1, and in all of the other one fake below every real."""
    perfect = np.arange(100.0)
    flawed = perfect.copy()
    flawed[50] = -1.0
    is_fake = np.arange(100) >= 50
    found = compare_configurations([(perfect, is_fake)] * 3, [(flawed, is_fake)] * 3)
    assert found.value == pytest.approx(0.02)
    assert np.isnan(found.p)
    assert found.note.startswith("cannot tell")
