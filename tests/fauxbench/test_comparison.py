"""`fauxbench.compare`: what a notebook shows of runs side by side, and the figure of their differences."""

from __future__ import annotations

import doctest
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fauxbench
from benchmark.use.compare import comparison as used
from fauxbench import comparison

CELL = "gaussian/0/linear-pixel/0"


@pytest.fixture(scope="module")
def other(run: fauxbench.Run, sealed: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, with other scores in one cell, and with a name that is markup."""
    folder = shutil.copytree(run.folder, tmp_path_factory.mktemp("other") / "<b>bold")
    scores = pd.read_parquet(folder / "scores.parquet")
    mine = scores["cell"] == CELL
    scores.loc[mine, "score"] = np.random.default_rng(0).normal(size=mine.sum())
    scores.to_parquet(folder / "scores.parquet", index=False)
    return sealed(folder)


def test_examples_come_out_as_printed(run: fauxbench.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(run.folder, tmp_path / "runs" / "images")
    monkeypatch.chdir(tmp_path)
    finder, said = doctest.DocTestFinder(), io.StringIO()
    found = {test.name: test for module in (comparison, used) for test in finder.find(module) if test.examples}
    own = {"Comparison", "compare", "index"}
    assert found.keys() == {f"{comparison.__name__}.{name}" for name in own} | {f"{used.__name__}.compare"}
    for test in found.values():
        doctest.DocTestRunner(verbose=False).run(test, out=said.write)
    assert not said.getvalue()


def test_a_notebook_shows_what_differs(run: fauxbench.Run, other: Path) -> None:
    found = fauxbench.compare(run, fauxbench.load(other))
    shown = found._repr_html_()
    assert isinstance(found, fauxbench.Comparison)
    assert found.sentences()[0] in shown.replace("&lt;", "<").replace("&gt;", ">")
    assert CELL in shown
    assert "<b>bold" not in shown, "a name is never markup"
    rows = found.frame()[found.frame()["status"] == "compared"].to_dict("records")
    assert [row["metric"] for row in rows] == ["auc", "balanced_accuracy", "tpr", "fpr"]
    for row in rows:
        assert f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]" in shown


def test_the_forest_is_of_what_was_compared(run: fauxbench.Run, other: Path) -> None:
    forest = fauxbench.compare(run, other).forest(differing=True)
    assert forest.frame()["cell"].tolist() == [CELL]
    axes = forest.plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == [CELL]
    assert axes.get_xlabel().startswith("AUC less")
    rates = fauxbench.compare(run, other).forest(metric="tpr")
    assert rates.frame()["metric"].tolist() == ["tpr"]
    assert rates.plot().get_xlabel().startswith("TPR less")
    assert forest._repr_png_().startswith(b"\x89PNG")


def test_without_a_difference_there_is_no_forest(run: fauxbench.Run) -> None:
    found = fauxbench.compare(run, run)
    with pytest.raises(fauxbench.UserError, match="no difference to draw"):
        found.forest()
    assert "the same, image by image" in found._repr_html_()
