"""Names: what is seen is what they are, no two become one, and they fit into a file's name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import names
from data.imageset import ImageSet

ODD = ["=1+1", "+x", "-x", "@x", "\uff1dx", "a\nb", "a\x1b[2Jb", "a\u202eb", "\u200b", " ", "", " a", "a\udcffb"]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_made_plain(name: str) -> None:
    assert not names.is_plain(name)
    assert names.is_plain(names.plain(name))


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=9), max_size=9))
def test_distinct_keeps_plain_names_and_joins_none(given_names: list[str]) -> None:
    given_names = list(dict.fromkeys(given_names))
    found = names.distinct(given_names)
    assert len(set(found)) == len(given_names)
    assert all(names.is_plain(name) for name in found)
    assert [new for old, new in zip(given_names, found, strict=True) if names.is_plain(old)] == [
        name for name in given_names if names.is_plain(name)
    ]


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=400), max_size=9))
def test_safe_names_are_short_and_tell_names_apart(given_names: list[str]) -> None:
    found = {name: names.safe(name) for name in given_names}
    assert len(set(found.values())) == len(found)
    assert all(len(name.encode()) <= 80 and "/" not in name and name.isprintable() for name in found.values())


def test_a_common_name_stays_as_it_is() -> None:
    assert names.safe("tuned-0.0003") == "tuned-0.0003"
    assert names.safe("by class").startswith("by_class-")
    assert names.safe("by class") != names.safe("by_class")


def test_classes_and_ids_are_renamed_where_they_enter() -> None:
    images = np.zeros((3, 8, 8, 1), np.uint8)
    ids = np.array(["=cmd/a.png", "b\x1b.png", "c.png"], str)
    found = ImageSet("-x", images, np.arange(3), ids, ("=cmd", "b\u202e", "_=cmd"))
    assert found.classes == ("_=cmd-2", "b_", "_=cmd")
    assert found.ids.tolist() == ["_=cmd/a.png", "b_.png", "c.png"]
    assert found.name == "_-x"
    assert ["renamed" in note for note in found.notes] == [True, True]
    assert found.take(slice(0, 2)).notes == found.notes
