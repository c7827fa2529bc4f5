"""A run folder is whole or is said, in one line, not to be."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.errors import UserError
from data.run_folder import FACTS, FORMAT, TABLES, Damaged, checked, named, seal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The least that is a run folder."""
    for name, columns in TABLES.items():
        path = tmp_path / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pd.DataFrame({column: ["1"] for column in columns.split()})
        table.to_parquet(path) if name.endswith(".parquet") else table.to_csv(path, index=False)
    seal(tmp_path / "run", {name: kind() for name, kind in FACTS.items()})
    return tmp_path / "run"


def changed(folder: Path, **facts: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def refused(folder: Path, kind: type[UserError] = Damaged) -> str:
    with pytest.raises(UserError) as caught:
        checked(folder)
    assert type(caught.value) is kind
    line = str(caught.value)
    assert "\n" not in line
    assert str(folder) in line
    return line


def test_a_whole_one_is_read(folder: Path) -> None:
    assert checked(folder)["format"] == FORMAT
    (folder / "report.html").write_text("drawn later, and again")
    (folder / "notes.txt").write_text("the user's own")
    (folder / "figures").mkdir()
    (folder / "figures/roc.svg").write_text("drawn later, and again")
    checked(folder)
    assert named(folder) == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_one_other_byte_is_seen_in_every_file(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    assert f"{name} is not what the run wrote" in refused(folder)
    (folder / name).unlink()
    assert f"{name} cannot be read (No such file" in refused(folder)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_its_columns(folder: Path, sealed: Callable[[Path], Path], name: str) -> None:
    table = pd.DataFrame({"cell": ["1"]})
    table.to_parquet(folder / name) if name.endswith(".parquet") else table.to_csv(folder / name, index=False)
    assert f"{name} has no column" in refused(sealed(folder))
    (folder / name).write_bytes(b"\xff\xfe\x00")
    refused(sealed(folder))
    (folder / name).unlink()
    assert f"does not name {name}" in refused(sealed(folder))


@pytest.mark.parametrize("text", ["{}", "[]", "null", "", "{", '"text"', "[" * 100_000, "\udcff"])
def test_what_is_no_manifest(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_bytes(text.encode(errors="surrogateescape"))
    refused(folder)
    assert named(folder) == set()


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_is_needed_and_of_its_kind(folder: Path, name: str) -> None:
    changed(folder, **{name: None})
    assert f"has no {name}" in refused(folder)


@pytest.mark.parametrize("name", ["generators", "detectors", "stages"])
@pytest.mark.parametrize("rows", [[3], [{}], [{"id": 3}]])
def test_rows_are_described(folder: Path, name: str, rows: list[Any]) -> None:
    changed(folder, **{name: rows})
    assert f"lists {name} that lack" in refused(folder)


@pytest.mark.parametrize("number", [FORMAT - 1, FORMAT + 1, None, str(FORMAT)])
def test_another_version_is_called_one(folder: Path, number: Any) -> None:
    changed(folder, format=number)
    assert "written by another version" in refused(folder, UserError)


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    assert "is not a run folder" in refused(tmp_path, UserError)
    assert "is not a run folder" in refused(tmp_path / "none", UserError)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "images/../../secret", "a\0b", ""])
def test_nothing_outside_is_read(folder: Path, name: str) -> None:
    (folder.parent / "secret").write_text("mine")
    changed(folder, files=json.loads((folder / "manifest.json").read_text())["files"] | {name: [4, "0" * 64]})
    assert "names a file outside" in refused(folder)
    assert name not in named(folder)


@pytest.mark.parametrize("recorded", [None, [], [1], ["1", "a"], [1, 2], {"size": 1}])
def test_digests_are_given(folder: Path, recorded: Any) -> None:
    changed(folder, files=json.loads((folder / "manifest.json").read_text())["files"] | {"roc.csv": recorded})
    assert "no size and digest of roc.csv" in refused(folder)


def test_links_and_pipes_are_no_files(folder: Path) -> None:
    content = (folder / "roc.csv").read_bytes()
    (folder / "roc.csv").unlink()
    (folder / "elsewhere").write_bytes(content)
    (folder / "roc.csv").symlink_to("elsewhere")
    assert "roc.csv is no plain file" in refused(folder)
    (folder / "roc.csv").unlink()
    os.mkfifo(folder / "roc.csv")
    assert "roc.csv is no plain file" in refused(folder)
