"""Two measures along a training rise and fall together, or not, or it cannot be told: intervals that hold."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.statistics.courses import together


def course(rng: np.random.Generator, n: int, alike: float, like: float) -> tuple[np.ndarray, np.ndarray]:
    """Two measures whose points follow each other as much as `alike`, correlated as much as `like`."""
    both = np.zeros((2, n))
    both[:, 0] = rng.normal(size=2)
    for at in range(1, n):
        both[:, at] = alike * both[:, at - 1] + np.sqrt(1 - alike**2) * rng.normal(size=2)
    return both[0], like * both[0] + np.sqrt(1 - like**2) * both[1]


@pytest.mark.parametrize(
    ("n", "alike", "like", "runs"),
    [(8, 0.0, 0.0, 1), (16, 0.5, 0.7, 1), (16, 0.8, 0.0, 1), (16, 0.0, 0.9, 1), (8, 0.8, 0.7, 3), (16, 0.8, 0.0, 2)],
)
def test_the_interval_covers_the_correlation(n: int, alike: float, like: float, runs: int) -> None:
    rng, truth = np.random.default_rng(2), 6 / np.pi * np.arcsin(like / 2)
    found = [together([course(rng, n, alike, like) for _ in range(runs)]) for _ in range(200)]
    told = [one for one in found if not np.isnan(one.low)]
    assert len(told) > 30
    assert np.mean([one.low <= truth <= one.high for one in told]) >= 0.92
    assert all(one.note.startswith("cannot tell") for one in found if np.isnan(one.low))


@pytest.mark.parametrize(
    ("x", "y", "why"),
    [
        ([5, 4, 3, 2, 1], [5, 4, 3, 2, 1], "5 points, of at least 6"),
        ([5, 4, np.nan, 3, 2, 1], [5, 4, 3, 2, 1, 0], "5 points, of at least 6"),
        (range(20), [1.0] * 20, "a measure is the same all along"),
        (range(20), range(20), "20 points that follow each other count as 0.2, of at least 6"),
    ],
)
def test_what_a_course_does_not_tell_is_said(x: list, y: list, why: str) -> None:
    found = together([(x, y)])
    assert np.isnan([found.low, found.high]).all()
    assert found.note.startswith(f"cannot tell: {why}")


def test_three_trainings_tell_what_one_that_trends_does_not() -> None:
    rng = np.random.default_rng(0)
    falls = np.linspace(1, 0, 10)
    courses = [(falls + 0.1 * rng.normal(size=10), falls + 0.1 * rng.normal(size=10)) for _ in range(3)]
    assert np.isnan(together(courses[:1]).low)
    found = together(courses)
    assert 0 < found.low < found.value < found.high < 1
    assert found.note == "mean of 3 training runs"
