"""A question is one file: nothing else has to name it, and where a run did not ask it, nothing is shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reports.load import load
from reports.page import render
from reports.sections import questions
from reports.sections.questions import learning_curve


def test_every_question_has_its_template() -> None:
    here = Path(questions.__file__).parent
    names = {path.stem for path in here.glob("*.py")} - {"__init__"}
    assert names >= {"identity", "classes", "learning_curve"}
    templates = here.parents[1] / "template" / "questions"
    assert {path.name.partition(".")[0] for path in templates.glob("*.html.j2")} == names


def test_a_new_file_is_found_and_an_unasked_question_is_not(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "planted.py").write_text("TITLE = 'Planted'\n\n\ndef section(run):\n    return {'n': len(run.cells)}\n")
    (tmp_path / "unasked.py").write_text("TITLE = 'Unasked'\n\n\ndef section(run):\n    return None\n")
    monkeypatch.setattr(questions, "__path__", [str(tmp_path), *questions.__path__])
    found = questions.asked(load(run_folder))
    for name in ("planted", "unasked"):
        sys.modules.pop(f"{questions.__name__}.{name}", None)
    assert [(one.name, one.title, one.shown) for one in found] == [("planted", "Planted", {"n": 36})]


def test_learning_curves_are_said_drawn_and_tabled(with_learning_curve: Path) -> None:
    curves = load(with_learning_curve)
    shown = learning_curve.section(curves)
    assert shown["sentences"] == [
        "cnn needs at most 8 labelled images of each side to find baseline with a mean AUC of 0.9, the fewest of "
        "2 detectors.",
        "tuned: no detector reaches a mean AUC of 0.9 with up to 300 labelled images of each side; the highest is cnn "
        "with 0.700 [0.660, 0.740] at 300.",
    ]
    rows = {(row["generator"], row["detector"]): row["cells"] for row in shown["rows"]}
    assert rows["baseline", "cnn"][0] == ("≤ 8", "at most 8")
    assert rows["baseline", "linear-pixel"][1] == ("300", "more than 64")
    assert rows["tuned", "cnn"][1] == ("not reached", "more than 300")
    assert shown["notes"] == [
        "linear-pixel on tuned, 8 images: 5 of 5 trainings failed",
        "baseline: at 300 images and more there are fewer fakes than reals",
        "tuned: at 300 images and more there are fewer fakes than reals",
    ]
    assert shown["parts"] == "200 for training and 100 for validation of 300"
    assert [chart.name for chart in learning_curve.charts(curves)] == [
        "learning-curve-baseline",
        "learning-curve-tuned",
    ]
    page = render(curves)
    assert "How many labelled images does it take?" in page
    assert "the fewest of 2 detectors" in page


def test_a_run_that_did_not_ask_shows_no_curves(run_folder: Path) -> None:
    run = load(run_folder)
    assert learning_curve.section(run) is None
    assert not list(learning_curve.charts(run))
