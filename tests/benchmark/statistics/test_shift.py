"""A shift of scores in standard deviations: known answers, and an interval that holds as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.statistics.shift import SAME, Scored, shift


def scored(rng: np.random.Generator, n: int, fake_mean: float, size: int = 1, scale: float = 1.0) -> Scored:
    """`n` reals around 0 and `n` fakes around a mean, in units of `size` images that are half alike."""
    whole = np.repeat(rng.normal(size=2 * n // size), size)
    scores = whole if size == 1 else np.sqrt(0.5) * (whole + rng.normal(size=2 * n))
    is_fake = np.repeat([False, True], n)
    return Scored(scale * (scores + fake_mean * is_fake), is_fake, np.arange(2 * n) // size)


def test_only_the_class_that_moved_has_a_shift_and_scale_does_not_matter() -> None:
    for scale in (1.0, 1e-3, 1e6):
        rng = np.random.default_rng(0)
        before, after = scored(rng, 4000, 4.0, scale=scale), scored(rng, 4000, 1.0, scale=scale)
        assert shift(before, after, fake=True).value == pytest.approx(-3, abs=0.1)
        assert shift(before, after, fake=False).value == pytest.approx(0, abs=0.06)


@pytest.mark.parametrize(("n", "size"), [(10, 1), (60, 1), (200, 5)])
def test_coverage(n: int, size: int) -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(400):
        found = shift(scored(rng, n, 4.0, size), scored(rng, n, 2.5, size), fake=True)
        held.append(found.low <= -1.5 <= found.high)
    assert 0.92 <= np.mean(held) <= 0.99  # 400 of them: 0.95 within three standard errors, or conservative


def test_scores_that_do_not_vary_are_no_measure() -> None:
    rng = np.random.default_rng(2)
    flat = Scored(np.repeat([0.0, 1.0], 5), np.repeat([False, True], 5), np.arange(10))
    found = shift(flat, scored(rng, 5, 1.0), fake=True)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.note == SAME
