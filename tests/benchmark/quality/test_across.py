"""Copies across parts, looked for by another method than the ledger's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import zoom

from benchmark.quality.across import across, finding
from benchmark.quality.planted import changes
from data.imageset import ImageSet
from data.ledger import split
from data.sources.digits import Digits


def pictures(n: int, size: int = 32) -> np.ndarray:
    """Random pictures with details of several sizes, uint8 `(n, size, size, 3)`."""
    rng = np.random.default_rng(n)
    made = np.zeros((n, size, size, 3))
    for side, weight in ((4, 1.0), (8, 0.6), (16, 0.35)):
        coarse = rng.normal(0, weight, (n, side, side, 1)) + rng.normal(0, weight / 3, (n, side, side, 3))
        made += zoom(coarse, (1, size / side, size / side, 1), order=1)
    return np.clip(128 + 45 * made, 0, 255).astype(np.uint8)


def image_set(images: np.ndarray) -> ImageSet:
    n = len(images)
    ids = np.array([f"{i:05d}" for i in range(n)])
    return ImageSet("pictures", images, np.zeros(n, np.int64), ids, ("a",))


@pytest.fixture(scope="module")
def clean() -> tuple[ImageSet, object]:
    images = image_set(pictures(200))
    return images, split(images)


def leaked(clean, change: str, n: int) -> tuple[ImageSet, object]:
    """Puts `n` changed copies of test images in place of training images, behind the ledger's back."""
    images, ledger = clean
    changed, rng = images.images.copy(), np.random.default_rng(0)
    alter = changes(images.shape)[change]
    for source, place in zip(ledger.parts["test"][:n], ledger.parts["generator-train"][:n], strict=True):
        changed[place] = alter(changed[source], rng)
    return replace(images, images=changed), ledger


def test_a_clean_split_passes_and_says_what_it_could_have_seen(clean):
    seen = across(*clean)
    row = finding(*clean, seen)
    assert (row["verdict"], row["value"]) == ("pass", 0)
    assert seen.found >= 0.75 * seen.planted > 0
    assert 0 < row["smallest"] == seen.smallest <= 3 / seen.n
    assert f"Of {seen.planted} planted copies {seen.found} were seen" in row["advice"]


@pytest.mark.parametrize("change", ["mirrored", "turned by 90", "negative", "shifted", "JPEG", "grey", "captioned"])
def test_copies_behind_the_ledgers_back_are_an_alarm(clean, change):
    images, ledger = leaked(clean, change, 10)
    seen = across(images, ledger)
    row = finding(images, ledger, seen)
    assert row["verdict"] == "alarm"
    assert row["low"] <= 10 / seen.n <= row["high"]
    assert f"{images.ids[ledger.parts['test'][0]]} and " in row["advice"]


def test_a_single_copy_is_a_note(clean):
    assert finding(*leaked(clean, "mirrored", 1))["verdict"] == "note"


def test_many_copies_in_one_part_do_not_hide_one_in_another(clean):
    images, ledger = clean
    changed = images.images.copy()
    changed[ledger.parts["test"][:15]] = changed[ledger.parts["test"][0]]
    changed[ledger.parts["generator-train"][0]] = changed[ledger.parts["test"][0]][:, ::-1]
    seen = across(replace(images, images=changed), ledger)
    assert len(np.unique(seen.pairs[:, 0])) == 15


def test_small_images_have_a_stricter_rule():
    digits = Digits().load([])
    ledger = split(digits)
    seen = across(digits, ledger)
    assert (len(seen.pairs), seen.found) == (0, seen.planted)
    assert "of changes that lose nothing" in finding(digits, ledger, seen)["advice"]
    images = digits.images.copy()
    images[ledger.parts["generator-train"][:9]] = 255 - images[ledger.parts["test"][:9], ::-1]
    assert finding(replace(digits, images=images), ledger)["verdict"] == "alarm"


def test_flat_images_cannot_be_told():
    images = np.arange(60, dtype=np.uint8)[:, None, None, None].repeat(32, 1).repeat(32, 2)
    assert finding(image_set(images), split(image_set(images)))["verdict"] == "cannot tell"
