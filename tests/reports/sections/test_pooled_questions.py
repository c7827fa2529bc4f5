"""What the page shows of sets, sources and the profile, and that nothing else of it changes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import made_profile
import made_sets
import made_sources
import pandas as pd
import pytest

from reports import page
from reports.figures import sheet
from reports.load import load
from reports.sections import questions
from reports.sections.questions import profile, sets, sources

NAMES, MADE = ("sets", "sources", "profile"), (made_sets, made_sources, made_profile)


@pytest.fixture(scope="module")
def answered(
    run_folder: Path, tmp_path_factory: pytest.TempPathFactory, sealed: Callable[[Path], Path],
) -> Path:  # fmt: skip
    """A simulated run with made-up answers, and with cells that only they asked for."""
    folder = shutil.copytree(run_folder, tmp_path_factory.mktemp("answered") / "digits")
    for made in MADE:
        made.write(folder)
    for name in ("cells.csv", "metrics.csv"):
        table = pd.read_csv(folder / name, keep_default_na=False, dtype=str)
        more = table[table["generator"] == "tuned"].head(3)
        more = more.assign(cell=[f"{cell} after baseline/0" for cell in more["cell"]], table="sources")
        pd.concat([table, more.assign(train_generator="baseline")]).to_csv(folder / name, index=False)
    return sealed(folder)


def test_where_nothing_was_asked_nothing_is_shown(run_folder: Path) -> None:
    run = load(run_folder)
    assert [one.section(run) for one in (sets, sources, profile)] == [None] * 3
    assert profile.first(run) is None
    assert not [*sets.charts(run), *sources.charts(run), *profile.charts(run)]


def test_sets_say_how_many_images_are_needed(answered: Path) -> None:
    shown = sets.section(load(answered))
    assert shown is not None
    assert shown["sentences"] == [
        "With the mean score of at most 16 images of one source, 2 of 3 pairs of a detector and a configuration reach "
        "an AUC of 0.99; 0 with one image.",
        "Where one image is not enough, 3 to 11 images are.",
        "Of 1 the lower end of the 95 % interval reaches it too.",
    ]
    places = {name: [(one["text"], one["interval"]) for one in row] for name, row in shown["rows"]}
    assert places["cnn"] == [("3", "[2, 4]"), ("cannot tell", "")]
    assert places["linear-dct"] == [("11", "[6, >16]"), (">16", "[9, >16]")]
    assert [name for name, *_ in shown["drawings"]] == ["baseline", "tuned"]


@pytest.mark.parametrize("smoke", [False, True])
def test_sets_say_why_there_are_none(answered: Path, smoke: bool) -> None:
    run = load(answered)
    cells = run.cells[(run.cells["detector"] != "cnn") | (run.cells["generator"] != "tuned")]
    lacking = replace(run, cells=cells, manifest=run.manifest | {"smoke": smoke})
    why = "left out by --smoke" if smoke else "not asked"
    assert sets._lacking(lacking, "cnn", "tuned")["text"] == why
    assert sets._lacking(lacking, "linear-dct", "tuned")["text"] == "failed", "it is among the cells"


def test_sources_are_a_matrix_whose_rows_are_the_images_of_a_class(answered: Path) -> None:
    shown = sources.section(load(answered))
    assert shown is not None
    assert shown["classes"] == ["real images", "baseline", "tuned"]
    assert [(name, n, [one["text"] for one in row]) for name, n, row in shown["rows"]] == [
        ("real images", 900, ["0.900", "0.020", "0.080"]), ("baseline", 900, ["0.100", "0.850", "0.050"]),
        ("tuned", 900, ["0.300", "0.200", "0.500"]),
    ]  # fmt: skip
    assert "which is more than guessing (0.333)" in shown["sentences"][0]
    assert "of the fakes of tuned, 0.200 [0.180, 0.220] are said to be of baseline" in shown["sentences"][1]
    assert shown["note"].endswith("spectrum")


def test_the_profile_has_a_line_for_each_configuration_the_clean_auc_first(answered: Path) -> None:
    shown = profile.first(load(answered))
    assert shown is not None
    assert [name for name, _ in shown["heads"]] == ["clean", "few-shot", "unseen", "processed", "pooled"]
    lines = {name: [(one["text"], one["interval"]) for one in places] for name, places in shown["lines"]}
    assert lines["baseline"][0] == ("0.900", "[0.870, 0.930]")
    assert lines["baseline"][-1] == ("3", "[2, 4]")
    assert lines["tuned"][-1] == (">16", "[9, >16]")
    assert dict(shown["meant"])["processed"].startswith("Test images after jpeg-75")
    section = profile.section(load(answered))
    assert section is not None
    assert section["sentences"][0] == (
        "Clean: from 0.700 (tuned) to 0.900 (baseline), with a gap between their 95 % intervals."
    )


def test_the_profile_stands_below_the_pictures_and_all_else_is_as_it_was(run_folder: Path, answered: Path) -> None:
    before, after = (page.write(folder).read_text() for folder in (run_folder, answered))
    assert after.index('class="headline"') < after.index('class="lineup') < after.index('class="scroll profile"')
    for name in NAMES:
        after = re.sub(rf'<section id="{name}">.*?</section>\n', "", after, flags=re.S)
        after = re.sub(rf'<li><a href="#{name}">[^<]*</a></li>', "", after)
    after = re.sub(r'<div class="scroll profile".*?<p class="meant">.*?</p>\n', "", after, flags=re.S)

    def words(text: str) -> list[str]:
        text = re.sub(r"<style>.*?</style>|<script>.*?</script>|[0-9a-f]{64}", "", text, flags=re.S)
        return re.sub(r"<[^>]*>", " ", text).split()

    ours, theirs = words(before), words(after)
    assert [one for one in theirs if one not in ours] == ["39"]  # cells of the whole run, of which so many failed
    assert len(theirs) == len(ours)


def test_figures_are_among_the_files(answered: Path) -> None:
    with sheet.themed():
        drawn = {chart.name: (sheet.drawn(chart), chart.frame()) for chart in questions.charts(load(answered))}
    assert {"sets-baseline", "sets-tuned", "sources", "profile"} <= drawn.keys()
    assert len(drawn["sources"][1]) == 9
    assert len(drawn["profile"][0].axes) == 4
    assert all(axes.has_data() for figure, _ in drawn.values() for axes in figure.axes)


def test_names_that_users_give_are_text(
    hostile_folder: Path, hostile: dict[str, str], tmp_path: Path, sealed: Callable[[Path], Path],
) -> None:  # fmt: skip
    folder = shutil.copytree(hostile_folder, tmp_path / "hostile")
    for made in MADE:
        made.write(folder, hostile)
    text = page.write(sealed(folder)).read_text()
    assert "<script>/.." not in text
    assert 'id="sources"' in text
