"""`fauxbench compare`: what it prints, writes and refuses; and that it imports nothing heavy."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

CELL = "gaussian/0/linear-pixel/0"


@pytest.fixture
def pair(finished: Path, tmp_path: Path, sealed: Callable[[Path], Path]) -> Path:
    """A folder with two runs that differ in the scores of one cell."""
    for name in ("one", "two"):
        shutil.copytree(finished / "runs" / "images", tmp_path / "pair" / name)
    path = tmp_path / "pair" / "two" / "scores.parquet"
    scores = pd.read_parquet(path)
    mine = scores["cell"] == CELL
    scores.loc[mine, "score"] = np.random.default_rng(0).normal(size=mine.sum())
    scores.to_parquet(path, index=False)
    sealed(path.parent)
    return tmp_path / "pair"


def test_it_prints_what_differs(call: Callable, pair: Path) -> None:
    answer = call("compare", pair / "one", pair / "two")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "The specs, data, versions and machines are the same."
    rows = [line for line in lines if line.startswith(CELL)]
    heads = [line.split("  ") for line in lines if " reference " in line]
    assert "AUC" in heads[0]
    assert len(rows) == len(heads) == 4, "AUC, balanced accuracy, TPR and FPR"
    assert rows[0].split()[1] > rows[0].split()[2], "noise is worse than a detector"
    assert "two against one: 1 AUC compared, 11 with equal scores, 0 not comparable." in lines


def test_only_what_differs(call: Callable, pair: Path) -> None:
    answer = call("compare", pair / "one", pair / "two", "--differing", "--metric", "auc", "--json")
    found = json.loads(answer.out)
    assert [row["cell"] for row in found["cells"]] == [CELL]
    assert found["metrics"] == ["auc"]
    assert found["cells"][0]["differs"] is True
    alike = call("compare", pair / "one", pair / "one", "--differing")
    assert "Nothing differs by more than its interval." in alike.out


def test_a_table_as_a_file(call: Callable, pair: Path, tmp_path: Path) -> None:
    answer = call(
        "compare", pair / "one", pair / "two", "--metric", "fpr", "--metric", "auc", "--out", tmp_path / "table.csv"
    )
    assert answer.code == 0
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["metric"].tolist() == ["fpr"] * 12 + ["auc"] * 12, "in the order in which they were asked for"
    assert table.loc[table["cell"] == CELL, "status"].tolist() == ["compared"] * 2


def test_an_index_with_what_is_damaged(call: Callable, pair: Path, tmp_path: Path) -> None:
    shutil.copytree(pair / "one", pair / "three")
    (pair / "three" / "cells.csv").write_text("cell\n")
    answer = call("compare", "--index", pair, "--out", tmp_path / "board.csv")
    assert answer.code == 0
    assert "three: is damaged: cells.csv" in answer.err
    assert f"Index: {pair / 'index.html'}" in answer.out
    page = (pair / "index.html").read_text()
    assert "three" in page
    assert "cells.csv is not what the run wrote" in page
    board = pd.read_csv(tmp_path / "board.csv")
    assert sorted(board["runs"]) == ["one", "one, two", "two"], "equal cells are one row"
    as_json = json.loads(call("compare", "--index", pair, "--json").out)
    assert as_json["damaged"].keys() == {"three"}
    assert len(as_json["rows"]) == 3


REFUSED = {
    "compare": "needs two runs or more. Received: 0 runs",
    "compare {one}": "needs two runs or more. Received: 1 run",
    "compare {one} {pair}": "is not a run folder",
    "compare {one} nowhere": "is not a run folder",
    "compare {one} {two} --json --out x.csv": "not both",
    "compare {one} {two} --out nowhere/x.csv": "There is no folder nowhere",
    "compare {one} --index {pair}": "--index is of all runs of a folder",
    "compare --index {pair} --differing": "--index is of all runs of a folder",
    "compare --index {one}": "is a run folder. Expected the folder that holds run folders",
    "compare --index nowhere": "which is no folder",
    "compare {one} {two} --metric acu": "Unknown metric 'acu'. Did you mean 'auc'?",
    "compare --index {pair} --metric auc": "--index is of all runs of a folder",
    "compare {one} {two} --difering": "--difering",
}


@pytest.mark.parametrize(("line", "said"), REFUSED.items())
def test_mistakes_are_one_line(refused: Callable[..., str], pair: Path, line: str, said: str) -> None:
    words = [word.format(one=pair / "one", two=pair / "two", pair=pair) for word in line.split()]
    assert said in refused(*words)


def test_a_damaged_run_is_one_line(refused: Callable[..., str], pair: Path) -> None:
    (pair / "two" / "metrics.csv").unlink()
    assert "is damaged: metrics.csv cannot be read" in refused("compare", pair / "one", pair / "two")


@pytest.mark.parametrize("index", [False, True])
def test_it_imports_nothing_heavy(pair: Path, index: bool) -> None:
    arguments = ["--index", str(pair)] if index else [str(pair / "one"), str(pair / "two")]
    code = (
        "import atexit, sys\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'distributed', 'matplotlib', 'seaborn', 'sklearn'}\n"
        "atexit.register(lambda: print('HEAVY', sorted(heavy & set(sys.modules))))\n"
        f"sys.argv = ['fauxbench', 'compare', *{arguments!r}]\n"
        "from benchmark.cli.main import main\nmain()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ended.stdout.splitlines()[-1] == "HEAVY []", ended.stderr
