"""A detector, and a generator, is known by one colour and one dash in all drawings of a page and in their legends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import made_along_training
import made_learning_curve
import made_robustness
import made_sets
import pandas as pd
import pytest

from reports.figures import curves
from reports.figures.along_training import AlongTrainingFigure
from reports.figures.look import NAMES, PAGE
from reports.figures.quality import QualityFigure
from reports.figures.roc import RocFigure
from reports.load import Run, load
from reports.sections.questions import along_training, learning_curve, robustness, sets

CURVE = re.compile(r'<g class="s-(\d+) curve[^"]*">.*?<path [^>]*style="([^"]*)"', re.DOTALL)


@pytest.fixture
def asked(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> Run:
    """A run that asked questions with curves: sentinels come first, and the first generator has one measured end."""
    folder = make_run(n=40)
    for made in (made_robustness, made_learning_curve, made_along_training, made_sets):
        made.write(folder)
    path = folder / "generators.csv"
    table = pd.read_csv(path, keep_default_na=False)
    table[(table["generator"] != "baseline") | (table["checkpoint"] == "epoch-0040")].to_csv(path, index=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["detectors"].sort(key=lambda detector: detector["sentinel"] is None)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return load(sealed(folder))


def drawn(run: Run) -> dict[str, list[str]]:
    """The drawings with a curve for each detector, by the question."""
    sections = {module.__name__: module.section(run) for module in (along_training, learning_curve, sets)}
    found = {"roc": [RocFigure(run, "baseline").svg(name="roc"), RocFigure(run, "baseline").svg(name="log", log=True)]}
    found |= {name: [one[1] for one in shown.get("figures", shown.get("drawings"))] for name, shown in sections.items()}
    parts = robustness.section(run)["parts"]
    found["robustness"] = [drawing for part in parts for _, panels in part["figures"] for _, drawing, _ in panels]
    return found


def look(style: str) -> tuple[str, tuple[float, ...]]:
    """Colour and dash of a stroke, the dash in widths of the line."""
    parts = dict(part.split(": ", 1) for part in style.split("; "))
    lengths = parts.get("stroke-dasharray", "").replace(",", " ").split()
    width = float(parts["stroke-width"])
    return parts["stroke"].partition(",")[0], tuple(round(float(length) / width, 1) for length in lengths)


def test_a_detector_looks_the_same_in_all_drawings(asked: Run) -> None:
    seen: dict[str, set[tuple[str, tuple[float, ...]]]] = {}
    questions: dict[str, set[str]] = {}
    for question, drawings in drawn(asked).items():
        assert drawings, question
        for drawing in drawings:
            for place, style in CURVE.findall(drawing):
                questions.setdefault(asked.detectors[int(place)].id, set()).add(question)
                if "stroke: var" in style:  # draws are dots
                    seen.setdefault(place, set()).add(look(style))
    assert len(questions["cnn"]) == 5, "it is in the drawings of all"
    assert {place: len(looks) for place, looks in seen.items()} == dict.fromkeys(seen, 1)
    assert len(set().union(*seen.values())) == len(seen), "and no two look alike"
    signs = curves.of_detectors(asked)
    for detector in asked.detectors:
        place = str(signs[detector.id].place)
        if place in seen:
            assert {colour for colour, _ in seen[place]} == {f"var({NAMES.series[signs[detector.id].hue]}"}


def test_legends_and_curves_have_the_same_classes(asked: Run) -> None:
    places = {name: sign.place for name, sign in curves.of_detectors(asked).items()}
    assert places == {detector.id: at for at, detector in enumerate(asked.detectors)}
    for question, drawings in drawn(asked).items():
        classes = {int(place) for drawing in drawings for place, _ in CURVE.findall(drawing)}
        assert classes <= set(places.values()), question


def test_a_generator_looks_the_same_beside_others_and_alone(asked: Run) -> None:
    from matplotlib.figure import Figure

    quality = QualityFigure(asked, "fd")
    assert quality.generators == ["tuned"], "the other has one checkpoint"
    axes = Figure().subplots()
    frontier = AlongTrainingFigure(asked).draw_frontier(axes, "cnn", PAGE)
    assert list(frontier) == ["baseline", "tuned"]
    assert quality.draw(axes, PAGE)["tuned"] == frontier["tuned"] != frontier["baseline"]
    signs = along_training.section(asked)["signs"]
    assert [signs[name].style(PAGE) for name in frontier] == list(frontier.values())


def test_a_dash_in_a_legend_is_that_of_the_curve() -> None:
    sign = curves.Sign(place=3, hue=2, pattern=1)
    dashes = sign.style(PAGE).dash[1]
    assert [float(length) for length in sign.dashes.split()] == pytest.approx([2 * length for length in dashes])
    assert curves.Sign(0, 0, 0).dashes == ""
