"""The mean over draws has an interval that holds for other draws and other test images; so has the number needed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from benchmark.statistics.columns.draws import draws_interval, needed

IS_FAKE = np.arange(200) >= 100


def simulated(rng: np.random.Generator, ease: float, spread: float, runs: int, draws: int = 5) -> list:
    """Draws of detectors whose ease differs, on test images whose looks they share; reals are shared by all runs.

    Draw d is as lucky in all runs.
    """
    real, luck = rng.normal(size=100), spread * rng.normal(size=draws)
    found = []
    for _ in range(runs):
        fake, ease_of = rng.normal(size=100), ease + spread * (rng.normal() if runs > 1 else 0.0)
        noise = 0.5 * rng.normal(size=(draws, 200))
        scores = [np.r_[real, fake + ease_of + luck[d]] + noise[d] for d in range(draws)]
        found.append([[(one, IS_FAKE)] for one in scores])
    return found


@pytest.mark.parametrize(("ease", "spread", "runs"), [(0.8, 0.0, 1), (0.8, 0.3, 1), (2.5, 0.3, 1), (0.8, 0.3, 3)])
def test_the_interval_covers_the_mean_over_draws(ease: float, spread: float, runs: int) -> None:
    rng, n = np.random.default_rng(5), 150
    # AUC of a draw: of fakes with mean ease over reals, both with variance 1.25; mean over normal ease of draw and run
    total = spread**2 * (1 + (runs > 1))
    truth = norm.cdf(ease / np.sqrt(2 * 1.25 + total))
    intervals = [draws_interval(simulated(rng, ease, spread, runs)) for _ in range(n)]
    covered = sum(one.low <= truth <= one.high for one in intervals)
    assert covered >= 0.91 * n
    assert all(one.low < one.value < one.high for one in intervals)


def test_one_draw_has_no_interval_and_all_images_have_their_own() -> None:
    (draws,) = simulated(np.random.default_rng(0), 0.8, 0.0, 1)
    alone = draws_interval([draws[:1]])
    assert np.isnan([alone.low, alone.high]).all()
    assert alone.note.startswith("cannot tell")
    whole = draws_interval([draws[:1]], drawn=False)
    assert whole.low < whole.value == alone.value < whole.high
    with pytest.raises(ValueError, match=r"the same draws. Received: \[4, 5\]"):
        draws_interval([draws, draws[:4]])


def test_perfect_draws_are_no_narrower_than_the_images_allow() -> None:
    perfect = [[(np.arange(200.0), IS_FAKE)] for _ in range(5)]
    found = draws_interval([perfect])
    assert found.value == found.high == 1
    assert found.low == pytest.approx(0.05 ** (1 / 100), abs=0.01)


SIZES = [8, 16, 32, 64]


@pytest.mark.parametrize(
    ("values", "half", "expected", "note"),
    [
        ([0.6, 0.8, 0.91, 0.97], 0.05, (32, 16, 64), ""),
        ([0.6, 0.7, 0.7, 0.8], 0.05, (np.nan, 64, np.nan), "not reached"),
        ([0.6, 0.7, 0.7, 0.89], 0.05, (np.nan, 32, np.nan), "not reached"),
        ([0.95, 0.96, 0.97, 0.98], 0.01, (8, np.nan, 8), "at or below the smallest number"),
        ([0.89, 0.96, 0.97, 0.98], 0.02, (16, np.nan, 16), ""),
        ([0.6, 0.97, 0.7, 0.97], 0.02, (16, 8, 64), ""),  # it falls below again: only the last size is sure to do
        ([0.6, np.nan, 0.95, 0.97], 0.02, (32, 8, 32), ""),
    ],
)
def test_how_many_images_it_takes(values: list, half: float, expected: tuple, note: str) -> None:
    values = np.array(values)
    found = needed(SIZES, values, values - half, values + half, 0.9)
    np.testing.assert_equal(found[:3], expected)
    assert found.note == note


def test_the_number_needed_is_covered() -> None:
    rng, n = np.random.default_rng(1), 300
    truth, error = np.array([0.6, 0.86, 0.905, 0.97]), 0.03  # 0.9 is passed between 16 and 32
    held = 0
    for _ in range(n):
        values = truth + error * rng.normal(size=4)
        found = needed(SIZES, values, values - 1.96 * error, values + 1.96 * error, 0.9)
        held += not found.low >= 32 and not found.high <= 16
    assert held >= 0.93 * n
