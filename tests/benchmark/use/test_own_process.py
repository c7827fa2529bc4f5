"""What is done with a run whose plug-in is foreign is asked of another process, with all that was given."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.processes import apart
from benchmark.use import own_process


class Opened:
    """Stands in for an opened run, in which the generator `theirs` alone is foreign."""

    def __init__(self, folder: Path, store: Path | None = None) -> None:
        self.folder, self.store = folder, SimpleNamespace(root=store or folder / ".store")

    def generator_row(self, name: str) -> dict[str, Any]:
        return {"id": name}

    def is_foreign(self, group: str, row: dict[str, Any]) -> bool:
        return bool(group == "generators" and row["id"] == "theirs")


@own_process.if_foreign("generators", lambda opened, given: given.get("name", "ours"))
def verb(run: Any, name: str = "ours", *, out: str, store: Path | None = None) -> tuple[Any, ...]:
    """Says what it was given."""
    return run, name, out, store


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What other processes were asked for."""
    calls: list[Any] = []
    monkeypatch.setattr(own_process, "open_run", Opened)
    monkeypatch.setattr(apart, "verb", lambda place, owner, **given: calls.append((place, owner, given)))
    return calls


def test_a_plugin_of_this_project_is_used_here_with_the_run_that_was_opened(asked: list[Any]) -> None:
    run, *rest = verb(Path("run"), out="new")
    assert isinstance(run, Opened)
    assert (rest, asked) == (["ours", "new", None], [])


def test_a_foreign_one_is_used_elsewhere_with_all_arguments(asked: list[Any]) -> None:
    assert verb(Path("run"), "theirs", out="new") is None
    given = {"run": Path("run"), "name": "theirs", "out": "new", "store": Path("run/.store")}
    assert asked == [(f"{__name__}:verb", "Generator 'theirs'", given)]


def test_and_there_it_is_used_in_place(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "inside", True)
    assert verb(Path("run"), name="theirs", out="new")[1:] == ("theirs", "new", None)
    assert asked == []


def test_it_is_documented_and_called_as_it_was_written(asked: list[Any]) -> None:
    assert verb.__doc__ == "Says what it was given."
    with pytest.raises(TypeError, match="'out'"):
        verb(Path("run"))
