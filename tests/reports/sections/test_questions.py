"""A question is one file: nothing else has to name it, and where a run did not ask it, nothing is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.load import load
from reports.page import render
from reports.sections import questions
from reports.sections.questions import along_training, learning_curve


def test_every_question_has_its_template() -> None:
    here = Path(questions.__file__).parent
    names = {path.stem for path in here.glob("*.py")} - {"__init__"}
    assert names >= {"identity", "classes", "along_training", "learning_curve"}
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


def test_a_training_is_said_drawn_and_tabled(with_along_training: Path) -> None:
    run = load(with_along_training)
    shown = along_training.section(run)
    assert shown["sentences"] == [
        "baseline: for cnn, which finds it best over all checkpoints, fakes are hardest at epoch 40, AUC 0.800 "
        "[0.750, 0.850]; from epoch 20 on none is told to be easier, before it some are (family-wise at 95 %).",
        "Along the training its FD and this AUC fall together: rank correlation 0.900 [0.500, 0.980] (mean of 3 "
        "training runs).",
        "tuned: for cnn, which finds it best over all checkpoints, fakes are hardest at epoch 20, AUC 0.700 "
        "[0.650, 0.750]; it may be any from epoch 20 to 20, and the last checkpoint is easier (family-wise at 95 %).",
        "Whether its quality and this AUC move together cannot be told (rank correlation 0.900): 4 points, of at least "
        "6.",
    ]
    rows = {(row["generator"], row["detector"]): row for row in shown["rows"]}
    assert rows["tuned", "cnn"]["cells"] == [("0.700", "[0.650, 0.750]"), ("0.850", "[0.800, 0.900]")]
    assert rows["baseline", "linear-pixel"]["range"] == "20 to 40"
    assert [name for name, *_ in shown["frontiers"]] == ["cnn", "linear-pixel"], "a sentinel judges no quality"
    assert shown["frontiers"][0][-1] == "baseline epoch-0040 and tuned epoch-0020"
    assert {row["sampling"] for row in shown["sampling"]} == {"truncation = None"}
    assert shown["notes"] == ["tuned, epoch-0040 (sentinel-content): 1 of 1 cells failed"]
    names = [chart.name for chart in along_training.charts(run)]
    assert names == [
        "along-baseline",
        "along-tuned",
        "frontier-cnn",
        "frontier-linear-pixel",
        "frontier-sentinel-content",
    ]
    page = render(run)
    assert "Along the training its FD and this AUC fall together" in page
    assert "Thin lines are the detectors of the last checkpoint" in page


def test_names_are_no_markup_in_the_answers(hostile_answers: Path, make_run: Callable[..., Path]) -> None:
    page = render(load(hostile_answers))
    assert "How many labelled images does it take?" in page
    assert "Quality against detectability" in page
    assert '"><script>/..' not in page
    assert page.count("<script") == render(load(make_run("plain"))).count("<script")
