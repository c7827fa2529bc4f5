"""Membership: an honest split passes, one that copies lie across alarms, and one too small says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.quality import membership
from data.imageset import ImageSet
from data.ledger import Ledger, split
from data.sources.digits import Digits


@pytest.fixture(scope="module")
def digits() -> tuple[ImageSet, Ledger]:
    images = Digits().load([])
    return images, split(images, seed=0)


def with_copies(images: ImageSet, ledger: Ledger, into: str, out_of: str, n: int) -> ImageSet:
    """Puts mirrored, noisy copies of one part into another, which the ledger knows nothing of."""
    rng = np.random.default_rng(0)
    changed = np.array(images.images)
    source = changed[rng.choice(ledger.parts[out_of], n, replace=False)][:, :, ::-1].astype(float)
    changed[rng.choice(ledger.parts[into], n, replace=False)] = np.clip(source + rng.normal(0, 6, source.shape), 0, 255)
    return replace(images, images=changed)


def test_an_honest_split_passes_and_says_what_it_would_have_seen(digits):
    images, ledger = digits
    row = membership.finding(images, ledger.parts, ledger.units)
    assert (row["finding"], row["verdict"]) == ("FB012", "pass")
    assert row["smallest"] < 0.05
    assert row["low"] <= row["value"] <= row["high"]


@pytest.mark.parametrize(
    ("into", "out_of"),
    [("test", "detector-train"), ("test", "generator-train"), ("detector-train", "generator-train")],
)
def test_a_part_that_holds_copies_of_another_alarms(digits, into, out_of):
    images, ledger = digits
    row = membership.finding(with_copies(images, ledger, into, out_of, 20), ledger.parts, ledger.units)
    assert row["verdict"] == "alarm"
    assert f"{into} in {out_of}" in row["advice"]
    of = len(ledger.parts[into]) + (180 if into == "detector-train" else 0)  # with validation
    assert row["low"] <= 20 / of <= row["high"]


def test_a_test_part_equal_to_the_training_part_alarms(digits):
    images, ledger = digits
    n = len(ledger.parts["detector-train"])
    same = np.array(images.images)
    same[ledger.parts["test"][:n]] = same[ledger.parts["detector-train"][: len(ledger.parts["test"])]]
    row = membership.finding(replace(images, images=same), ledger.parts, ledger.units)
    assert row["verdict"] == "alarm"
    assert row["value"] > 0.9


def test_copies_that_the_ledger_keeps_together_are_no_alarm(digits):
    """Every image twice: the ledger gives both to one part."""
    images, _ = digits
    some = images.take(np.arange(1200))
    twice = replace(some, images=np.repeat(some.images[::2], 2, axis=0), labels=np.repeat(some.labels[::2], 2))
    ledger = split(twice, seed=1)
    assert membership.finding(twice, ledger.parts, ledger.units)["verdict"] == "pass"


def test_a_few_images_cannot_tell(digits):
    images, _ = digits
    few = images.take(np.arange(0, images.n, 60))
    ledger = split(few, seed=0)
    row = membership.finding(few, ledger.parts, ledger.units)
    assert row["verdict"] == "cannot tell"
    assert "Too few images" in row["advice"]


def test_without_a_generator_part_the_others_are_compared(digits):
    images, _ = digits
    ledger = split(images, seed=0, parts={"generator-train": 0})
    (row,) = membership.compare(images, ledger.parts, ledger.units, 0.01)
    assert (row.first, row.second) == ("test", "detector-train")


def test_a_publishers_validation_part_is_a_side_of_its_own(digits):
    """It stays where it is whatever the seed: dealt anew with what the ledger deals, it would say more than it does."""
    images, _ = digits
    official = np.where(np.arange(images.n) % 4, "train", "validation")
    ledger = split(replace(images, official=official), seed=0)
    changed = with_copies(images, ledger, "detector-validation", "generator-train", 40)
    rows = membership.compare(replace(changed, official=official), ledger.parts, ledger.units, 0.01)
    p = {(row.first, row.second): row.p for row in rows}
    assert list(p) == [
        ("test", "detector-train"), ("test", "detector-validation"), ("test", "generator-train"),
        ("detector-train", "generator-train"), ("detector-validation", "generator-train"),
    ]  # fmt: skip
    assert {row.level for row in rows} == {0.01 / 5}
    assert p["detector-validation", "generator-train"] <= 0.001
    assert min(value for pair, value in p.items() if pair != ("detector-validation", "generator-train")) > 0.01
