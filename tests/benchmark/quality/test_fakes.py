"""Which images of quality belong together, and whether a conditional generator can be judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmark.quality import fakes, measures
from benchmark.quality.references import References
from data.imageset import ImageSet

AGAINST = References(np.array([5, 0, 3, 1]), np.array([2, 4, 6, 7]), np.array([], np.int64))
WHO = np.array([7, 7, 8, 9, 8, -1, -1, 9])
UNITS = np.array([0, 0, 2, 3, 2, 5, 6, 3])  # of these persons


def people(**changes: Any) -> ImageSet:
    pixels, names = np.zeros((8, 4, 4, 1), np.uint8), np.array(list("abcdefgh"))
    return replace(ImageSet("people", pixels, np.arange(8) % 2, names, ("not Male", "Male"), WHO), **changes)


def ledger(units: np.ndarray) -> Any:
    return SimpleNamespace(units=units)


def test_images_of_a_unit_belong_together_and_who_is_alone_is_one():
    found = fakes.together(SimpleNamespace(), ledger(UNITS), AGAINST, 4)
    assert found.held is not None
    assert found.seen is not None
    assert found.held.tolist() == [5, 0, 3, 0]
    assert found.seen.tolist() == [2, 2, 6, 3]
    assert found.fake is None, "fakes from noise are independent"


def test_swaps_belong_to_the_units_of_their_sources():
    found = fakes.together(SimpleNamespace(uses_sources=True), ledger(UNITS), AGAINST, 3)
    assert found.fake is not None
    assert found.held is not None
    assert found.fake.tolist() == found.held.tolist() == [5, 0, 3]
    alone = fakes.together(SimpleNamespace(uses_sources=True), ledger(np.arange(8)), AGAINST, 3)
    assert alone.fake is not None, "a swap and its source are one unit, whoever else there is"
    assert alone.seen is None


def test_without_units_of_several_images_all_are_independent():
    assert fakes.together(SimpleNamespace(), ledger(np.arange(8)), AGAINST, 4) == fakes.Together()


def test_finished_images_have_units_of_their_own():
    drawn = SimpleNamespace(units_drawn=lambda n, seed: np.array([0, 4, 0, 1])[:n])
    found = fakes.together(drawn, ledger(UNITS), AGAINST, 4)
    assert found.fake is not None
    assert found.fake.tolist() == [8, 12, 8, 9], "none of the reals'"


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Judges a generator by an extractor that is right about `Male` of the real images, and sees no man in fakes."""
    (tmp_path / "facts.json").write_text(json.dumps({"names": ["Young", "Male"]}))

    def judged(images: ImageSet, task: str = "attributes", **about: Any) -> Any:
        drawn = np.ones((4, 4, 4, 1), np.uint8)
        male = np.stack([np.zeros(4, bool), images.labels[AGAINST.held] == 1], axis=1)
        extractor = SimpleNamespace(task=task, answers=lambda part: male & ~part.any())
        monkeypatch.setattr(measures, "_opened", lambda folder: (extractor, None, None))
        return measures.controlled(SimpleNamespace(**about), images, AGAINST, drawn, tmp_path)

    return judged


def with_attributes(**changes: Any) -> ImageSet:
    known = np.stack([np.arange(8) < 3, np.arange(8) % 2 == 1], axis=1)
    return people(attributes=known, attribute_names=("Young", "Male"), **changes)


def test_classes_that_attributes_make_are_judged_by_them(judge):
    frame = judge(with_attributes(), conditional=True).set_index("class")
    assert frame["recognised"].to_dict() == {"": 0.25, "not Male": 1.0, "Male": 0.0}
    assert (frame["recognised_real"] == 1).all()


def test_where_attributes_make_no_classes_a_note_says_so(judge):
    words = "no control score: the extractor knows attributes, and they do not make the classes"
    assert judge(with_attributes(classes=("identity 1", "identity 2")), conditional=True) == words
    one = with_attributes(classes=("face",), labels=np.zeros(8, np.int64))
    assert judge(one, conditional=True) is None, "there is nothing to be asked for"
    assert judge(with_attributes()) is None
    assert judge(with_attributes(), conditional=True, uses_sources=True) is None
