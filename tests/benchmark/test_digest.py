"""Digests: the same value the same digest, another value another one, and code counts with what it imports."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark import digest

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(st.dictionaries(st.text(), VALUES))
def test_the_order_of_keys_does_not_matter(value):
    backwards = dict(reversed(value.items()))
    assert digest.of_value(value) == digest.of_value(backwards)


@given(VALUES, VALUES)
def test_other_values_have_other_digests(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest.of_value(one) == digest.of_value(other)) == same


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(TypeError):
        digest.of_value({"path": object()})


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setattr(digest, "HOUSE", tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "__init__.py").write_text("")
    (tmp_path / "data" / "deep.py").write_text("X = 1\n")
    (tmp_path / "data" / "near.py").write_text("def f():\n    from data import deep\n    return deep.X\n")
    (tmp_path / "data" / "other.py").write_text("Y = 1\n")
    (tmp_path / "plugin.py").write_text("import data.near\n")
    digest._imports.cache_clear()
    yield tmp_path
    digest._imports.cache_clear()


def test_code_counts_with_everything_of_ours_that_it_imports(house):
    before = digest.of_code(house / "plugin.py")
    (house / "data" / "other.py").write_text("Y = 2\n")
    assert digest.of_code(house / "plugin.py") == before
    (house / "data" / "deep.py").write_text("X = 2\n")
    assert digest.of_code(house / "plugin.py") != before


def test_naming_a_module_does_not_count_what_its_package_imports():
    """`benchmark/__init__.py` imports the whole interface: a message of the command line would train GANs again."""
    house = digest.HOUSE / "benchmark"
    for name in ("adapt.py", "bank.py", "mixed.py", "picks.py", "spectra.py"):
        files = {path.relative_to(digest.HOUSE).as_posix() for path in digest._closure(house / name)}
        assert not files & {"benchmark/api.py", "benchmark/cli.py", "benchmark/heat_maps.py"}, name
    assert house / "kept.py" in digest._closure(house / "adapt.py")
    assert house / "adapt.py" in digest._closure(house / "bank.py")
