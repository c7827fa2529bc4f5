"""The section on quality: the right checkpoints, floors beside the values, curves, pictures, and old runs without."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from reports import page
from reports.figures.quality import QualityFigure
from reports.load import QUALITY, Run, load
from reports.sections import pictures, quality


@pytest.fixture(scope="module")
def run(run_folder: Path) -> Run:
    return load(run_folder)


def edited(folder: Path, sealed: Callable[[Path], Path], **columns: object) -> Run:
    """The run with other values in the columns of quality."""
    path = folder / "generators.csv"
    pd.read_csv(path).assign(**columns).to_csv(path, index=False)
    return load(sealed(folder))


def test_rows_are_the_last_checkpoints_and_name_the_best(run: Run) -> None:
    rows = {row["generator"]: row for row in quality.section(run)["rows"]}
    assert list(rows) == ["baseline", "tuned", "noise"]
    assert rows["baseline"]["checkpoint"] == "epoch-0040"
    assert rows["baseline"]["best"].startswith("epoch-0020, 5.333")
    assert rows["baseline"]["best_interval"] == "[4.800, 5.867]"
    assert rows["noise"]["best"] == "the last"
    assert rows["noise"]["control"]
    assert rows["baseline"]["cells"][0] == ("8.000", "[7.200, 8.800]")


def test_checkpoints_are_ordered_by_number_and_not_by_letter(run: Run) -> None:
    rows = pd.DataFrame({"checkpoint": ["epoch-9", "epoch-10", "epoch-1"], "fd": [3.0, np.nan, 4.0]})
    last, best = quality.last_and_best(rows)
    assert (last["checkpoint"], best["checkpoint"]) == ("epoch-10", "epoch-9")


def test_floors_and_the_extractor_stand_beside_the_values(run: Run) -> None:
    found = quality.section(run)
    assert found["floors"] == [("449", ["0.700", "-0.030", "0.960", "0.960", "0.950", "0.970", "0.500"])]
    assert found["extractor"] == {"name": "classes-cnn64-v1", "digest": "bcba0defbb1d", "accuracy": "96.7 %"}


def test_each_number_of_images_has_its_floor(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run()
    n = np.where(pd.read_csv(folder / "generators.csv")["generator"] == "tuned", 100, 449)
    assert [count for count, _ in quality.section(edited(folder, sealed, n_quality=n))["floors"]] == ["449", "100"]


def test_every_measure_has_a_title() -> None:
    assert tuple(quality.TITLES) == QUALITY


@pytest.mark.parametrize("metric", ["fd", "kd", "coverage"])
def test_curves_of_the_configurations_and_no_control(run: Run, metric: str) -> None:
    figure = QualityFigure(run, metric)
    drawing = figure.svg(name="q")
    ElementTree.fromstring(drawing)
    assert figure.generators == ["baseline", "tuned"]
    assert set(figure.frame()["checkpoint"]) == {"epoch-0005", "epoch-0010", "epoch-0020", "epoch-0040"}
    for kind in ("curve", "band"):
        assert set(re.findall(rf'class="s-(\d+) {kind}"', drawing)) == {"0", "1"}
    assert ">epoch</text>" in drawing
    assert drawing == QualityFigure(run, metric).svg(name="q")


def test_no_curves_without_a_second_checkpoint(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run()
    path = folder / "generators.csv"
    pd.read_csv(path).groupby("generator", sort=False).tail(1).to_csv(path, index=False)
    assert QualityFigure(load(sealed(folder)), "fd").svg(name="q") == ""
    assert quality.section(load(folder))["curves"] == []


def test_checkpoints_without_numbers_have_places(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run()
    names = pd.read_csv(folder / "generators.csv")["checkpoint"].replace({"epoch-0005": "early"})
    assert ">checkpoint</text>" in QualityFigure(edited(folder, sealed, checkpoint=names), "fd").svg(name="q")


def test_pictures_have_three_rows(run: Run) -> None:
    found = pictures.nearest(run)
    assert [(name, checkpoint) for name, checkpoint, _ in found] == [(g, "epoch-0040") for g in ("baseline", "tuned")]
    assert (found[0][2].width, found[0][2].height) == (8 * 9 - 1, 3 * 9 - 1)


def test_large_pictures_keep_their_three_rows(make_run: Callable[..., Path]) -> None:
    picture = pictures.nearest(load(make_run(side=128)))[0][2]
    assert picture.height == 3 * (64 + 4) - 4


def test_page(make_run: Callable[..., Path]) -> None:
    text = page.render(load(make_run(rename={"tuned": "<b>tuned</b>"})))
    assert 'id="quality"' in text
    assert "classes-cnn64-v1" in text
    assert "<b>tuned</b>" not in text
    assert "Inception&#39;s" in text or "Inception's" in text


def test_too_few_images_are_said(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run()
    empty = {name: np.nan for name in pd.read_csv(folder / "generators.csv") if name.startswith(QUALITY)}
    run = edited(folder, sealed, **empty, extractor="", quality_note="8 images on a side are too few")
    assert all("too few" in row["note"] for row in quality.section(run)["rows"])
    assert "8 images on a side are too few" in page.render(run)


def test_a_note_beside_figures_hides_none(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    run = edited(make_run(), sealed, quality_note="no control score: for a <reason>")
    section = quality.section(run)
    assert section is not None
    row = next(row for row in section["rows"] if row["generator"] == "tuned")
    assert row["note"] == ""
    html = page.render(run)
    assert "tuned: no control score: for a &lt;reason&gt;." in html
    assert row["cells"][0][0] in html


def test_a_run_folder_from_before_has_no_such_section(make_run: Callable[..., Path]) -> None:
    run = load(make_run(quality=False))
    assert quality.section(run) is None
    text = page.render(run)
    assert 'id="quality"' not in text
    assert 'href="#quality"' not in text
