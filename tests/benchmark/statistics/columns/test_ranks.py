"""Families of tests, ranks, and the best of a column."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.statistics.columns.best import multiple_comparisons, simultaneous
from benchmark.statistics.columns.column import of_detectors
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.statistics.columns.compare import compare_configurations, shared_reals
from benchmark.statistics.columns.family import step_down, tail_of_each
from benchmark.statistics.columns.ranks import letters, ranks
from data.holm import holm


def column(shifts, *, n=300, seed=0):
    rng = np.random.default_rng(seed)
    is_fake = np.arange(2 * n) >= n
    image = rng.normal(size=2 * n)
    scores = {
        str(k): np.sqrt(0.5) * (image + rng.normal(size=2 * n)) + shift * is_fake for k, shift in enumerate(shifts)
    }
    return of_detectors(scores, is_fake)


def configuration(rng, real, shift, runs=3, spread=0.1):
    is_fake = np.arange(2 * len(real)) >= len(real)
    return [(np.r_[real, rng.normal(size=len(real)) + shift + spread * rng.normal()], is_fake) for _ in range(runs)]


def test_counts_are_joined_by_holm():
    p = np.array([0.01, 0.2, 0.004, 0.03])
    np.testing.assert_allclose(step_down(p, np.eye(4), np.eye(4), np.ones(4, dtype=bool)), holm(p))


def test_stepping_down_gives_no_more_than_holm_and_less_where_tests_vary_together():
    p, none = np.array([0.01, 0.02, 0.004, 0.03]), np.zeros(4, dtype=bool)
    alone, together = (step_down(p, matrix, np.eye(4), none) for matrix in (np.eye(4), 0.05 * np.eye(4) + 0.95))
    assert (alone <= holm(p) + 1e-12).all()
    assert (together < 0.7 * alone)[[0, 1, 2]].all()
    assert (together >= p).all()
    mixed = step_down(p, 0.05 * np.eye(4) + 0.95, np.eye(4), np.array([True, False, False, True]))
    assert (together <= mixed + 1e-12).all()
    assert (mixed <= holm(p) + 1e-12).all()


def test_the_tail_of_each_of_several_intervals():
    none, one = np.zeros(9, dtype=bool), np.arange(9) == 0
    assert tail_of_each(np.eye(9), np.eye(9), none) == pytest.approx(1 - 0.95 ** (1 / 9), rel=0.03)
    assert tail_of_each(np.ones((9, 9)), np.eye(9), none) == pytest.approx(0.05, rel=0.03)  # all the same
    assert tail_of_each(np.ones((9, 9)), np.eye(9), one) == pytest.approx(0.025, rel=0.03)  # the same, and one more
    assert tail_of_each(np.eye(9), np.eye(9), ~none) == pytest.approx(0.05 / 9)


def test_rank_intervals_follow_from_who_is_told_from_whom():
    found = column([2.0, 0.8, 0.8, 0.0])
    ranked = ranks(found)
    told = found.p_adjusted < 0.05
    for at in range(4):
        assert ranked.low[at] == 1 + (told[at] & (found.values > found.values[at])).sum()
        assert ranked.high[at] == 4 - (told[at] & (found.values < found.values[at])).sum()
    assert (ranked.low[0], ranked.high[0], ranked.low[3]) == (1, 1, 4)
    assert ranked.groups[1] == ranked.groups[2]


def test_letters_say_who_is_told_from_whom_and_nothing_else():
    rng = np.random.default_rng(0)
    for _ in range(50):
        told = np.triu(rng.random((7, 7)) < 0.4, 1)
        told |= told.T
        found = letters(told, rng.random(7))
        shared = np.array([[bool(set(one) & set(other)) for other in found] for one in found])
        off = ~np.eye(7, dtype=bool)
        np.testing.assert_array_equal(shared[off], ~told[off])


def test_a_saturated_column_and_a_small_one_are_not_ranked():
    assert ranks(column([9.0, 9.0, 9.0])).note.startswith("cannot rank: all 3 are near the end of the scale")
    assert ranks(column([0.3, 0.3], n=6)).note.startswith("cannot tell: of so few images")
    assert ranks(column([9.0, 9.0, 1.0])).note == ""  # exact tests tell the third from them
    assert ranks(column([0.5, 0.5])).note == ""


def test_the_best_cannot_be_one_that_is_told_to_be_worse():
    found = multiple_comparisons(column([1.5, 1.5, 0.5]))
    assert found.may_be.tolist() == [True, True, False]
    assert found.high[2] == 0.0
    assert found.low[2] < -0.1
    assert (found.low[:2] < 0).all()
    clear = multiple_comparisons(column([2.5, 1.0]))
    assert clear.low[0] == 0.0 < clear.high[0]
    equal = np.arange(40.0)
    same = of_detectors({"one": equal, "map": equal**3, "other": -equal}, np.arange(40) % 3 == 0)
    assert multiple_comparisons(same).may_be[:2].all()  # two that rank all images alike


def test_a_margin_reaches_farther_up_where_auc_near_one_crowd_together():
    """`value + t error` is too short on that side: what pushes all of them up makes difference and error small."""
    near, middle = column([2.4, 1.2], n=400), column([0.3, 0.0], n=400)
    assert not near.few.any()
    for found, least, most in ((near, 1.02, 1.3), (middle, 0.97, 1.02)):
        best = int(np.argmax(found.values))
        plain = found.bounds(0.9)[1][best, 1 - best]  # of two, one-sided at 95 %
        gap = found.gap[best, 1 - best]
        assert least <= (multiple_comparisons(found).high[best] - gap) / (plain - gap) <= most


def test_the_interval_of_the_one_that_was_picked_holds():
    """The highest of nine equal detectors by its own interval: 86 % (`tests/statistics/simulate_comparisons.py`)."""
    from scipy import stats

    truth = stats.norm.cdf(1.5 / np.sqrt(2))
    held = np.zeros(2)
    for seed in range(120):
        found = column([1.5] * 9, n=100, seed=seed)
        best = int(np.argmax(found.values))
        for at, (low, high) in enumerate((found.interval(0.95), simultaneous(found))):
            held[at] += low[best] <= truth <= high[best]
    assert held[1] / 120 >= 0.93
    assert held[0] / 120 <= 0.93


def test_members_can_be_left_out():
    found = column([1.5, 1.0, 0.5])
    two = found.only(np.array([True, False, True]))
    assert two.names == ["0", "2"]
    assert two.difference(0, 1) == found.difference(0, 2)
    np.testing.assert_array_equal(two.interval(0.9)[0], found.interval(0.9)[0][[0, 2]])
    assert two.p_adjusted[0, 1] == two.p[0, 1]  # one pair: nothing to correct


def test_generators_are_compared_as_configurations_or_as_cells():
    rng = np.random.default_rng(1)
    real = rng.normal(size=200)
    first, second = (configuration(rng, real, shift) for shift in (1.5, 1.0))
    pair, told = of_runs({"a": first, "b": second}).difference(0, 1), compare_configurations(first, second)
    assert pair == pytest.approx((told.value, told.low, told.high, told.p))
    cells = of_runs({"a": first[:1], "b": second[:1]}).difference(0, 1)
    assert cells == shared_reals(first[0], second[0])


def test_saturated_runs_that_do_not_scatter_are_not_told_apart():
    """All runs of one at 1, all of the other at one mistake: the runs' variance is 0, and says nothing."""
    n = 50
    is_fake = np.arange(2 * n) >= n
    perfect = np.arange(2.0 * n)
    flawed = perfect.copy()
    flawed[n] = -1.0  # a fake below every real
    found = of_runs({"a": [(perfect, is_fake)] * 3, "b": [(flawed, is_fake)] * 3})
    assert found.p[0, 1] == 1.0
    low, high = found.bounds()
    assert low[0, 1] < 0 < high[0, 1]
