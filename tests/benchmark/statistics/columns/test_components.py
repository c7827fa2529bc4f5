"""Variance components: they add up to what was put in, and nothing is said of too few."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmark.plan import specs
from benchmark.statistics.columns.components import FACTORS, IMAGES, LEVELS, Trained, components
from benchmark.statistics.columns.configuration import mean_interval

IS_FAKE = np.arange(400) >= 200


def cells(levels, spread, *, n=200, seed=0, shift=1.0, units=None):
    """Cells whose shifts differ by split, generator training and detector training."""
    rng = np.random.default_rng(seed)
    found = []
    for ledger in range(levels[0]):
        own = shift + spread[0] * rng.normal()
        reals = rng.normal(size=n)
        for run in range(levels[1]):
            mine, fakes = own + spread[1] * rng.normal(), rng.normal(size=n)
            for detector in range(levels[2]):
                at = mine + spread[2] * rng.normal()
                scores = np.r_[reals, fakes + at] + 0.5 * rng.normal(size=2 * n)
                found.append(Trained(ledger, run, detector, scores, np.arange(2 * n) >= n, units))
    return found


def by_name(rows):
    return {row.component: row for row in rows}


def test_a_component_is_told_from_five_levels_on_and_no_sooner():
    assert LEVELS == specs.LEVELS
    few = by_name(components(cells((4, 5, 2), (0.1, 0.1, 0.1))))
    assert few["ledger"].note == "cannot tell: 4 ledger seeds, at least 5 are needed"
    assert few["detector training"].note == "cannot tell: 2 detector seeds, at least 5 are needed"
    assert np.isnan([few["ledger"].variance, few["ledger"].low, few["detector training"].high]).all()
    assert few["generator run"].low <= few["generator run"].variance <= few["generator run"].high
    assert few[IMAGES].variance > 0


@pytest.mark.parametrize("at", [0, 1, 2])
def test_what_was_put_in_comes_out_and_the_others_stay_small(at):
    spread = [0.0, 0.0, 0.0]
    spread[at] = 0.6
    found = by_name(components(cells((6, 5, 5), spread, n=400)))
    own = found[FACTORS[at]]
    assert own.low > 0.001
    for other in set(FACTORS) - {FACTORS[at]}:
        assert found[other].variance < own.variance / 2
        assert found[other].low < 0.001


def test_what_images_add_is_taken_off():
    """Equal trainings differ by their images alone: the plain variance between them is no component."""
    rows = [by_name(components(cells((1, 8, 1), (0, 0, 0), n=60, seed=seed))) for seed in range(20)]
    assert np.mean([row["generator run"].low == 0 for row in rows]) >= 0.9
    images = np.mean([row[IMAGES].variance for row in rows])
    assert np.mean([row["generator run"].variance for row in rows]) < images / 3


def test_one_detector_seed_is_said_to_be_in_the_generators_component():
    found = by_name(components(cells((1, 5, 1), (0, 0.2, 0))))
    assert found["generator run"].note == "with what the detector's training adds, of which each has one seed"
    assert by_name(components(cells((1, 5, 5), (0, 0.2, 0.1))))["generator run"].note == ""


def test_near_one_where_trainings_are_skewed_an_interval_reaches_farther_than_that_of_normal_values():
    """Those of normal values, a chi-square's, held in 89 to 92 % at AUC 0.99."""
    own = 4 / stats.chi2.ppf([0.025, 0.975], 4)  # upper and lower end over the variance, of five normal values
    ratios = []
    for shift in (0.4, 3.1):
        found = by_name(components(cells((1, 5, 1), (0, 0.3, 0), n=2000, shift=shift)))["generator run"]
        assert 0 < found.low / found.variance < own[1]
        ratios.append(found.high / found.variance / own[0])
    assert 0.4 < ratios[0] < 1.2  # a variance of values between 0 and 1 has an end too
    assert ratios[1] > 1.5


def test_near_one_nothing_is_told():
    found = components(cells((1, 5, 1), (0, 0.1, 0), shift=9.0))
    assert [row.note.startswith("cannot tell") for row in found] == [True] * 4
    assert found[1].note.startswith("cannot tell: fewer than 10 images overlap")


def test_the_images_of_a_unit_count_once():
    units = np.r_[np.arange(200) // 20, 1000 + np.arange(200)]
    alone, scenes = (by_name(components(cells((1, 5, 1), (0, 0.2, 0), units=each))) for each in (None, units))
    assert scenes[IMAGES].levels == 10 < alone[IMAGES].levels == 200


def test_order_changes_nothing_and_one_place_twice_is_an_error():
    every = cells((2, 5, 2), (0.1, 0.2, 0.1))
    assert np.allclose(
        [row[1:5] for row in components(every)], [row[1:5] for row in components(every[::-1])], equal_nan=True
    )
    with pytest.raises(ValueError, match="each of another training"):
        components([every[0], every[0]])


def test_a_failed_cell_is_left_out_and_the_others_still_speak():
    found = by_name(components(cells((1, 6, 5), (0, 0.5, 0.1))[1:]))
    assert found["generator run"].low > 0


def test_a_mean_is_at_least_as_wide_as_its_parts_and_as_their_spread():
    values, halves = np.array([0.7, 0.8, 0.9]), 0.05
    mean, low, high = mean_interval(values, values - halves, values + halves)
    t = 4.302653 * 0.1 / np.sqrt(3)
    assert (mean, high - mean) == pytest.approx((0.8, np.hypot(t, halves)))
    assert mean - low == pytest.approx(high - mean)
    assert mean_interval([1.0, 1.0], [0.97, 0.97], [1.0, 1.0], bounded=True)[1] == pytest.approx(0.97)
    assert mean_interval([0.02, 0.4], [0.0, 0.3], [0.1, 0.5], bounded=True)[1] >= 0
    assert np.isnan(mean_interval([0.7], [0.6], [0.8])[1:]).all()
    assert np.isnan(mean_interval([0.7, 0.8], [0.6, np.nan], [0.8, 0.9])[1:]).all()
