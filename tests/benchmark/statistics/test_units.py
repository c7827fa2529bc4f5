"""Units on curves and across runs: trials along a curve, its band, and what runs with the same reals share."""

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics.cells.metrics import roc
from benchmark.statistics.cells.rates import balanced, rate
from benchmark.statistics.clusters import Clusters, remaining
from benchmark.statistics.columns.compare import shared_reals
from benchmark.statistics.columns.configuration import compare_configurations, configuration_interval
from benchmark.statistics.columns.shared import Measured

IS_FAKE = np.arange(400) >= 200


def drawn(seed, units, *, own=0.5):
    """Scores in which images of a unit are alike."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=units.max() + 1)[units]
    return np.sqrt(1 - own) * shared + np.sqrt(own) * rng.normal(size=len(units)) + 1.2 * (np.arange(len(units)) >= 200)


@pytest.mark.parametrize(
    "units",
    [np.arange(400), np.arange(400) // 10, np.r_[np.arange(200), np.full(200, 200)], np.arange(400) % 3],
    ids=["alone", "tens", "one of fakes", "across"],
)
def test_trials_along_a_curve_are_those_of_each_point(units):
    clusters = Clusters.of(units, IS_FAKE)
    order = np.random.default_rng(0).permutation(np.flatnonzero(IS_FAKE))
    found = clusters.trials_along(order)
    for k in (0, 1, 2, 50, 150, 199, 200):
        success = np.zeros(400, bool)
        success[order[:k]] = True
        assert found[k] == pytest.approx(clusters.trials(success, IS_FAKE)), k


def test_the_band_counts_units():
    units = np.r_[np.arange(200), 200 + np.arange(200) // 20]
    scores = drawn(1, units, own=0.1)
    alone, together = roc(scores, IS_FAKE), roc(scores, IS_FAKE, groups=units)
    assert alone[["fpr", "tpr"]].equals(together[["fpr", "tpr"]])
    width = [(curve.tpr_high - curve.tpr_low)[curve.tpr.between(0.2, 0.8)].mean() for curve in (alone, together)]
    assert width[1] > 1.8 * width[0]
    assert roc(scores, IS_FAKE, groups=np.arange(400)).equals(alone), "to the last bit"


def test_each_image_a_unit_changes_no_bit():
    runs = [(drawn(seed, np.arange(400)), IS_FAKE) for seed in range(3)]
    told = [(*run, np.arange(400)) for run in runs]
    assert configuration_interval(runs) == configuration_interval(told)
    assert compare_configurations(runs[:2], runs[1:]) == compare_configurations(told[:2], told[1:])
    assert shared_reals(*runs[:2]) == shared_reals(*told[:2])


def test_what_units_add_sums_to_what_images_add():
    units = np.r_[np.arange(200) // 8, np.arange(100) // 16, 100 + np.arange(100) // 5]
    run = Measured.of([(drawn(2, units), IS_FAKE, units)])
    assert (len(run.shared), len(run.own)) == (25, 20)
    assert run.shared.sum() + run.own.sum() == pytest.approx(0, abs=1e-12)
    of_first = run.part.reals[:8].mean() * 8 - run.part.auc * 8
    fakes = run.part.fakes[units[IS_FAKE] == 0]
    assert run.shared[0] == pytest.approx(of_first / 200 + (fakes - run.part.auc).sum() / 200)


def test_a_fake_of_nobody_is_of_its_run_alone():
    """Every bank numbers the units of its fakes from the number of reals on: equal numbers are not equal units."""
    units = np.r_[np.arange(200) // 8, 1000 + np.arange(200)]
    other = np.r_[np.arange(200) // 8, 5000 + np.arange(200)]
    runs = [drawn(seed, np.arange(400)) for seed in (0, 1)]
    same = configuration_interval([(scores, IS_FAKE, units) for scores in runs])
    apart = configuration_interval([(runs[0], IS_FAKE, units), (runs[1], IS_FAKE, other)])
    assert same == apart


def test_units_make_configurations_harder_to_tell_apart():
    units = np.r_[np.arange(200) // 20, 1000 + np.arange(200)]
    reals = drawn(3, units[:200], own=0.1)
    rng = np.random.default_rng(4)
    sides = [[(np.r_[reals, rng.normal(size=200) + shift], IS_FAKE) for _ in range(3)] for shift in (1.2, 0.6)]
    told = [[(*run, units) for run in side] for side in sides]
    width = [found.high - found.low for found in (configuration_interval(side[0]) for side in (sides, told))]
    assert width[1] > 1.5 * width[0]
    alone, together = shared_reals(sides[0][0], sides[1][0]), shared_reals(told[0][0], told[1][0])
    assert together.difference == alone.difference
    assert together.high - together.low > alone.high - alone.low


def test_runs_must_have_the_same_units_of_reals():
    scores, units = drawn(0, np.arange(400)), np.arange(400) // 4
    moved = np.r_[np.roll(units[:200], 2), units[200:]]
    with pytest.raises(ValueError, match="the same units"):
        configuration_interval([(scores, IS_FAKE, units), (scores, IS_FAKE, moved)])


def test_few_unequal_units_leave_few_degrees_of_freedom():
    left, df = remaining(np.repeat(np.arange(5), 8))
    np.testing.assert_allclose(left, 0.8)
    assert df == pytest.approx(4)
    assert remaining(np.repeat(np.arange(5), [40, 2, 2, 2, 2]))[1] < 1.2
    share = np.array([0.5, 0.3, 0.2])
    form = np.eye(3) - np.outer(np.ones(3), share)
    left, df = remaining(np.repeat(np.arange(3), [5, 3, 2]))
    matrix = form.T @ np.diag(share**2 / left) @ form
    assert df == pytest.approx(np.trace(matrix) ** 2 / np.trace(matrix @ matrix))


def test_trials_have_korn_and_graubards_degrees_of_freedom():
    """Equal units, each half right: the design effect, times the squared ratio of the t quantiles."""
    units = np.r_[np.arange(200) // 20, 1000 + np.arange(200)]
    success = np.zeros(400, bool)
    success[:200] = np.random.default_rng(0).random(200) < np.repeat(np.linspace(0.2, 0.8, 10), 20)
    found = Clusters.of(units, IS_FAKE).trials(success, ~IS_FAKE)
    rate, rates = success[:200].mean(), success[:200].reshape(10, 20).mean(axis=1)
    design = rate * (1 - rate) / (rates.var(ddof=1) / 10)
    assert found == pytest.approx(design * (stats.t.ppf(0.975, 199) / stats.t.ppf(0.975, 9)) ** 2)
    assert found < 200


def test_a_success_in_one_unit_says_nothing_of_how_alike_units_are():
    units = np.r_[np.arange(200) // 20, 1000 + np.arange(200)]
    success = np.zeros(400, bool)
    success[7] = True
    assert Clusters.of(units, IS_FAKE).trials(success, ~IS_FAKE) == pytest.approx(10)


@pytest.mark.parametrize("units", [5, 20])
def test_rates_of_few_unequal_units_cover(units):
    """Four fifths of a score's variance are the unit's, whose sizes differ twentyfold."""
    size = np.round(np.geomspace(2, 40, units)).astype(int)
    each = np.repeat(np.arange(units), size)
    rng, held = np.random.default_rng(1), 0
    is_fake = np.zeros(len(each), bool)
    for _ in range(200):
        score = np.sqrt(0.8) * rng.normal(size=units)[each] + np.sqrt(0.2) * rng.normal(size=len(each))
        row = rate(score > 1.0, ~is_fake, Clusters.of(each, is_fake), 0.95, "")
        held += row[1] <= stats.norm.sf(1.0) <= row[2]
    assert held / 200 >= 0.92


def test_units_of_both_classes_do_not_shorten_balanced_accuracy():
    fpr, tpr = (0.1, 0.04, 0.2, ""), (0.7, 0.6, 0.78, "")
    apart, both = Clusters.of(np.r_[0, 0, 1, 1], IS_FAKE[198:202]), Clusters.of([0, 1, 0, 1], IS_FAKE[198:202])
    assert balanced(fpr, tpr, both, "")[1] == pytest.approx(0.8 - (0.1 + 0.1) / 2)
    assert balanced(fpr, tpr, apart, "")[1] == pytest.approx(0.8 - np.hypot(0.1, 0.1) / 2)


def test_the_band_is_for_a_rate_of_false_alarms_and_holds_it_with_units():
    """At 1 % of false alarms the reals leave open which threshold it is."""
    case = np.arange(400) // 10
    truth, held = stats.norm.sf(stats.norm.isf(0.01) - 1.2), 0
    for seed in range(100):
        curve = roc(drawn(seed, case, own=0.7), IS_FAKE, groups=case)
        at = np.searchsorted(curve.fpr, 0.01, side="right") - 1
        held += curve.tpr_low[at] <= truth <= curve.tpr_high[at]
    assert held >= 93


@pytest.mark.parametrize("of", [3, 40, 1000])
def test_units_have_the_same_numbers_whatever_their_names_are_made_of(of):
    """Resampling draws them by number: the same seed must draw the same units."""
    groups = np.random.default_rng(of).integers(-2, of, 400)
    names = np.array([f"alone {k}" if group < 0 else f"group {group}" for k, group in enumerate(groups.tolist())])
    expected = np.unique(names, return_inverse=True)[1]
    for given in (groups, groups.astype(np.int16), groups.tolist(), groups.astype(object)):
        assert np.array_equal(Clusters.of(given, IS_FAKE).index, expected)
