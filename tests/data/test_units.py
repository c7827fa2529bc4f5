"""Units: what copies, near copies, persons and sources chain together; the ledger keeps each in one part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from data.duplicates import Copies, find_copies, units_of
from data.imageset import ImageSet
from data.ledger import Ledger, check_ledger, split


def noise(n: int, *, groups: list[int] | None = None, official: list[str] | None = None, side: int = 8) -> ImageSet:
    images = np.random.default_rng(n).integers(0, 256, (n, side, side, 1), dtype=np.uint8)
    ids = np.array([f"{i:05d}" for i in range(n)])
    return ImageSet(
        "noise", images, np.zeros(n, np.int64), ids, ("a",),
        groups=None if groups is None else np.array(groups, np.int64),
        official=None if official is None else np.array(official, str),
    )  # fmt: skip


def test_copies_and_groups_are_chained():
    copies = Copies(np.arange(8), np.array([0, 1, 2, 3, 4, 1, 6, 7]), "")
    assert units_of(copies, None).tolist() == [0, 1, 2, 3, 4, 1, 6, 7]
    # 1 and 5 are copies, 5 and 6 one person, 6 alone with nobody else; below 0 is no person
    assert units_of(copies, np.array([-1, 9, -1, 4, 4, 7, 7, -1])).tolist() == [0, 1, 2, 3, 3, 1, 1, 7]


def test_images_of_no_group_are_alone():
    ledger = split(noise(100, groups=[-1] * 60 + [i // 4 for i in range(40)]))
    assert ledger.units[:60].tolist() == list(range(60))
    assert len(np.unique(ledger.units[60:])) == 10
    assert ledger.counts["test"] == 20, "sixty images of nobody would fit into no part"


def test_a_copy_of_no_group_is_of_its_copys_unit():
    image_set = noise(100, groups=[-1, *range(99)])
    images = image_set.images.copy()
    images[0] = images[7]
    ledger = split(replace(image_set, images=images))
    assert ledger.units[0] == ledger.units[7] == 0


def test_the_ledger_keeps_its_units(tmp_path):
    image_set = noise(120, groups=[i // 4 for i in range(120)])
    ledger = split(image_set)
    ledger.save(tmp_path)
    back = Ledger.load(tmp_path, image_set)
    assert back.units.dtype == np.int64
    assert back.units.tolist() == ledger.units.tolist() == [4 * (i // 4) for i in range(120)]
    for at in ledger.parts.values():
        assert not set(ledger.units[at]) & set(np.delete(ledger.units, at))


def test_official_parts_share_no_unit_by_any_chain():
    """A training person whose picture is a copy of one of a person who is in the test part, too."""
    groups = [*range(80), *range(78, 98)]  # 78 and 79 are official test images too
    image_set = noise(100, groups=groups, official=["train"] * 80 + ["test"] * 20)
    groups_of = image_set.groups.copy()
    groups_of[[3, 4]] = 3  # one person, of whom
    images = image_set.images.copy()
    images[4] = images[78]  # one picture is a copy of a training picture of a person of the test part
    image_set = replace(image_set, images=images, groups=groups_of)
    ledger = split(image_set)
    check_ledger(image_set, ledger)
    reasons = ledger.dropped.set_index("id")["reason"].to_dict()
    chained = "chained by copies and identities to test"
    assert reasons == {"00078": "identity also in test", "00079": "identity also in test"} | dict.fromkeys(
        ["00003", "00004"], chained
    )


def test_the_check_notices_a_unit_in_two_parts_and_wrong_units():
    image_set = noise(60, groups=[i // 2 for i in range(60)])
    ledger = split(image_set)
    other = ledger.units.copy()
    other[:4] = 0
    with pytest.raises(ValueError, match=r"units are not what copies and identities make them. Received: 2 such"):
        check_ledger(image_set, replace(ledger, units=other))
    groups = image_set.groups.copy()
    groups[:] = -1
    with pytest.raises(ValueError, match="units are not what"):
        check_ledger(replace(image_set, groups=groups), ledger)
    a, b = ledger.parts["test"][0], ledger.parts["detector-train"][0]
    groups = image_set.groups.copy()
    groups[a] = groups[b]
    with pytest.raises(ValueError, match="images of one identity in two parts"):
        check_ledger(replace(image_set, groups=groups), ledger)


def test_frames_of_a_still_camera_are_near_copies():
    """Something moves before a background that stays: all frames of a scene are chained, and no two scenes."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (6, 6, 6, 3), np.uint8)
    frames = []
    for scene in small:
        background = np.asarray(Image.fromarray(scene).resize((64, 64), Image.Resampling.BICUBIC)).astype(float)
        for t in range(20):
            frame = background + rng.normal(0, 6, background.shape)
            left = 20 + int(8 * np.sin(t / 3))
            frame[20:40, left : left + 16] += 60
            frames.append(frame.clip(0, 255).astype(np.uint8))
    units = units_of(find_copies(np.stack(frames)), None)
    assert units.tolist() == np.repeat(np.arange(0, 120, 20), 20).tolist()
