from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from reports.figures import curves, look, reliability, scores, svg
from reports.figures.curves import Style
from reports.figures.losses import LossFigure
from reports.figures.quality import QualityFigure
from reports.figures.reliability import ReliabilityFigure
from reports.figures.roc import RocFigure
from reports.figures.scores import ScoreFigure
from reports.figures.seeds import SeedFigure
from reports.figures.spectra import SpectrumFigure
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


DRAWINGS: dict[str, tuple[Callable[[Run], str], int]] = {  # how to draw it, and its most bytes
    "roc": (lambda run: RocFigure(run, "baseline").svg(name="r"), 50_000),
    "roc, logarithmic": (lambda run: RocFigure(run, "baseline").svg(name="r", log=True), 50_000),
    "losses": (lambda run: LossFigure(run, "tuned").svg("loss", name="r"), 25_000),
    "outputs": (lambda run: LossFigure(run, "tuned").svg("output", name="r"), 25_000),
    "quality": (lambda run: QualityFigure(run, "fd").svg(name="r"), 10_000),
    "spectrum": (lambda run: SpectrumFigure(run).profile("tuned", name="r"), 8_000),
    "difference": (lambda run: SpectrumFigure(run).difference("tuned", name="r"), 8_000),
    "scores": (lambda run: ScoreFigure(run).svg("cnn", "tuned", name="r", title=""), 2_500),
    "reliability": (lambda run: ReliabilityFigure(run).svg("linear-dct", "tuned", name="r", title=""), 6_000),
}


@pytest.mark.parametrize("figure", DRAWINGS)
def test_drawings_are_deterministic_small_and_whole(run: Run, figure: str) -> None:
    draw, most = DRAWINGS[figure]
    drawing = draw(run)
    ElementTree.fromstring(drawing)
    assert drawing == draw(run)
    assert len(drawing) < most
    assert "http" not in drawing
    assert "<style" not in drawing


@pytest.mark.parametrize("figure", DRAWINGS)
def test_colours_are_the_page_s_and_stay_outside_it(run: Run, figure: str) -> None:
    drawing = DRAWINGS[figure][0](run)
    light = dict(re.findall(r"(--\w+): (#\w+)", look.STYLE.read_text().partition("}")[0]))
    used = dict(re.findall(r"var\((--\w+), (#[0-9a-f]{6})\)", drawing))
    assert {"--ink", "--line"} < used.keys()  # and at least one for what is shown
    assert used.items() <= light.items()
    assert len(re.findall(r"#[0-9a-fA-F]{6}\b|rgb", drawing)) == drawing.count("var(--")
    assert set(re.findall(r"(?:fill|stroke): (\w+)", drawing)) <= {"none", "var"}


def test_the_user_s_own_style_changes_no_drawing(run: Run) -> None:
    draw, _ = DRAWINGS["quality"]
    expected = draw(run)
    with mpl.rc_context({"axes.facecolor": "red", "axes.titlesize": 40, "font.size": 30, "lines.linewidth": 9}):
        assert draw(run) == expected


def test_the_theme_is_seaborn_s() -> None:
    seaborn = pytest.importorskip("seaborn")
    theirs = seaborn.axes_style("whitegrid") | seaborn.plotting_context("paper")
    with svg.themed():
        for name in theirs.keys() - svg._OURS.keys() - {"image.cmap", "font.family"}:
            assert mpl.rcParams[name] == mpl.rcParams.validate[name](theirs[name]) or np.isclose(
                mpl.rcParams[name], theirs[name]
            ), name
    assert mpl.rcParams["svg.hashsalt"] != svg.SALT


def test_lines_show_the_points_given_and_nothing_else() -> None:
    frame = pd.DataFrame({"x": [2.0, 1.0, 1.0, 1.0, 3.0], "y": [0.0, 5.0, 1.0, np.nan, 2.0], "curve": "b"})
    other = pd.DataFrame({"x": [0.0, 1.0], "y": [1.0, 2.0], "curve": "a"})
    looks = zip("cba", svg.SERIES[:3], svg.DASHES[:3], strict=True)
    styles = {name: Style(colour, dash, f"s-{name}") for name, colour, dash in looks}
    with svg.panel(2, 2) as (_, axes):
        curves.lines(axes, pd.concat([frame, other]), styles, lw=2)
        assert [line.get_xydata().tolist() for line in axes.lines] == [
            [[2.0, 0.0], [1.0, 5.0], [1.0, 1.0], [3.0, 2.0]],
            [[0.0, 1.0], [1.0, 2.0]],
        ]
        assert [line.get_gid() for line in axes.lines] == ["s-b curve", "s-a curve"]
        assert [line.get_color() for line in axes.lines] == list(svg.SERIES[1:3])
        assert [line.is_dashed() for line in axes.lines] == [True, True]
        assert not axes.collections  # no band of seaborn's own
        assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_legend()) == ("", "", None)


def test_bands_are_those_given_with_their_gaps() -> None:
    x = np.arange(5.0)
    frame = pd.DataFrame({"x": x, "low": [0, 0, np.nan, 0, 0], "high": [1, 2, 3, 4, 5.0], "curve": "a"})
    with svg.panel(2, 2) as (_, axes):
        curves.bands(axes, frame, {"b": Style(svg.FAKE), "a": Style(svg.REAL, series="s-1")}, alpha=0.5)
        (band,) = axes.collections
        assert band.get_gid() == "s-1 band"
        assert [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in band.get_paths()] == [(0, 1), (3, 4)]
        assert {y for path in band.get_paths() for y in path.vertices[:, 1]} == {0, 1, 2, 4, 5}


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("M0 0L1 0L2 0L2 0L2 5L3 5z", "M0 0H2V5H3z"),
        ("M0 0L5 0L3 0L4 0", "M0 0H5H3H4"),  # there and back again stays
        ("M0 0L-1.5 1L-1.5 -2", "M0 0L-1.5 1V-2"),
        ("M1 1C1 2 3 4 5 6L5 7M5 9L6 9", "M1 1C1 2 3 4 5 6V7M5 9H6"),
    ],
)
def test_straight_lines_are_written_short(path: str, short: str) -> None:
    assert svg._straight(path) == short


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
    drawing = figure.svg("cnn", "baseline", name="h", title='<i>"')
    assert ElementTree.fromstring(drawing).attrib["aria-label"] == '<i>"'
    assert figure.svg("spectrum", "tuned", name="h", title="") == ""
    assert len(figure.frame()) == 35 * 40


def test_a_panel_is_the_same_whatever_was_drawn_before(run: Run) -> None:
    figure = ScoreFigure(run)
    figure.svg("cnn", "noise", name="h", title="")
    assert figure.svg("cnn", "tuned", name="r", title="") == DRAWINGS["scores"][0](run)


def test_histograms_show_the_shares_of_the_bins(run: Run) -> None:
    _, real, fake = ScoreFigure(run).densities["cnn", "tuned"]
    with svg.panel(2, 2) as (_, axes):
        scores.draw(axes, real, fake)
        for area, shares, colour in zip(axes.collections, (real, fake), (svg.REAL, svg.FAKE), strict=True):
            (path,) = area.get_paths()
            for position in np.flatnonzero(shares):
                assert path.contains_point((position + 0.5, 0.99 * shares[position]))
                assert not path.contains_point((position + 0.5, 1.01 * shares[position]))
            assert mpl.colors.to_hex(area.get_facecolor()[0]) == colour


def test_a_small_panel_of_the_page_shows_what_matplotlib_would_draw(run: Run) -> None:
    _, real, fake = ScoreFigure(run).densities["cnn", "tuned"]
    drawing = ScoreFigure(run).svg("cnn", "tuned", name="h", title="")
    for shares, path in zip((real, fake), re.findall(r'd="(M[^"]+z)" style="fill: var\(--[rf]', drawing), strict=True):
        places = [float(y) for y in re.findall(r"V([\d.]+)", path)]
        heights = [float(path.split(" ")[1].partition("V")[0].partition("H")[0]) - y for y in places]
        changes = [b for a, b in pairwise([0.0, *shares]) if a != b]
        assert np.corrcoef(heights[: len(changes)], changes)[0, 1] > 0.999
    with svg.panel(160 / 72, 90 / 72) as (figure, axes):
        axes.set_position((0.005, 13 / 90, 0.99, 75 / 90))
        rows = ReliabilityFigure(run).frame().query("detector == 'linear-dct' and generator == 'tuned'")
        reliability.ground(axes, look.PAGE)
        reliability.draw(axes, rows)
        expected = svg.export(figure, name="m", title="")
    drawing = ReliabilityFigure(run).svg("linear-dct", "tuned", name="h", title="")
    assert " id=" not in drawing  # it would be that of every panel
    dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawing)
    markers = re.findall(r'<use[^>]* x="([\d.]+)" y="([\d.]+)"', expected)
    assert len(dots) == len(rows)
    np.testing.assert_allclose(np.array(dots, float), np.array(markers, float), atol=0.11)


def test_what_a_user_wrote_is_left_alone_in_a_drawing() -> None:
    for text in (
        ' id="s-1" #010203 url(#x)',
        "<style>x</style>",
        "font-family: x; ",
        "$x_1$",
        "0.12345 \\alpha",
        "שלום",
    ):
        with svg.panel(3, 2) as (figure, axes):
            axes.set_xlabel(text)
            drawing = svg.export(figure, name="x", title="")
        assert text in [label.text for label in ElementTree.fromstring(drawing).iter("text")]


def test_reliability_shows_each_bin_s_share_and_interval(run: Run) -> None:
    figure = ReliabilityFigure(run)
    rows = figure.frame().query("detector == 'linear-dct' and generator == 'tuned'")
    assert rows["bin"].is_monotonic_increasing
    assert rows["n"].sum() == 600
    with svg.panel(2, 2) as (_, axes):
        reliability.draw(axes, rows)
        (bars,), (dots,) = axes.collections, axes.lines
        shown = [segment.tolist() for segment in bars.get_segments()]
        assert shown == [[[x, low], [x, high]] for x, low, high in rows[["probability", "low", "high"]].to_numpy()]
        np.testing.assert_array_equal(dots.get_xydata(), rows[["probability", "share"]].to_numpy())
    again = figure.svg("linear-dct", "noise", name="r", title=""), figure.svg("linear-dct", "tuned", name="r", title="")
    assert again[1] == DRAWINGS["reliability"][0](run), "whatever was drawn before"
    assert figure.svg("nobody", "tuned", name="r", title="") == ""


@pytest.mark.parametrize("scores", [[1e-300, 2e-300], [1e300, -1e300], [1e9, 1e9 + 1e-6], [np.nan, 3.0]])
def test_histograms_of_any_scores(make_run: Callable[..., Path], sealed: Callable[[Path], Path], scores: list) -> None:
    folder = make_run(n=40)
    table = pd.read_parquet(folder / "scores.parquet")
    table.assign(score=np.resize(scores, len(table))).to_parquet(folder / "scores.parquet", index=False)
    drawing = ScoreFigure(load(sealed(folder))).svg("cnn", "tuned", name="h", title="")
    ElementTree.fromstring(drawing)
    assert "nan" not in drawing


@pytest.fixture
def runs(make_run: Callable[..., Path]) -> Run:
    return load(make_run("runs", n=40, seeds=(0, 1, 2), rename=HOSTILE))


HOSTILE = {"tuned": "$x^2$ <b>", "cnn": '"><img src=x>', "linear-pixel": "of more than twenty-two letters"}


def test_every_training_run_is_a_point_beside_the_interval_of_the_table(runs: Run) -> None:
    figure = SeedFigure(runs)
    assert figure.generators == ["baseline", HOSTILE["tuned"]]  # and no control
    counts = figure.frame().groupby(["generator", "scope"]).size()
    assert counts["baseline", "cell"] == 3 * counts["baseline", "configuration"] == 3 * 9
    drawing = figure.svg(HOSTILE["tuned"], name="r")
    labels = [text.text for text in ElementTree.fromstring(drawing).iter("text")]
    assert drawing == SeedFigure(runs).svg(HOSTILE["tuned"], name="r")
    assert len(drawing) < 12_000
    assert {HOSTILE["cnn"], "of more than twenty-t…", "AUC"} < set(labels)
    assert len(re.findall(r"#[0-9a-fA-F]{6}\b|rgb", drawing)) == drawing.count("var(--")
    rows = figure.frame().query("generator == @HOSTILE['tuned']")
    dots, strokes = (
        [float(x) for x in re.findall(rf'x="([\d.]+)" y="[\d.]+" style="fill: {colour}', drawing)]
        for colour in (r"var\(--s\d", r"var\(--ink")
    )
    lines = [
        float(x) for ends in re.findall(r'"M([\d.]+) [\d.]+H([\d.]+)"[^>]*stroke: var\(--ink', drawing) for x in ends
    ]
    whole = rows[rows["scope"] == "configuration"]
    places = [*dots, *strokes, *lines]
    values = [*rows.loc[rows["scope"] == "cell", "value"], *whole["value"], *whole["low"], *whole["high"]]
    assert (len(dots), len(strokes), len(lines)) == (3 * 8, 8, 2 * 8)
    assert np.corrcoef(np.sort(places), np.sort(values))[0, 1] > 0.9999


def test_a_stroke_is_the_row_of_the_table_and_no_mean_of_rows(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run("plain", n=40, seeds=(0, 1))
    expected = SeedFigure(load(folder)).svg("tuned", name="r")
    table = pd.read_csv(folder / "metrics.csv")
    more = table[table["scope"] == "configuration"].assign(value=0.1, low=0.0, high=0.2)
    pd.concat([more, table]).to_csv(folder / "metrics.csv", index=False)
    assert SeedFigure(load(sealed(folder))).svg("tuned", name="r") == expected


def test_one_training_run_has_no_such_figure(run: Run) -> None:
    assert SeedFigure(run).generators == []
    assert len(SeedFigure(run).frame()) == 0


def test_drawings_of_the_page_show_any_name_as_text(hostile_folder: Path, hostile: dict[str, str]) -> None:
    run, name = load(hostile_folder), hostile["tuned"]
    drawings = [
        RocFigure(run, name).svg(name="a"),
        LossFigure(run, name).svg("loss", name="b"),
        SeedFigure(run).svg(name, name="c"),
        SpectrumFigure(run).profile(name, name="d"),
        ScoreFigure(run).svg(hostile["cnn"], name, name="e", title=f"of {name}"),
    ]
    roots = [ElementTree.fromstring(drawing) for drawing in drawings]
    assert not any(list(root.iter("script")) for root in roots)
    assert hostile["cnn"] in {title.text for title in roots[0].iter("title")}
    assert hostile["cnn"] in {text.text for text in roots[2].iter("text")}
    assert all('"><script>/../$x_1$\\x07' in root.attrib["aria-label"] for root in roots)
