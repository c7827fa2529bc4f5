"""What `fauxbench.load` and `fauxbench.run` return: words, table, first look, and how progress is told."""

from __future__ import annotations

import inspect
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from xml.etree import ElementTree

import pytest
from made_run import write_run

import fauxbench
from benchmark.cli import progress as cli_progress
from benchmark.use import api
from data.errors import UserError
from fauxbench import progress
from reports.load import load
from reports.sections import summary

HOSTILE = {
    "tuned": '<script>alert("x")</script>',
    "baseline": "\u202egnp.exe & 'quotes' \"both\"",
    "cnn": "x" * 300,
    "spectrum": "{{ 7 * 7 }} 🦊",
    "linear-dct": "_under $x_1$",
}


def test_a_run_has_what_benchmark_gives(run: fauxbench.Run) -> None:
    assert isinstance(run, api.Run)
    assert isinstance(run, fauxbench.Run)
    assert len(run.metrics)
    assert run.alarms.empty
    assert {"rank_low", "rank_high"} <= set(run.rankings)
    assert set(run.comparisons) >= {"difference", "separable"}
    assert len(run.checkpoints) == 4  # two generators, two controls
    assert set(run.training) >= {"d_loss", "g_loss"}
    assert run.rankings["generator"].isin(run.cells["generator"]).all()


def test_the_summary_has_the_words_of_the_terminal(run: fauxbench.Run) -> None:
    assert run.summary() == "\n".join(summary.sentences(load(run.folder)))


def test_the_table_has_every_pair(simulated: Path) -> None:
    run = fauxbench.load(simulated)
    table = run.table("auc")
    assert list(table["tuned"]) == ["value", "low", "high", "status"]
    assert table.loc["spectrum", ("tuned", "status")] == "failed"
    done = table.stack("generator", future_stack=True).query("status == 'done'")
    assert ((done["low"] <= done["value"]) & (done["value"] <= done["high"])).all()
    assert set(table.columns.get_level_values(0)) == set(run.cells["generator"])
    assert set(table.index) == set(run.cells["detector"])
    with pytest.raises(UserError, match=r"Unknown metric 'auk'\. Did you mean 'auc'"):
        run.table("auk")


def test_the_first_look_is_whole_and_small(run: fauxbench.Run) -> None:
    text = run._repr_html_()
    ElementTree.fromstring(re.sub(r"(<(?:img|br)[^>]*[^/])>", r"\1/>", text))
    assert len(text) < 60_000
    for sentence in run.summary().splitlines()[1:3]:
        assert sentence.partition(":")[0] in text
    assert re.findall(r'alt="(6 [a-z ]+)"', text) == ["6 real images", "6 fakes", "6 fakes"]  # no controls
    assert not re.search(r'(?:src|href)="(?!data:)', text)
    assert "<script" not in text
    value = run.table("auc").loc["linear-pixel", ("gaussian", "value")]
    assert f"{value:.3f}" in text


def test_a_darker_place_is_easier_to_detect(simulated: Path) -> None:
    run = fauxbench.load(simulated)
    text, table = run._repr_html_(), run.table("auc")
    found = re.findall(r"background: hsl\(16, (\d+)%, \d+%\); color: #1c2128\">(?:&gt;)?(\d\.\d+)", text)
    assert len(found) == (table.xs("status", axis=1, level=1) == "done").to_numpy().sum()
    ordered = [int(shade) for shade, _ in sorted(found, key=lambda pair: float(pair[1]))]
    assert ordered == sorted(ordered)
    assert len(set(ordered)) > 5
    assert ">failed<" in text


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    run = fauxbench.load(write_run(tmp_path / "run", rename=HOSTILE))
    text = run._repr_html_()
    assert "<script" not in text
    assert "&lt;script&gt;alert(" in text
    assert "{{ 7 * 7 }}" in text
    ElementTree.fromstring(re.sub(r"(<img[^>]*[^/])>", r"\1/>", text))
    assert "\u202e" not in run.summary()
    assert set(run.table().index) >= {HOSTILE["cnn"], HOSTILE["spectrum"]}
    for display in (run.roc(HOSTILE["tuned"]), run.histograms(HOSTILE["cnn"], HOSTILE["baseline"]), run.pictures()):
        assert display._repr_png_().startswith(b"\x89PNG")  # and no warning of a letter that the font lacks


def test_run_takes_what_benchmark_takes_and_writes_the_page(
    finished: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    wanted = inspect.signature(fauxbench.run).parameters
    assert wanted.keys() == {*inspect.signature(api.run).parameters, "progress"}
    shutil.copytree(finished, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    drawn = []
    monkeypatch.setattr("reports.page.render", lambda run, other: drawn.append(run) or "page")
    run = fauxbench.run("images.toml", out="runs/images", listener=cli_progress.Listener())
    assert run.report.read_text() == "page"
    fauxbench.run("images.toml", out="runs/images", progress=False)
    assert len(drawn) == 1  # the page there is of these very results
    with pytest.raises(UserError, match=r"images\.tomI"):
        fauxbench.run("images.tomI")
    assert capsys.readouterr().out == ""


class Shown:
    """Stands for a notebook's display: keeps what its one line said."""

    def __init__(self, first: object) -> None:
        self.lines = [first]

    def update(self, line: object) -> None:
        self.lines.append(line)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[Shown]:
    """Makes this process look like a Jupyter kernel."""
    displays: list[Shown] = []
    module, inner = ModuleType("IPython"), ModuleType("IPython.display")
    module.get_ipython = lambda: SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    inner.display = lambda text, display_id: displays.append(Shown(text)) or displays[-1]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", inner)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    return displays


def test_a_notebook_has_one_line_that_changes(notebook: list[Shown], capsys: pytest.CaptureFixture[str]) -> None:
    with progress.listening() as listener:
        assert isinstance(listener, progress.Line)
        stage = SimpleNamespace(name="train <b>\x1b[31m")
        listener.progress(stage.name, 3, 10, "loss 0.5")
        listener.finished(SimpleNamespace(stage=stage, status="done", error=None), 1, 2)
        listener.finished(SimpleNamespace(stage=stage, status="failed", error="no memory"), 2, 2)
        listener.note("Watch out.")
        listener.last("done")
    (shown,) = notebook
    assert len(shown.lines) == 5
    assert "3/10 loss 0.5" in repr(shown.lines[1])
    assert repr(shown.lines[2]).startswith("1 of 2 stages")
    assert repr(shown.lines[-1]) == "done after 0 s"
    assert "<b>" not in shown.lines[2]._repr_html_()
    assert "\x1b" not in repr(shown.lines[2])
    out = capsys.readouterr().out
    assert "FAILED: no memory" in out
    assert "Watch out." in out


def test_a_script_has_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    with progress.listening() as listener:
        assert isinstance(listener, cli_progress.Plain)


def test_a_mistake_is_one_line_in_a_notebook(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        fauxbench.load(tmp_path / "none\nhere")
    (line,) = caught.value._render_traceback_()  # what IPython asks an error for
    assert line == f"UserError: {caught.value}"
    assert "\n" not in line
