"""Odd names that are taken: ids that no file could be called, folders called like a control, specs of any file name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.plan import specs
from benchmark.plan.spec import names as spec_names
from benchmark.use import api

TINY = '[dataset]\nname = "digits"\n[quality]\nenabled = false\n'


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my spec, v2 (final).toml", "my-spec-v2-final"), ("my spec.toml", "my spec"), (".hidden.toml", "hidden"),
        ("=cmd.toml", "cmd"), ("-rf.toml", "rf"), ("((.toml", "run"), ("a\x1b\n.toml", "a"), ("v1.2.toml", "v1.2"),
    ],
)  # fmt: skip
def test_spec_of_any_file_name(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / file).write_text(TINY)
    assert specs.load(tmp_path / file).name == name


def test_spec_of_a_long_file_name(tmp_path: Path) -> None:
    names = set()
    for letter in "ab":
        path = tmp_path / f"{'漢' * 80}{letter}.toml"
        path.write_text(TINY)
        names.add(specs.load(path).name)
    assert len(names) == 2
    assert all(len(name.encode()) <= spec_names.LONGEST_NAME for name in names)


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b""])
def test_spec_with_a_byte_order_mark(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "x.toml").write_bytes(start + TINY.replace("\n", "\r\n").encode())
    assert specs.load(tmp_path / "x.toml").dataset.name == "digits"


def test_folders_of_fakes_get_ids_that_are_free_and_plain(tmp_path: Path) -> None:
    given = ["noise", "all", "real-copy", "=cmd", "a/x", "b/x", "fine"]
    for name in ("real", *given):
        (tmp_path / name).mkdir(parents=True)
    spec = specs.from_folders(tmp_path / "real", [tmp_path / name for name in given[:4]])
    assert [row.id for row in spec.generator[:4]] == ["noise-folder", "all-folder", "real-copy-folder", "_=cmd"]
    spec = specs.from_folders(tmp_path / "real", [tmp_path / name for name in given[4:]])
    assert [row.id for row in spec.generator[:2]] == ["a-x", "b-x"]
    assert {"real-copy", "noise"} <= {row.id for row in spec.generator}


def test_the_command_says_which_folders_it_renames(call: Callable[..., Any]) -> None:
    for name in ("real", "noise", "fine"):
        Path(name).mkdir()
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(f"{name}/a.png")
    answer = call("run", "--real", "real", "--fake", "noise", "--fake", "fine")
    assert "--fake noise is called 'noise-folder' in the results." in answer.err
    assert "fine" not in answer.err


def test_ids_of_300_letters_go_through_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    long = "漢" * 150 + "x" * 150
    values = {
        "name": "n" * 100, "dataset": {"name": "digits", "limit": 200}, "quality": {"enabled": False},
        "generator": [{"kind": "gaussian", "id": f"{long}{end}", "n_mixture": 1} for end in "ab"],
        "detector": [{"kind": "linear-pixel", "id": f"{long}{end}"} for end in "ab"],
    }  # fmt: skip
    run = api.run(specs.parse(values))
    assert not run.failures
    index = json.loads(run.cells.to_json(orient="records"))
    assert {row["generator"] for row in index} >= {f"{long}a", f"{long}b"}
    from reports.page import write

    assert write(run.folder).is_file()
    run.export(tmp_path / "exported", force=True)
    written = [path.name for folder in ("exported", "runs") for path in (tmp_path / folder).rglob("*")]
    assert max(len(name.encode()) for name in written) <= 255
    files = list((run.folder / "images").glob("*.png")) + list((run.folder / "explanations").glob("*-picks.png"))
    assert len(files) >= 1 + 2 + 4  # the reals, and one for each generator, and for each of its detectors
