"""The test over deals: exact under chance, whatever lies close to whatever, and it sees what it says it does."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.statistics import dealt
from benchmark.statistics.deals import deals


def neighbours(rng: np.random.Generator, n: int, chosen: np.ndarray, copies: int) -> tuple[np.ndarray, np.ndarray]:
    """Nearest neighbours at random; so many of the first part have a copy in the other one."""
    at, ratio = rng.integers(0, n, n), rng.uniform(0.4, 1, n)
    first, second = np.flatnonzero(chosen)[:copies], np.flatnonzero(~chosen)[:copies]
    at[first], at[second], ratio[first], ratio[second] = second, first, 0.01, 0.01
    return at, ratio


def p_values(copies: int, draws: int, level: float = 0.01) -> np.ndarray:
    found = []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        chosen = rng.permutation(300) < 150
        at, ratio = neighbours(rng, 300, chosen, copies)
        dealing = deals(chosen, np.arange(300), np.zeros(300, int), draws=199, seed=seed)
        result = dealt.excess(dealing != dealing[:, at], ratio, level=level, pairs_per_copy=2)
        found.append((result.p, result.count, result.low, result.high, result.smallest))
    return np.array(found)


def test_chance_is_found_as_often_as_the_level_says():
    p = p_values(0, 200)[:, 0]
    assert (p <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert (p <= 0.5).mean() > 0.3, "a test that never rejects is exact too"


def test_the_smallest_that_it_says_is_seen_and_counted():
    smallest = int(np.median(p_values(0, 20)[:, 4]))
    assert 5 <= smallest <= 30
    found = p_values(smallest, 40)
    assert (found[:, 0] <= 0.01).mean() >= 0.75
    held = (found[:, 2] <= smallest) & (smallest <= found[:, 3])
    assert held.mean() >= 0.9


def test_pairs_that_hang_together_are_no_evidence():
    """One real image that half of all fakes lie beside: a coin thrown once."""
    chosen = np.arange(60) < 30
    dealing = deals(chosen, np.arange(60), np.zeros(60, int), draws=199)
    result = dealt.excess(dealing[:, np.zeros(500, int)], np.zeros(500), level=0.01)
    assert result.p > 0.4
    assert result.low == 0


def test_only_what_is_as_near_as_a_copy_is_counted_where_asked():
    chosen = np.arange(200) < 100
    dealing = deals(chosen, np.arange(200), np.zeros(200, int), draws=499)
    at, ratio = np.arange(100), np.full(100, 0.7)  # all beside the first part, none as near as a copy
    assert dealt.excess(dealing[:, at], ratio, level=0.01).p <= 0.01
    assert dealt.excess(dealing[:, at], ratio, level=0.01, copies_only=True).p == 1


@pytest.mark.parametrize("few", [2, 4])
def test_so_few_that_nothing_could_be_seen(few):
    chosen = np.arange(2 * few) < few
    dealing = deals(chosen, np.arange(2 * few), np.zeros(2 * few, int), draws=199)
    result = dealt.excess(dealing[:, np.arange(few)], np.zeros(few), level=0.005)
    assert not result.smallest <= few, "more copies than there are fakes"
