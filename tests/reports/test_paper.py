"""`figures/` and `report.pdf`: what is drawn beside the page, and that a run folder is whole with it and without."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from data.errors import UserError
from data.run_folder import checked, figure_files, forget_drawn, seal
from reports import paper, pdf
from reports.figures import charts, look, sheet, svg
from reports.figures.roc import FEW, RocFigure
from reports.load import load

LONG = "long" * 75
NS = {"s": "http://www.w3.org/2000/svg"}


@pytest.fixture(scope="module")
def drawn(hostile_folder: Path) -> Path:
    """A run folder with hostile names and several trainings, and its figures."""
    before = sorted(path.name for path in hostile_folder.iterdir())
    assert paper.write(hostile_folder) == hostile_folder / "figures"
    assert sorted(path.name for path in hostile_folder.iterdir()) == sorted([*before, "figures"])
    return hostile_folder


def _index(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "figures/index.csv", keep_default_na=False)


@pytest.mark.slow
def test_every_chart_of_the_page_is_there_as_svg_png_and_csv(drawn: Path) -> None:
    index, run = _index(drawn), load(drawn)
    files = {path.name for path in (drawn / "figures").iterdir()}
    assert files == {f"{name}{end}" for name in index["name"] for end in (".svg", ".png", ".csv")} | {"index.csv"}
    kinds = {"auc", "roc", "log-roc", "loss", "output", "spectrum", "difference", "scores", "reliability"}
    for generator in (g.id for g in run.generators if not g.role):
        mine = index.loc[index["generator"] == generator, "name"]
        assert {kind for kind in kinds if (mine.str.startswith(f"{kind}-")).any()} == kinds
    assert {"auc", "quality-fd", "quality-coverage"} <= set(index["name"])
    for name in index["name"]:
        assert re.fullmatch(r"[a-z0-9._-]{1,60}", name)
        assert len(pd.read_csv(drawn / f"figures/{name}.csv")) > 0


def test_a_figure_is_complete_outside_the_page(drawn: Path) -> None:
    for row in _index(drawn).itertuples():
        text = (drawn / f"figures/{row.name}.svg").read_text(encoding="utf-8")
        root = ElementTree.fromstring(text)
        assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(72 * row.width_inches, abs=0.1)
        assert row.width_inches in (sheet.COLUMN, sheet.PAGE)
        assert "var(--" not in text
        assert all(colour not in text for colour in look.variables())
        assert re.findall(r"(?:href=\"|url\()(?!#|data:font/woff;base64,)", text) == []
        assert "font-face" in text
        texts = ["".join(each.itertext()) for each in root.iterfind(".//s:text", NS)]
        sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", text)]
        assert min(sizes) >= 6.5
        with Image.open(drawn / f"figures/{row.name}.png") as picture:
            assert picture.width == pytest.approx(sheet.DPI * row.width_inches, abs=2)
            assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
            assert picture.convert("L").getextrema()[0] < 100
        if row.name.startswith(("spectrum", "loss", "roc", "auc-", "reliability")):
            assert len([label for label in texts if re.search("[a-z]{3}", label)]) >= 3  # a title and two axes


def test_the_font_that_a_figure_brings_has_its_letters(drawn: Path) -> None:
    from fontTools.ttLib import TTFont

    text = (drawn / "figures/auc.svg").read_text(encoding="utf-8")
    (data,) = re.findall(r"base64,([^)]*)\)", text)
    known = TTFont(io.BytesIO(base64.b64decode(data))).getBestCmap()
    assert set("ROC curves 0123456789.,%") <= {chr(code) for code in known}
    assert ord("ש") in known
    assert len(data) < 60_000


def test_names_are_text_in_figures_whatever_they_hold(drawn: Path, hostile: dict[str, str]) -> None:
    index = _index(drawn)
    roots = [ElementTree.parse(drawn / f"figures/{name}.svg").getroot() for name in index["name"]]
    assert not any(root.findall(".//s:script", NS) for root in roots)
    texts = {"".join(each.itertext()) for root in roots for each in root.iterfind(".//s:text", NS)}
    assert any(hostile["cnn"] in text for text in texts)
    assert any("שלום 🐶" in text for text in texts)
    assert any("$x_1$\\x07" in text for text in texts)
    assert max(map(len, texts)) < 100
    assert hostile["baseline"] in {*index["generator"]}  # whole in the index and in the tables
    assert any(LONG in root.attrib["aria-label"] for root in roots)


def test_no_two_names_share_a_file() -> None:
    names = ["A", "a", "a/b", "a-b", "..", "", "CON", "ä", "…", LONG, LONG + "2", "שלום", "🐶", "x\0y", "\udcff"]
    stems = [charts.stem("roc", name) for name in names]
    assert len({stem.lower() for stem in stems}) == len(names)
    assert all(re.fullmatch(r"roc(-[a-z0-9][a-z0-9._-]*)?", stem) and len(stem) < 60 for stem in stems)
    assert charts.stem("roc", "tuned-0.0003") == "roc-tuned-0.0003"


def test_runs_stand_behind_every_mean(drawn: Path) -> None:
    index = _index(drawn)
    mine = index[index["name"].str.startswith("auc-") & (index["generator"] != "noise")]
    frame = pd.read_csv(drawn / f"figures/{mine['name'].iloc[0]}.csv", keep_default_na=False)
    assert set(frame["of"]) == {"training", "mean"}
    counts = frame.groupby(["detector", "of"]).size().unstack()
    assert (counts["training"] == 2).any()
    assert (counts["mean"] == 1).all()


def test_the_same_run_gives_the_same_files_and_what_a_user_keeps_there_stays(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "charts", lambda run: islice(charts.charts(run), 3))
    folder = tmp_path / "run"
    shutil.copytree(drawn, folder, ignore=shutil.ignore_patterns("figures"))
    place = paper.figures(folder)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    assert len(before) == 3 * 3 + 1
    times = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    paper.figures(folder)  # they are there already
    assert {path: path.stat().st_mtime_ns for path in place.iterdir()} == times
    for path in times:  # of results before those that are there now
        os.utime(path, ns=(0, 0))
    paper.figures(folder)
    assert all(path.stat().st_mtime_ns for path in times)
    (place / "mine.txt").write_text("kept")
    (place / "roc-gone.svg").write_text("of before")
    pd.concat([_index(folder), pd.DataFrame([{"name": "roc-gone"}])]).to_csv(place / "index.csv", index=False)
    paper.figures(folder)  # one of them has no PNG
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before | {"mine.txt": b"kept"}


def test_a_run_folder_is_whole_with_figures_and_without(drawn: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(drawn, folder)
    (folder / "report.pdf").write_bytes(b"%PDF")
    facts = checked(folder)
    assert not [name for name in facts["files"] if name.startswith("figures")]
    next((folder / "figures").glob("roc-*.svg")).write_text("drawn anew, or edited")
    checked(folder)
    seal(folder, {name: value for name, value in facts.items() if name not in ("format", "files")})
    assert checked(folder)["files"] == facts["files"]
    (folder / "figures/mine.txt").write_text("kept")
    forget_drawn(folder)
    assert [path.name for path in (folder / "figures").iterdir()] == ["mine.txt"]
    assert not (folder / "report.pdf").exists()
    checked(folder)


def test_nothing_is_written_or_removed_where_a_link_leads(drawn: Path, tmp_path: Path) -> None:
    folder, other = tmp_path / "run", tmp_path / "other"
    shutil.copytree(drawn, folder, ignore=shutil.ignore_patterns("figures"))
    shutil.copytree(drawn / "figures", other)
    (folder / "figures").symlink_to(other)
    before = {path.name: path.stat().st_mtime_ns for path in other.iterdir()}
    with pytest.raises(UserError, match="no folder"):
        paper.write(folder)
    forget_drawn(folder)
    assert {path.name: path.stat().st_mtime_ns for path in other.iterdir()} == before
    (other / "index.csv").write_text("name\n../manifest\n.\n/etc/x\n")
    assert figure_files(other) <= {"index.csv", "..svg", "..png", "..csv"}


def test_the_colours_of_figures_are_told_apart_without_seeing_all() -> None:
    """Machado et al. 2009, severity 1; two colours that come near each other must differ in their dash."""
    weak = {
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    }
    colours = [[int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)] for colour in look.paper().series]
    linear = ((np.array(colours) + 0.055) / 1.055) ** 2.4
    styles = [svg.series(k) for k in range(7)]
    for matrix in weak.values():
        seen = _lab(np.clip(linear @ np.array(matrix).T, 0, 1))
        for i in range(7):
            for j in range(i):
                assert np.linalg.norm(seen[i] - seen[j]) > 9 or styles[i][1] != styles[j][1], (i, j)


def _lab(linear: np.ndarray) -> np.ndarray:
    xyz = linear @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    f = np.cbrt(xyz / np.array([0.9505, 1.0, 1.089]))
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def test_of_many_curves_the_best_few_are_in_colour(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=40)
    for name in ("cells.csv", "metrics.csv", "roc.csv"):
        table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        copies = [
            table[table["cell"] != ""]
            .assign(cell=table["cell"] + tail)
            .pipe(lambda rows, tail=tail: rows.assign(detector=rows["detector"] + tail) if "detector" in rows else rows)
            for tail in ("-x", "-y")
        ]
        pd.concat([table, *copies]).to_csv(folder / name, index=False)
    run = load(sealed(folder))
    figure = RocFigure(run, "tuned")
    judged = [name for name in figure.ranked if not name.startswith("sentinel")]
    assert len(judged) > 7
    assert figure.rest == {*judged[FEW:]} | {name for name in figure.detectors if name.startswith("sentinel")}
    drawing = figure.svg(name="r")
    curves = dict(re.findall(r'<g class="s-(\d+) curve( rest)?"', drawing))
    titles = dict(re.findall(r'<g class="s-(\d+) curve[^"]*"><title>([^<]*)</title>', drawing))
    assert {titles[k] for k in curves} == set(figure.detectors)
    assert {titles[k] for k, grey in curves.items() if grey} == figure.rest
    assert {titles[k] for k in re.findall(r'class="s-(\d+) band"', drawing)} == set(judged[:FEW])
    drawn = {chart.name: chart for chart in charts._rocs(run)}["roc-tuned"]
    with sheet.themed():
        (legend,) = sheet.drawn(drawn).legends
    assert len(legend.get_texts()) == len({text.get_text() for text in legend.get_texts()}) == FEW + 1
    in_order = sorted((name for name, (_, role) in run.ranks.items() if not role), key=lambda name: run.ranks[name])
    means = [run._mean_auc.get(name, -1.0) for name in in_order]
    assert means == sorted(means, reverse=True)  # the best have the distinct colours


def test_without_chromium_one_line_says_what_to_install(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="Install it") as error:
        pdf.write(drawn)
    assert "\n" not in str(error.value)


def test_a_chromium_that_prints_nothing_leaves_the_pdf_as_it_was(drawn: Path, tmp_path: Path, monkeypatch) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho 'no display' >&2\nexit 7\n")
    program.chmod(0o755)
    monkeypatch.setattr(pdf.shutil, "which", lambda name: str(program))
    (drawn / "report.pdf").write_bytes(b"of before")
    before = sorted(path.name for path in drawn.iterdir())
    with pytest.raises(UserError, match=r"exit code 7.*no display"):
        pdf.write(drawn)
    assert sorted(path.name for path in drawn.iterdir()) == before
    assert (drawn / "report.pdf").read_bytes() == b"of before"
    (drawn / "report.pdf").unlink()


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, pdf.NAMES)), reason="no chromium on this machine")
def test_the_page_is_printed(drawn: Path) -> None:
    (drawn / "report.html").write_text("<!doctype html><title>x</title><p>page")
    assert pdf.write(drawn).read_bytes().startswith(b"%PDF")
    assert not list(drawn.glob(".fauxbench-*"))
