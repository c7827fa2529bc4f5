"""Deals repeated as the ledger deals: units whole, labels in proportion, parts as large as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.statistics.deals import deals, dealt_by_ledger
from data.apportion import draw
from data.imageset import ImageSet


def test_a_deal_keeps_units_whole_and_classes_in_proportion():
    rng = np.random.default_rng(0)
    units, labels = np.repeat(np.arange(40), 3), np.repeat(np.arange(40) % 2, 3)
    chosen = np.isin(units, rng.permutation(40)[:15])
    found = deals(chosen, units, labels, draws=50)
    np.testing.assert_array_equal(found[0], chosen)
    assert (found[:, ::3] == found[:, 1::3]).all()
    assert (found[:, ::3] == found[:, 2::3]).all()
    for label in (0, 1):
        assert (found[:, labels == label].sum(axis=1) == chosen[labels == label].sum()).all()
    assert len(np.unique(found, axis=0)) > 45
    np.testing.assert_array_equal(deals(chosen, units, labels, at=np.array([7, 3]), draws=50), found[:, [7, 3]])


@pytest.mark.parametrize("kinds", [1, 3])
def test_unequal_units_are_dealt_as_the_ledger_deals_them(kinds):
    """How often each unit is in the first part, and each two are apart, beside the ledger's own dealing."""
    sizes = np.array([40, 25, 25, 12, 12, 6, 6, 6, 3, 3, 1, 1, 1])
    units, labels = np.repeat(np.arange(13), sizes), np.repeat(np.arange(13) % kinds, sizes)
    first = np.cumsum(sizes) - sizes
    wanted = {"generator-train": 80, "detector-train": 61}
    by_ledger = np.zeros((4000, 13), bool)
    for seed, row in enumerate(by_ledger):
        row[:] = np.isin(first, draw(units, labels, wanted, [seed])["generator-train"])
    full = by_ledger[by_ledger @ sizes == 80]
    assert len(full) > 1000
    chosen = full[0][units]
    found = deals(chosen, units, labels, draws=4000)[1:, first]
    assert (found[:, 0] != found[:, 1]).any()
    error = np.sqrt(0.25 * (1 / 4000 + 1 / 4000))
    np.testing.assert_allclose(found.mean(axis=0), by_ledger.mean(axis=0), atol=4.5 * error)
    for one in range(13):
        apart = [(dealt[:, [one]] != dealt).mean(axis=0) for dealt in (found, by_ledger)]
        np.testing.assert_allclose(*apart, atol=4.5 * error)


def test_what_was_not_dealt_stays():
    units = np.repeat(np.arange(30), [1, 2, 3] * 10)
    chosen, moved = units < 12, units % 5 > 0
    found = deals(chosen, units, np.zeros(60, int), moved=moved, draws=100)
    assert (found[:, ~moved] == chosen[~moved]).all()
    assert (found[:, moved] != chosen[moved]).any(axis=0).mean() > 0.9


def test_the_ledger_deals_what_the_publisher_has_in_both_parts():
    names = np.array([f"{at}.png" for at in range(6)])
    images = ImageSet("six", np.zeros((6, 2, 2, 1), np.uint8), np.zeros(6, int), names, ("a",))
    at, chosen = np.array([5, 4, 3, 1]), np.array([True, False, False, False])
    assert dealt_by_ledger(images, at, chosen).all()
    official = np.array(["train", "train", "train", "validation", "validation", "train"])
    assert dealt_by_ledger(replace(images, official=official), at, chosen).tolist() == [True, False, False, True]
