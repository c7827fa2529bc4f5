"""The commands and files of the README and of the gallery, run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import benchmark
from benchmark import specs

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
GALLERY = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8").replace("\\\n", "")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT + GALLERY, flags=re.S)


def blocks(kind: str, containing: str) -> str:
    return next(text for language, text in BLOCKS if language == kind and containing in text)


@pytest.mark.slow
def test_the_plugins_and_their_spec_run_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(blocks("python", "class Smoothness"))
    Path("shuffle.py").write_text(blocks("python", "class Shuffle"))
    Path("mine.toml").write_text(blocks("toml", "shuffle.py:Shuffle"))
    run = benchmark.run("mine.toml")
    assert set(run.cells["status"]) == {"done"}
    assert {"mine.py:Smoothness", "sklearn.ensemble:RandomForestClassifier"} <= set(run.cells["detector"])
    auc = run.metrics.query("metric == 'auc' and scope == 'cell'").set_index(["generator", "detector"])["value"]
    assert auc["shuffle.py:Shuffle", "sklearn.ensemble:RandomForestClassifier"] > 0.9


@pytest.mark.slow
def test_the_python_example_runs_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = blocks("python", "import benchmark").replace('run("digits")', 'run("digits", smoke=True)')
    *statements, last = code.strip().splitlines()
    scope: dict = {}
    exec("\n".join(statements), scope)
    table = eval(last, scope)
    assert list(table.columns) == ["generator", "detector", "value", "low", "high"]
    assert len(table) == 36


def test_every_command_names_what_exists():
    lines = [line for language, text in BLOCKS if not language for line in text.splitlines()]
    commands = [shlex.split(line.split("&&")[-1]) for line in lines if "fauxbench" in line]
    named = [words[2] for words in commands if len(words) > 2 and not words[2].startswith("-")]
    assert named
    assert set(named) <= {*specs.presets(), "mine.toml", *(f"runs/{preset}" for preset in specs.presets())}


def test_every_preset_is_in_the_table_and_no_other():
    table = TEXT.split("| preset | what |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `([\w-]+)` \|", table, flags=re.M)
    assert sorted(rows) == sorted(specs.presets())


def test_the_two_commands_name_what_pyproject_offers():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "fauxbench" in project["scripts"]
    assert "-e '.[test]'" in TEXT
    assert "test" in project["optional-dependencies"]
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().split()}
    needed = {re.split(r"[>=\[]", name)[0].lower() for name in project["dependencies"]}
    assert needed <= pinned


def test_every_picture_and_page_is_there():
    for folder, text in ((ROOT, TEXT), (ROOT / "docs", GALLERY)):
        paths = re.findall(r"\[[^\]]*\]\(([^):]+)\)", text)
        assert paths
        for path in paths:
            assert (folder / path).is_file(), path


@pytest.mark.slow
@pytest.mark.parametrize("preset", sorted(specs.presets()))
def test_every_preset_runs(preset, tmp_path, request):
    if preset != "digits":
        request.getfixturevalue("real_data")
    run = benchmark.run(preset, out=tmp_path / "runs" / preset, smoke=True)
    assert set(run.cells["status"]) == {"done"}, run.failures
    assert run.manifest["smoke"]
    lines = [line for language, text in BLOCKS if not language for line in text.splitlines()]
    for line in lines:  # what the README and the gallery say about images of this run
        if f" runs/{preset} " in line:
            code = "import sys; sys.argv[0] = 'fauxbench'; from benchmark.cli import main; main()"
            command = [sys.executable, "-c", code, *shlex.split(line)[1:]]
            path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
            environment = os.environ | {"PYTHONPATH": path}
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
