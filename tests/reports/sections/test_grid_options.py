from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from reports.load import load
from reports.page import render
from reports.sections import grid_options

GRIDS = {"baseline": {"depth": 3, "augment": ["<flip>"]}, "tuned": {"depth": 4, "augment": []}, "cnn": {"rate": "high"}}


def _with_grids(folder: Path) -> Path:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for row in (*manifest["generators"], *manifest["detectors"]):
        if row["id"] in GRIDS:
            row["grid"] = GRIDS[row["id"]]
    path.write_text(json.dumps(manifest))
    return folder


def test_a_column_for_each_option_and_its_value_for_each_row(make_run: Callable[..., Path]) -> None:
    run = load(_with_grids(make_run(n=40)))
    assert grid_options.columns(run) == ["generator.depth", "generator.augment", "detector.rate"]
    assert grid_options.values(run, generator="tuned", detector="cnn") == ["4", "[]", "high"]
    assert grid_options.values(run, generator="noise", detector="spectrum") == ["", "", ""]


def test_the_table_of_configurations_shows_them(make_run: Callable[..., Path]) -> None:
    page = render(load(_with_grids(make_run(n=40))))
    table = page.split('<section id="configurations">')[1].split("</section>")[0]
    heads = re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", table)
    assert heads == [
        "Generator", "Detector", "generator.depth", "generator.augment", "detector.rate", "Metric", "Mean", "Note",
    ]  # fmt: skip
    row = re.search(r"<tr><th scope=\"row\">baseline</th><td>cnn</td>(.*?)<td>AUC</td>", table)
    assert row is not None
    assert re.findall(r">([^<]*)</td>", row[1]) == ["3", "[&#34;&lt;flip&gt;&#34;]", "high"]


def test_without_a_grid_the_page_has_no_such_column(run_folder: Path) -> None:
    assert not grid_options.columns(load(run_folder))
    table = render(load(run_folder)).split('<section id="configurations">')[1].split("</section>")[0]
    assert "grids" not in table
    assert re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", table) == [
        "Generator", "Detector", "Metric", "Mean", "Note",
    ]  # fmt: skip
