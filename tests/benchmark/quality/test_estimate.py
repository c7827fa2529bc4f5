"""Intervals from influences: independent images, groups, and groups on both sides."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmark.quality import frechet, kernel, memorisation, neighbours
from benchmark.quality.estimate import Z, normal


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def test_each_its_own_group_is_as_none_but_for_t():
    first, second = drawn(0, 400), drawn(1, 300)
    plain = normal(1.0, first, second)
    grouped = normal(1.0, first, second, groups=(np.arange(400), None))
    assert grouped.high - 1 == pytest.approx((plain.high - 1) * 1.966 / Z, rel=1e-3)


def test_images_of_a_group_count_once():
    means = drawn(2, 20)
    one = normal(0.0, means, groups=(np.arange(20),))
    many = normal(0.0, np.repeat(means, 50), groups=(np.repeat(np.arange(20), 50),))
    assert many.high == pytest.approx(one.high)
    assert normal(0.0, np.repeat(means, 50)).high < many.high / 5


def test_a_group_in_both_samples_is_one():
    influence, who = drawn(3, 60), np.arange(60)
    apart = normal(0.0, influence, influence, groups=(who, who + 60))
    with_ = normal(0.0, influence, influence, groups=(who, who))
    against = normal(0.0, influence, -influence, groups=(who, who))
    assert with_.high == pytest.approx(math.sqrt(2) * apart.high)
    assert against.high == pytest.approx(0, abs=1e-12)


def test_groups_change_no_value_and_none_changes_nothing():
    real, fake = drawn(4, 120, 6), drawn(5, 120, 6) * 0.9
    who = np.repeat(np.arange(12), 10)
    plain = frechet.distance(real, fake).estimate, kernel.distance(real, fake), *neighbours.overlap(real, fake).values()
    for groups, same in (((None, None), True), ((who, None), False), ((who, who), False)):
        distances = frechet.distance(real, fake, groups).estimate, kernel.distance(real, fake, groups)
        found = (*distances, *neighbours.overlap(real, fake, groups=groups).values())
        assert [each.value for each in found] == [each.value for each in plain]
        assert (found == plain) == same


def test_a_share_that_hangs_on_one_person_is_less_sure():
    """Every fake lies in many neighbourhoods, all of one person: they would all be lost with it."""
    real = np.concatenate([drawn(6, 40, 4) * 0.1, drawn(7, 160, 4) * 0.1 + 9])
    fake = np.concatenate([drawn(8, 20, 4) * 0.05, drawn(9, 20, 4) * 0.05 - 9])
    who = np.where(np.arange(200) < 40, 0, np.arange(200) // 4)
    plain, grouped = (neighbours.overlap(real, fake, groups=(each, None))["precision"] for each in (None, who))
    assert plain.value == grouped.value == 0.5
    assert grouped.high - grouped.low > 1.5 * (plain.high - plain.low)


def test_fakes_near_one_person_prove_nothing_of_memorisation():
    seen, held = drawn(10, 200, 8), drawn(11, 200, 8) + 5
    who = np.arange(200) // 100
    fake = seen + 0.01
    plain = memorisation.memorised(fake, seen, held)
    grouped = memorisation.memorised(fake, seen, held, (None, who, who + 2))
    sources = memorisation.memorised(fake, seen, held, (who, None, None))
    assert plain.value == grouped.value == sources.value == 1
    assert plain.low > 0.9
    assert grouped.low == sources.low < 0.5
