"""Made-up run folders for the tests of reports; `made/` makes them, and each question's answer in a file of its own."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import made_along_training
import made_learning_curve
import made_transfer
import pytest
from made_run import write_run

from reports.figures.losses import LossFigure
from reports.figures.quality import QualityFigure
from reports.figures.reliability import ReliabilityFigure
from reports.figures.roc import RocFigure
from reports.figures.scores import ScoreFigure
from reports.figures.seeds import SeedFigure

FIGURES = (LossFigure, QualityFigure, ReliabilityFigure, RocFigure, ScoreFigure, SeedFigure)
AFRESH = ("test_figures", "test_equal_")  # tests of the drawings themselves, and that the same are drawn again
_drawn: dict[tuple, str] = {}


@pytest.fixture(autouse=True)
def drawn_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws each figure once for all tests that only need a page: drawing takes most of a page's seconds."""
    if any(name in request.node.nodeid for name in AFRESH):
        return
    for kind in FIGURES:
        monkeypatch.setattr(kind, "svg", _once(kind.svg))


def _once(draw: Callable[..., str]) -> Callable[..., str]:
    def svg(self: Any, *arguments: Any, **keywords: Any) -> str:
        state = pickle.dumps({name: value for name, value in vars(self).items() if name != "_frame"})
        key = (draw.__qualname__, repr((arguments, keywords)), state)
        if key not in _drawn:
            _drawn[key] = draw(self, *arguments, **keywords)
        return _drawn[key]

    return svg


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """`write_run` into a fresh folder; a name allows several in one test."""

    def make(name: str = "run", **options: Any) -> Path:
        return write_run(tmp_path / name, **options)

    return make


@pytest.fixture
def with_transfer(run_folder: Path, sealed: Callable[[Path], Path], tmp_path: Path) -> Callable[..., Path]:
    """Writes a simulated run that has asked the question `transfer`, see `made_transfer.write` for the arguments."""

    def write(**keywords: Any) -> Path:
        folder = shutil.copytree(run_folder, tmp_path / "asked")
        made_transfer.write(folder, **keywords)
        cells = folder / "cells.csv"
        cells.write_text(cells.read_text().replace("real-copy", "older"))  # a third one, which only this question knows
        return sealed(folder)

    return write


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One simulated run for tests that only read."""
    return write_run(tmp_path_factory.mktemp("runs") / "digits")


@pytest.fixture(scope="session")
def hostile() -> dict[str, str]:
    """Names that a user may give: markup, quotes, paths, formulas, right to left, emoji, 300 letters, control signs."""
    return {
        "tuned": '"><script>/../$x_1$\x07',
        "baseline": "שלום 🐶 " + "long" * 75,
        "cnn": "<b>&amp;'\"",
        "linear-pixel": "A",
        "linear-dct": "a",
    }


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory, hostile: dict[str, str]) -> Path:
    """A simulated run with such names and two trainings of each generator."""
    return write_run(tmp_path_factory.mktemp("hostile") / "run", n=40, seeds=(0, 1), rename=hostile)


@pytest.fixture
def with_learning_curve(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> Path:
    """A simulated run that asked `learning_curve`."""
    folder = make_run()
    made_learning_curve.write(folder)
    return sealed(folder)


@pytest.fixture
def with_along_training(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> Path:
    """A simulated run that asked `along_training`."""
    folder = make_run()
    made_along_training.write(folder)
    return sealed(folder)


@pytest.fixture
def hostile_answers(make_run: Callable[..., Path], sealed: Callable[[Path], Path], hostile: dict[str, str]) -> Path:
    """A simulated run with hostile names that asked questions."""
    folder = make_run("hostile", rename=hostile)
    made_learning_curve.write(folder, hostile)
    made_along_training.write(folder, hostile)
    return sealed(folder)
