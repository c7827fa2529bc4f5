"""Sets of images: known answers, coverage counted by simulation, and units."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmark.statistics.delong import components
from benchmark.statistics.pooled import Grid, Pool, smallest
from benchmark.statistics.ranking import Ranking

RNG = np.random.default_rng
SIDES = np.repeat([False, True], 400)


def normal(rng: np.random.Generator, gap: float, n: int = 400) -> np.ndarray:
    return np.r_[rng.normal(size=n), rng.normal(size=n) + gap]


def test_single_images_have_the_auc_that_they_have() -> None:
    scores = normal(RNG(0), 1.0)
    assert Pool(scores, SIDES).auc(1)[0] == pytest.approx(components(Ranking.of(scores, SIDES)).auc, abs=0.002)


def test_sets_of_normal_scores_have_the_auc_of_their_means() -> None:
    rng = RNG(1)
    scores = normal(rng, 0.5, 100_000)
    sides = np.repeat([False, True], 100_000)
    pool = Pool(scores, sides)
    for m in (2, 8, 32):
        assert pool.auc(m)[0] == pytest.approx(stats.norm.cdf(0.5 * np.sqrt(m / 2)), abs=0.01)
        assert pool.rate(m, 0.25, fake=False)[0] == pytest.approx(stats.norm.sf(0.25 * np.sqrt(m)), abs=0.01)
        assert pool.cut(m) == pytest.approx(0.25, abs=0.05)
    assert pool.probit(600)[0] == pytest.approx(0.5 * np.sqrt(300), rel=0.02)  # where no double says how sure it is


def test_it_is_the_share_of_sets_that_are_ranked_right() -> None:
    rng = RNG(2)
    scores, m = np.r_[rng.exponential(size=300), rng.exponential(size=300) * 1.5], 5
    is_fake = np.repeat([False, True], 300)
    real, fake = (scores[is_fake == side][rng.integers(0, 300, (m, 100_000))].mean(axis=0) for side in (False, True))
    assert Pool(scores, is_fake).auc(m)[0] == pytest.approx((fake > real).mean(), abs=0.006)


SHAPES = {
    "normal": lambda rng, size: rng.normal(size=size),
    "skewed": lambda rng, size: rng.exponential(size=size),
    "mixture": lambda rng, size: rng.normal(size=size) * np.where(rng.random(size) < 0.1, 4, 1),
}


@pytest.mark.parametrize(
    ("shape", "n", "gap", "m", "least"),
    # ten images of a mixture decide how wide sums are: without room for those that are missing rates held in 90 %
    [("normal", 100, 0.3, 8, 180), ("skewed", 100, 1.0, 8, 180), ("mixture", 100, 2.0, 8, 190)],
)
def test_intervals_hold_what_other_test_images_would_have_given(
    shape: str, n: int, gap: float, m: int, least: int
) -> None:
    rng = RNG(3)

    def draw(size: int) -> tuple[np.ndarray, np.ndarray]:
        one, other = (SHAPES[shape](rng, size) for _ in "rf")
        return np.r_[one, other + gap], np.repeat([False, True], size)

    grid = Grid.of(*draw(500))
    cut = Pool(*draw(500), grid=grid).cut(m)
    whole = Pool(*draw(200_000), grid=grid)
    truth = [whole.auc(m)[0], whole.rate(m, cut, False)[0], whole.rate(m, cut, True)[0]]
    hits = np.zeros(3)
    for _ in range(200):
        pool = Pool(*draw(n), grid=grid)
        found = [pool.auc(m), pool.rate(m, cut, False), pool.rate(m, cut, True)]
        hits += [low <= true <= high for true, (_, low, high, _) in zip(truth, found, strict=True)]
    assert (hits >= least).all(), hits / 200


def test_intervals_know_that_images_of_one_unit_are_alike() -> None:
    rng, m, units = RNG(4), 4, np.r_[np.repeat(np.arange(40), 5), 40 + np.repeat(np.arange(40), 5)]
    is_fake = np.repeat([False, True], 200)
    hits = np.zeros(2)
    grid = Grid.of(normal(rng, 0.5, 5000), np.repeat([False, True], 5000))
    truth = stats.norm.cdf(0.5 * np.sqrt(m / 2))
    for _ in range(150):
        scores = 0.9 * rng.normal(size=80)[units] + np.sqrt(1 - 0.81) * rng.normal(size=400) + 0.5 * is_fake
        for at, groups in enumerate((units, None)):
            low, high = Pool(scores, is_fake, groups, grid).auc(m)[1:3]
            hits[at] += low <= truth <= high
    assert hits[0] >= 135, hits
    assert hits[1] < 110, hits  # not told of units, it promises too much


def test_a_perfect_separation_is_as_sure_as_its_images_allow() -> None:
    scores = np.r_[np.linspace(-3, -1, 100), np.linspace(1, 3, 100)]
    pool = Pool(scores, np.repeat([False, True], 100))
    value, low, high, note = pool.auc(1)
    assert value == pytest.approx(1)
    assert low == pytest.approx(0.05 ** (1 / 100), abs=0.004)
    assert high == pytest.approx(1)
    assert note
    lows = [pool.auc(m)[1] for m in (2, 8, 32)]
    assert lows == pytest.approx(sorted(lows), abs=1e-12)
    assert lows[0] > 0.95
    assert pool.most == 100


def test_the_smallest_number_is_found() -> None:
    assert smallest(lambda m: m >= 1, 8) == 1
    assert smallest(lambda m: m >= 8, 8) == 8
    assert smallest(lambda m: m >= 9, 8) is None
