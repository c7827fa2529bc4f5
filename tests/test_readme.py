"""The README and the first pages name what there is; `tests/docs` runs their commands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import blocks
import pytest

import benchmark
from benchmark.plan import specs
from benchmark.plan.spec import models

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PLUGINS = ROOT / "tests" / "plugins"  # a detector on Keras in 15 lines, and a Pipeline of scikit-learn


def rows(page: str, head: str) -> list[str]:
    """Returns what the first column of a table names."""
    table = (ROOT / "docs" / page).read_text(encoding="utf-8").split(head)[1].split("\n\n")[0]
    return re.findall(r"^\| `([\w-]+)` \|", table, flags=re.M)


def test_the_readme_is_a_screen_or_two():
    assert len(TEXT.splitlines()) < 70


def test_every_preset_is_in_the_table_and_no_other():
    assert sorted(rows("runs.md", "| preset | what |")) == sorted(specs.presets())


def test_every_extra_is_in_the_table_and_no_other():
    assert sorted(rows("install.md", "| extra | brings |")) == sorted(PROJECT["optional-dependencies"])


def test_the_two_commands_name_what_pyproject_offers():
    assert "fauxbench" in PROJECT["scripts"]
    assert set(re.findall(r"-e '\.\[(\w+)\]'", TEXT)) == {"docs", "test"}
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().split()}
    needed = {re.split(r"[>=\[]", name)[0].lower() for name in PROJECT["dependencies"]}
    assert needed <= pinned


def test_the_light_environment_has_all_that_is_needed_but_networks():
    """What the page installs by hand is the list of dependencies, without TensorFlow and Keras."""
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith("pip install -c constraints.txt scikit-learn")]
    needed = {re.split(r"[>=\[]", name)[0] for name in PROJECT["dependencies"]}
    assert set(line.split()[4:]) == needed - {"tensorflow", "keras"}


@pytest.mark.slow
def test_the_rows_of_a_spec_run_as_printed(tmp_path, monkeypatch):
    monkeypatch.setitem(models.ADDED, "generator", ())  # one generator says whether a row runs
    printed = [tomllib.loads(block.text) for block in blocks.every() if block.language == "toml" and not block.mark]
    detectors = [row for one in printed for row in one.get("detector", [])]
    assert {row["kind"] for row in detectors} >= {"sklearn.pipeline:Pipeline", "patch"}
    values = {"dataset": {"name": "digits"}, "generator": [{"kind": "gaussian"}], "detector": detectors}
    values["quality"] = {"enabled": False}
    values["detector"] = [row | ({"receptive_field": 5} if row["kind"] == "patch" else {}) for row in detectors]  # 8 px
    values["detector"] += [{"kind": f"{PLUGINS}/keras_file.py:Tiny"}, {"kind": f"{PLUGINS}/pipeline.py:scaled"}]
    run = benchmark.run(specs.parse(values), out=tmp_path / "run", smoke=True)
    assert set(run.cells["status"]) == {"done"}, run.failures
