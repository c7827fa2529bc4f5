"""What the page says and draws of processing, from a made-up answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import made_robustness
import numpy as np
import pandas as pd
import pytest
from made_run import write_run

from reports import page
from reports.figures import sheet
from reports.figures.robustness import RobustnessFigure
from reports.load import Run, load
from reports.sections.questions import robustness


@pytest.fixture(scope="module")
def asked(sealed: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = write_run(tmp_path_factory.mktemp("robust") / "run", seeds=(0, 1, 2), n=60)
    made_robustness.write(folder)
    return load(sealed(folder))


def test_where_nobody_asked_nothing_is_shown(run_folder: Path) -> None:
    run = load(run_folder)
    assert robustness.section(run) is None
    assert list(robustness.charts(run)) == []


def test_the_section_begins_with_the_answer(asked: Run) -> None:
    shown = robustness.section(asked)
    assert shown is not None
    clean, same = shown["answer"]
    assert clean == (
        "Trained on clean images: of 4 processings, 1 hides a configuration from all 2 detectors: resize-0.5+jpeg-75 "
        "hides tuned (no AUC is above 0.5 with its 95 % interval)."
    )
    assert same.startswith("Trained on images with the same processing: of 4 processings, 1 hides")
    baseline, tuned = shown["parts"]
    assert baseline["sentences"] == [
        "Most is lost by linear-pixel after resize-0.5+jpeg-75: 0.440 [0.410, 0.470] of its AUC (paired on the same "
        "images, 95 %), which is 0.510 [0.480, 0.540] then; trained with it 0.510 [0.480, 0.540], 0.000 "
        "[-0.030, 0.030] more.",
        "Training with the same processing gives some of it back in 4 of the 6 pairs of detector and processing whose "
        "AUC falls (paired, at 95 % for all of one detector together).",
    ]
    assert tuned["sentences"][0].startswith("Most is lost by cnn after resize-0.5+jpeg-75: 0.480")


def rows(**columns: list) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    usual = {"generator": ["a"] * n, "detector": ["d"] * n, "perturbation": ["jpeg-50"] * n, "train": ["none"] * n}
    return pd.DataFrame(usual | {"told": [""] * n, "note": [""] * n} | columns)


def test_nothing_hidden_nothing_known_and_sentinels() -> None:
    whole = rows(metric=["auc"] * 2, detector=["d", "e"], value=[0.9, 0.5], low=[0.8, 0.4], high=[0.95, 0.6])
    assert robustness.answer(whole, ["d", "e"]) == [
        "Trained on clean images: jpeg-50 hides no configuration from all 2 detectors, since on each some AUC is above "
        "0.5 with its 95 % interval."
    ]
    (alone,) = robustness.answer(whole, ["e"])  # the sentinel that tells is counted nowhere
    assert "images: jpeg-50 hides a configuration from 1 detector: jpeg-50 hides a (" in alone
    (unknown,) = robustness.answer(whole.assign(low=np.nan), ["d", "e"])
    assert unknown.endswith("; without an interval nothing is told of jpeg-50 on a.")
    level = rows(metric=["drop"], value=[0.01], low=[-0.1], high=[0.1])
    assert robustness.sentences(level, ["d"]) == [
        "No AUC is lower after processing than on clean images (paired on the same images, 95 % each)."
    ]
    assert robustness.sentences(level.assign(low=np.nan), ["d"]) == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (["above 0"], "gives some of it back: to d after jpeg-50, the only one whose AUC falls (paired"),
        (["below 0"], "takes more: to d after"),
        (
            ["below 0", "below 0"],
            "in 0 of the 2 pairs of detector and processing whose AUC falls, and takes more in 2 (",
        ),
        ([""], "is not shown to give any back: to d"),
        (
            ["above 0", ""],
            "gives some of it back in 1 of the 2 pairs of detector and processing whose AUC falls (",
        ),
    ],
)
def test_what_training_gives_back_is_counted(told: list[str], said: str) -> None:
    n = len(told)
    names = ["d", "e"][:n]
    drop, back = (rows(metric=[metric] * n, detector=names) for metric in ("drop", "regained"))
    (sentence,) = robustness._back(pd.concat([drop.assign(told="above 0"), back.assign(told=told, train="same")]))
    assert said in sentence


def test_fakes_that_a_carried_threshold_no_longer_finds_are_told() -> None:
    rates = {"perturbation": ["none", "jpeg-50", "blur-1"], "metric": ["tpr"] * 3}
    whole = rows(**rates, value=[0.9, 0.5, 0.85], low=[0.87, 0.45, 0.8], high=[0.93, 0.55, 0.89])
    assert robustness.sentences(whole, ["d"]) == [
        "At the threshold that clean images gave it, d finds 0.500 [0.450, 0.550] of the fakes after jpeg-50, and "
        "0.900 [0.870, 0.930] of clean ones (95 % each)."
    ]
    assert robustness.sentences(whole.iloc[[0, 2]], ["d"]) == [], "their intervals overlap"
    assert robustness.sentences(whole, ["e"]) == []


def test_the_table_has_every_number_and_what_failed(asked: Run) -> None:
    shown = robustness.section(asked)
    assert shown is not None
    tuned = shown["parts"][1]
    assert tuned["heads"] == ["cnn", "linear-pixel"]
    by_name = {(name, train): cells for name, train, cells in tuned["rows"]}
    assert len(by_name) == 9
    assert by_name["clean", ""][0] == ("0.990", "[0.960, 1.020]", "")
    assert by_name["jpeg-50", "with it"] == [
        ("0.900", "[0.870, 0.930]", "-0.090*"), ("0.910", "[0.880, 0.940]", "-0.040*")
    ]  # fmt: skip
    lost = rows(metric=["auc"], value=[np.nan], low=[np.nan], high=[np.nan], note=["1 of 1 cells failed: <b>no"])
    assert robustness._notes(lost) == ["d: 1 of 1 cells failed: <b>no"]
    assert robustness._table(lost, ["d"])["rows"] == []


def test_the_figure_is_of_the_table_and_on_one_axis(asked: Run) -> None:
    from matplotlib.figure import Figure

    figure = RobustnessFigure(asked)
    assert figure.generators == ["baseline", "tuned"]
    assert figure.kinds("tuned", "none") == ["jpeg", "noise", "resize-0.5+jpeg-75"]
    panels = [Figure().add_subplot() for _ in range(3)]
    styles = figure.draw(panels, "tuned", "none", "none")
    assert list(styles) == ["cnn", "linear-pixel"]
    assert [text.get_text() for text in panels[0].get_xticklabels()] == ["clean", "90", "50"]
    assert panels[0].lines[0].get_ydata().tolist() == [0.99, 0.9, 0.7]
    assert panels[0].lines[1].get_ydata().tolist() == [0.95, 0.8, 0.52]
    assert len({axes.get_ylim() for axes in panels}) == 1
    assert panels[0].get_ylim()[0] <= 0.47, "the lowest interval is on it"
    figure.draw(panels, "tuned", "none", "same")
    assert panels[0].lines[-3].get_ydata().tolist() == [0.99, 0.95, 0.9]


def test_each_figure_is_a_file(asked: Run) -> None:
    charts = list(robustness.charts(asked))
    assert [chart.name for chart in charts] == [
        "robustness-clean-baseline", "robustness-with-baseline", "robustness-clean-tuned", "robustness-with-tuned"
    ]  # fmt: skip
    with sheet.themed():
        document = sheet.as_svg(sheet.drawn(charts[3]), charts[3].title)
    assert all(f">{word}<" in document for word in ("jpeg", "noise", "resize-0.5+jpeg-75", "clean", "after", "cnn"))
    assert set(charts[3].frame()["train"]) == {"none", "same"}, "clean images and those of the lesson's own processing"


def test_the_page_has_the_section_and_names_are_no_markup(
    hostile: dict[str, str], sealed: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = write_run(tmp_path / "run", n=40, rename=hostile)
    made_robustness.write(folder, hostile)
    text = page.render(load(sealed(folder)))
    (section,) = re.findall(r'<section id="robustness">.*?</section>', text, flags=re.S)
    assert "<script" not in section
    assert "&lt;script&gt;" in section
    assert section.count('role="img"') == 2 * 2 * 3, "a panel for each configuration, way to train and kind"
    assert '<a href="#robustness">What survives processing</a>' in text
