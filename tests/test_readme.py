"""The commands and files of the README and of the gallery, run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import benchmark
from benchmark.plan import specs

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
GALLERY = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8").replace("\\\n", "")
DETECTORS = (ROOT / "docs" / "detectors.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT + GALLERY + DETECTORS, flags=re.S)
PLUGINS = ROOT / "tests" / "plugins"  # a detector on Keras in 15 lines, and a Pipeline of scikit-learn
VERBS = ("detector", "generator")  # after `check` and `new`, what kind of plug-in


def blocks(kind: str, containing: str) -> str:
    return next(text for language, text in BLOCKS if language == kind and containing in text)


def fauxbench(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command line as it is printed."""
    code = "import sys; sys.argv[0] = 'fauxbench'; from benchmark.cli.main import main; main()"
    command = [sys.executable, "-c", code, *shlex.split(line)[1:]]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_plugins_and_their_spec_run_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(blocks("python", "class Smoothness"))
    Path("shuffle.py").write_text(blocks("python", "class Shuffle"))
    Path("mine.toml").write_text(blocks("toml", "shuffle.py:Shuffle"))
    for command in (line for language, text in BLOCKS if not language for line in text.splitlines()):
        if command.startswith("fauxbench check"):
            done = fauxbench(command, tmp_path)
            assert done.returncode == 0, done.stdout + done.stderr
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
    assert set(named) <= {*specs.presets(), *VERBS, "mine.toml", *(f"runs/{preset}" for preset in specs.presets())}


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
    for folder, text in ((ROOT, TEXT), (ROOT / "docs", GALLERY), (ROOT / "docs", DETECTORS)):
        paths = re.findall(r"\[[^\]]*\]\(([^):]+)\)", text)
        assert paths
        for path in paths:
            assert (folder / path).is_file(), path


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of all presets: those of the same images share what they read and train."""
    return tmp_path_factory.mktemp("store")


@pytest.mark.slow
@pytest.mark.parametrize("preset", sorted(specs.presets()))
def test_every_preset_runs(preset, store, tmp_path, request):
    if preset != "digits":
        request.getfixturevalue("real_data")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / ".store").symlink_to(store)  # where the commands below look for it
    run = benchmark.run(preset, out=tmp_path / "runs" / preset, smoke=True)
    assert set(run.cells["status"]) == {"done"}, run.failures
    assert run.manifest["smoke"]
    lines = [line for language, text in BLOCKS if not language for line in text.splitlines()]
    for place in ("photos", "shots/one", "portraits", "more/one", "suspects"):  # what a user would have
        (tmp_path / place).mkdir(parents=True)
        noise = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / place / f"1.{'webp' if place == 'more/one' else 'png'}")
    (tmp_path / "my-photographs").mkdir()
    rng = np.random.default_rng(2)
    for number in range(60):  # as many as a limit of a few per cent needs
        coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8))
        coarse.resize((32, 32), Image.Resampling.BICUBIC).save(tmp_path / "my-photographs" / f"{number}.png")
    for line in lines:  # what the README and the pages say about images of this run
        if f" runs/{preset} " in line:
            done = fauxbench(line, tmp_path)
            assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_rows_of_a_spec_run_as_printed(tmp_path):
    rows = [tomllib.loads(text) for language, text in BLOCKS if language == "toml" and "[dataset]" not in text]
    detectors = [row for one in rows for row in one.get("detector", []) if row["kind"] not in ("external", "backbone")]
    assert {row["kind"] for row in detectors} >= {"sklearn.pipeline:Pipeline", "patch"}
    values = {"dataset": {"name": "digits"}, "generator": [{"kind": "gaussian"}], "detector": detectors}
    values["detector"] = [row | ({"receptive_field": 5} if row["kind"] == "patch" else {}) for row in detectors]  # 8 px
    values["detector"] += [{"kind": f"{PLUGINS}/keras_file.py:Tiny"}, {"kind": f"{PLUGINS}/pipeline.py:scaled"}]
    run = benchmark.run(specs.parse(values), out=tmp_path / "run", smoke=True)
    assert set(run.cells["status"]) == {"done"}, run.failures
