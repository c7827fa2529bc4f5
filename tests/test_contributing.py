"""`CONTRIBUTING.md` names files and functions that are there, and draws the rooms in the order that they have."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
DRAWING = TEXT.split("## The house")[1].split("```")[1]
STEPS = [line.split(" | ")[1:] for line in TEXT.splitlines() if re.match(r"\| .* \| `[a-z_/]+\.py`", line)]


def house() -> ModuleType:
    spec = importlib.util.spec_from_file_location("house", ROOT / "tests" / "test_house.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def holds(file: str, name: str) -> bool:
    """Says whether a file defines a function or a class, or a class a method: `name` or `Class.name`."""
    node: ast.AST = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    for part in name.split("."):
        inner = [each for each in ast.iter_child_nodes(node) if getattr(each, "name", None) == part]
        if not inner:
            return False
        node = inner[0]
    return True


def test_every_named_file_is_there():
    named = re.findall(r"`((?:[a-z_]+/)+[A-Za-z_]*\.[a-z]+)`", TEXT)
    assert len(named) > 40
    assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize(("files", "names"), STEPS)
def test_a_step_of_the_way_is_where_it_says(files, names):
    pairs = list(zip(quoted(files), quoted(names), strict=True))
    assert pairs
    assert [pair for pair in pairs if not holds(*pair)] == []


def test_the_way_passes_every_step():
    assert len(STEPS) == 19


def test_the_drawing_has_the_rooms_in_their_order():
    order = house().ORDER
    for package, floors in order.items():
        for one in (room for floor in floors for room in floor if room != package):
            assert f"{one.split('.')[1]}/" in DRAWING, one
    drawn = re.findall(r"^\|  ([a-z]+)/  +[a-z]", DRAWING.split(" benchmark/ ")[1].split("generation/")[0], flags=re.M)
    assert drawn == [room.split(".")[1] for (room,) in reversed(order["benchmark"])]
    assert re.findall(r"-+ ([a-z]+)/ -+", DRAWING) == [
        "fauxbench", "reports", "benchmark", "generation", "detection", "data"
    ]  # fmt: skip
