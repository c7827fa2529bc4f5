"""A measurement brings its section of the page by saying what is in its table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from data.run_folder import MANIFEST, seal
from reports import page
from reports.load import load
from reports.sections import measured

ABOUT = {"name": "grain", "title": "How grainy?", "text": "The <b>grain</b>.", "file": "grain.csv",
         "columns": {"grain": "Grain", "note": "Note"}}  # fmt: skip


def written(folder: Path, rows: list[dict[str, object]], **more: object) -> Path:
    pd.DataFrame(rows).to_csv(folder / "grain.csv", index=False)
    manifest = json.loads((folder / MANIFEST).read_text())
    seal(folder, manifest | {"sections": [ABOUT | more]})
    return folder


def test_the_table_stands_under_its_heading(make_run: Callable[..., Path]) -> None:
    training = {"generator": "a<b", "generator_seed": 0}
    rows = [training | {"checkpoint": f"epoch-{n}", "grain": 0.125 * n, "note": "<i>"} for n in (2, 10)]
    run = load(written(make_run(), rows))
    (found,) = measured.sections(run)
    assert found["named"] == ["generator", "generator seed", "checkpoint"]
    assert found["rows"] == [{"of": ["a<b", "0", "epoch-10"], "cells": ["1.250", "<i>"]}]  # of the last checkpoint
    html = page.render(run)
    assert "<h2>How grainy?</h2>" in html
    assert "The &lt;b&gt;grain&lt;/b&gt;." in html
    assert "a&lt;b" in html
    assert 'href="#measured-grain"' in html


def test_what_is_long_is_cut_and_says_so(make_run: Callable[..., Path]) -> None:
    rows = [{"cell": f"cell {i}", "grain": i, "note": ""} for i in range(measured.MOST + 7)]
    run = load(written(make_run(), rows))
    assert len(measured.sections(run)[0]["rows"]) == measured.MOST
    assert "7 more rows stand in the file" in page.render(run)


def test_nothing_outside_the_run_folder_is_read(make_run: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("cell,grain\nx,1\n")
    for at, file in enumerate(("../secret.csv", str(tmp_path / "secret.csv"), "missing.csv", "manifest.json")):
        assert measured.sections(load(written(make_run(f"run-{at}"), [{"cell": "x"}], file=file))) == []


def test_a_run_without_any_has_none(run_folder: Path) -> None:
    assert measured.sections(load(run_folder)) == []
