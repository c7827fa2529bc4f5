"""Every figure of a run: a frame, and a drawing on given axes or on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import fauxbench
from data.errors import UserError
from fauxbench.displays.display import Display, drawable

DISPLAYS: dict[str, Callable[[fauxbench.Run], Display]] = {
    "along the training": lambda run: run.along_training("tuned"),
    "frontier": lambda run: run.frontier("cnn"),
    "heat map": lambda run: run.heatmap("accuracy"),
    "roc": lambda run: run.roc("tuned"),
    "roc, logarithmic": lambda run: run.roc("tuned", log=True),
    "histograms": lambda run: run.histograms("cnn", "tuned"),
    "reliability": lambda run: run.reliability("linear-dct", "tuned"),
    "learning curve": lambda run: run.learning_curve("tuned"),
    "losses": lambda run: run.losses("tuned"),
    "outputs": lambda run: run.losses("tuned", panel="output"),
    "quality": lambda run: run.quality("fd"),
    "quality of runs": lambda run: run.quality_runs("fd"),
    "robustness": lambda run: run.robustness("tuned", kind="jpeg", train="same"),
    "seeds": lambda run: run.seeds("tuned"),
    "spectra": lambda run: run.spectra("tuned"),
    "difference": lambda run: run.spectra("tuned", difference=True),
    "transfer": lambda run: run.transfer("linear-dct"),
    "pictures": lambda run: run.pictures("tuned"),
    "profile": lambda run: run.profile(),
    "sets": lambda run: run.sets("tuned"),
    "sources": lambda run: run.sources(),
}


@pytest.fixture(scope="module")
def whole(simulated: Path) -> fauxbench.Run:
    return fauxbench.load(simulated)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    mpl.use("agg")
    from matplotlib import pyplot

    pyplot.close("all")  # what another module's tests have drawn in this process
    yield
    pyplot.close("all")


@pytest.mark.parametrize("name", DISPLAYS)
def test_every_figure_has_a_frame_and_a_plot(whole: fauxbench.Run, name: str) -> None:
    from matplotlib import pyplot

    display = DISPLAYS[name](whole)
    assert len(display.frame())
    assert display._repr_png_().startswith(b"\x89PNG")
    assert not pyplot.get_fignums()  # a notebook would show it twice
    _, (first, second) = pyplot.subplots(1, 2)
    assert display.plot(second) is second
    assert second.has_data()
    assert not first.has_data()
    own = display.plot()
    assert own is not second
    assert not any(text.get_parse_math() for text in own.get_xticklabels() + own.get_yticklabels())


def test_the_drawing_is_of_the_frame(whole: fauxbench.Run) -> None:
    roc = whole.roc("tuned")
    axes, frame = roc.plot(), roc.frame()
    drawn = [line.get_xydata() for line in axes.lines]
    for _, rows in frame.groupby("detector"):
        points = rows[["fpr", "tpr"]].to_numpy()
        assert any(np.array_equal(points, line) for line in drawn)
    named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert set(named) == set(frame["detector"])
    assert "spectrum" not in named  # failed on it
    heat = whole.heatmap()
    written = [text.get_text() for text in heat.plot().texts]
    assert len(written) == len(heat.frame()) == 36
    assert written.count("failed") == 1
    histograms = whole.histograms("cnn", "tuned")
    for area, side in zip(histograms.plot().collections, ("real", "fake"), strict=True):
        assert area.get_paths()[0].vertices[:, 1].max() == histograms.frame()[side].max()
    np.testing.assert_allclose(histograms.frame()[["real", "fake"]].sum(), 1)
    seeds = whole.seeds("tuned").frame()
    assert set(seeds.loc[seeds["scope"] == "cell", "generator_seed"]) == {0, 1, 2}


def test_a_drawing_is_that_of_the_page(whole: fauxbench.Run) -> None:
    """Same strokes, and the colours of a light page: there is one drawing of each thing."""
    from reports.figures.look import PAGE, variables
    from reports.figures.roc import RocFigure
    from reports.figures.seeds import SeedFigure
    from reports.figures.spectra import SpectrumFigure

    of = whole._read
    pairs: list[tuple[Display, Callable]] = [
        (whole.roc("tuned", log=True), lambda axes: RocFigure(of, "tuned").draw(axes, PAGE, log=True)),
        (whole.seeds("tuned"), lambda axes: SeedFigure(of).draw(axes, "tuned", PAGE)),
        (whole.spectra("tuned"), lambda axes: SpectrumFigure(of).draw_profile(axes, "tuned", PAGE)),
    ]
    for display, draw in pairs:
        from matplotlib.figure import Figure

        page = Figure().add_subplot()
        draw(page)
        mine = display.plot()
        for ours, theirs in zip(mine.lines, page.lines, strict=True):
            np.testing.assert_array_equal(ours.get_xydata(), theirs.get_xydata())
            assert ours.get_color() in variables()[theirs.get_color()]


def test_the_first_that_can_be_drawn_is_no_control_and_no_sentinel(whole: fauxbench.Run) -> None:
    assert whole.roc().generator == "baseline"
    assert whole.pictures().generator == "baseline"
    assert whole.histograms().detector == "cnn"


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda run: run.roc("tune"), "Unknown generator 'tune' with a ROC curve. Did you mean 'tuned'"),
        (
            lambda run: run.histograms("cmn", "tuned"),
            "Unknown detector 'cmn' with scores on 'tuned'. Did you mean 'cnn'",
        ),
        (lambda run: run.histograms("spectrum", "tuned"), "Unknown detector 'spectrum' with scores"),  # it failed
        (lambda run: run.losses(panel="losses"), "Unknown panel 'losses'. Did you mean 'loss'"),
        (lambda run: run.transfer("cnn"), "Unknown detector 'cnn' with cells of the question 'transfer'"),
        (lambda run: run.pictures("tuned", n=0), "n must be at least 1. Received: 0"),
        (lambda run: run.quality("fdd"), "Unknown measure of quality 'fdd'. Did you mean 'fd'"),
        (
            lambda run: run.robustness("tuned", kind="jpg"),
            "Unknown kind 'jpg' with an AUC on 'tuned'. Did you mean 'jpeg'",
        ),
        (lambda run: run.robustness("tuned", train="both"), "Unknown training 'both'"),
        (lambda run: run.quality_runs("kd"), "nothing to draw: no generator has kd of more than one training"),
    ],
)
def test_what_cannot_be_drawn_is_said(whole: fauxbench.Run, draw: Callable, said: str) -> None:
    with pytest.raises(UserError, match=said.replace("(", r"\(")):
        draw(whole)


def test_a_run_without_a_training_says_so(run: fauxbench.Run) -> None:
    for draw in (
        run.along_training,
        run.frontier,
        run.learning_curve,
        run.losses,
        run.quality,
        run.robustness,
        run.seeds,
    ):
        with pytest.raises(UserError, match="This run has nothing to draw"):
            draw()
    with pytest.raises(UserError, match="did not ask what transfers"):
        run.transfer()


def test_pictures_are_those_of_the_files(run: fauxbench.Run) -> None:
    display = run.pictures("gaussian", n=4)
    shown = display.plot().images[0].get_array()
    from PIL import Image

    real = np.asarray(Image.open(run.folder / "images" / "real.png").convert("RGB"))[:8, :8] / 255
    np.testing.assert_allclose(shown[:8, :8], real)
    assert shown.shape == (2 * 8 + 1, 4 * 8 + 3, 3)


def test_names_can_be_drawn() -> None:
    assert drawable("_hidden").startswith(" ")
    assert len(drawable("x" * 300)) == 40
    assert "🦊" not in drawable("🦊")
    assert drawable("a\u202eb") == "a\\u202eb"
