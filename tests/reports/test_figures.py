from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from reports.figures import svg
from reports.figures.losses import LossFigure
from reports.figures.roc import RocFigure
from reports.figures.scores import ScoreFigure
from reports.load import Run, load


@pytest.fixture(scope="module")
def run(run_folder: Path) -> Run:
    return load(run_folder)


@pytest.mark.parametrize("log", [False, True])
def test_roc_has_a_curve_and_a_band_per_detector(run: Run, log: bool) -> None:
    figure = RocFigure(run, "tuned")
    drawing = figure.svg(name="r", log=log)
    ElementTree.fromstring(drawing)
    expected = {k for k, detector in enumerate(run.detectors) if detector.id != "spectrum"}
    for kind in ("curve", "band"):
        assert {int(k) for k in re.findall(rf'class="s-(\d+) {kind}"', drawing)} == expected
    assert set(figure.frame()["detector"]) == set(figure.detectors)


def test_drawings_are_deterministic_small_and_take_colours_from_the_page(run: Run) -> None:
    drawing = RocFigure(run, "baseline").svg(name="r")
    assert drawing == RocFigure(run, "baseline").svg(name="r")
    assert len(drawing) < 120_000
    assert "var(--s0)" in drawing
    assert "#0102" not in drawing
    assert "http" not in drawing
    assert "<style" not in drawing


def test_ids_of_two_drawings_differ_and_their_references_resolve(run: Run) -> None:
    figure = RocFigure(run, "baseline")
    first, second = figure.svg(name="a"), figure.svg(name="b")
    ids = [set(re.findall(r' id="([^"]+)"', drawing)) for drawing in (first, second)]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", first)) == ids[0]


def test_titles_are_escaped(run: Run) -> None:
    with svg.panel(1, 1) as (figure, _):
        drawing = svg.export(figure, name="x", title='<b> & "q"')
    assert ElementTree.fromstring(drawing).attrib["aria-label"] == '<b> & "q"'


def test_rounding_leaves_labels_alone(run: Run) -> None:
    with svg.panel(2, 2) as (figure, axes):
        axes.set_yticks([0.25], ["0.25"])
        assert ">0.25<" in svg.export(figure, name="x", title="")


def test_all_detectors_can_be_told_apart() -> None:
    styles = {svg.series(k) for k in range(28)} | {svg.series(k, sentinel=True) for k in range(4)}
    assert len(styles) == 32


def test_losses(run: Run) -> None:
    figure = LossFigure(run, "tuned")
    assert figure.has("loss")
    assert figure.has("output")
    assert len(figure.frame()) == 1200
    drawing = figure.svg("loss", name="l")
    ElementTree.fromstring(drawing)
    assert len(drawing) < 60_000
    assert ">epoch<" in drawing
    assert not LossFigure(run, "noise").has("loss")


def test_losses_survive_gaps_and_spikes(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    rows = pd.read_csv(folder / "training.csv")
    rows.loc[::7, "g_loss"] = np.nan
    rows.loc[10, "d_loss"] = 1e9
    rows.loc[11, "d_loss"] = np.inf
    rows["d_real"] = np.nan
    rows["d_fake"] = np.nan
    rows.to_csv(folder / "training.csv", index=False)
    figure = LossFigure(load(sealed(folder)), "tuned")
    assert not figure.has("output")
    assert figure.limits("loss")[1] < 100
    ElementTree.fromstring(figure.svg("loss", name="l"))


def test_histograms_share_bins_among_configurations_and_count_every_score(run: Run) -> None:
    densities = ScoreFigure(run).densities
    assert len(densities) == 35
    assert np.array_equal(densities["cnn", "baseline"][0], densities["cnn", "tuned"][0])
    assert not np.array_equal(densities["cnn", "baseline"][0], densities["cnn", "noise"][0])
    for _, real, fake in densities.values():
        assert real.sum() == pytest.approx(1)
        assert fake.sum() == pytest.approx(1)


def test_histogram_is_markup_or_nothing(run: Run) -> None:
    figure = ScoreFigure(run)
    drawing = figure.svg("cnn", "baseline", title='<i>"')
    assert ElementTree.fromstring(drawing).attrib["aria-label"] == '<i>"'
    assert figure.svg("spectrum", "tuned", title="") == ""
    assert len(figure.frame()) == 35 * 40
