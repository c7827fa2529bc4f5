"""What carries over: the sentences, the maps and the table of a made-up answer, and nothing where it was not asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reports import page
from reports.figures import sheet
from reports.load import load
from reports.sections.questions import transfer

GENERATORS = ("baseline", "tuned", "older")


def test_a_run_that_did_not_ask_shows_nothing(run_folder: Path) -> None:
    run = load(run_folder)
    assert transfer.section(run) is None
    assert not list(transfer.charts(run))


def test_sentences_say_who_carries_what_is_hardest_and_what_is_lost(with_transfer: Callable[..., Path]) -> None:
    shown = transfer.section(load(with_transfer(runs=3)))
    assert shown is not None
    carries, hardest, pairs, later, unseen = shown["sentences"]
    assert "linear-pixel has a mean AUC of 0.700 [0.680, 0.720] over 3 configurations" in carries
    assert "highest of 2 detectors by more than chance" in carries
    assert "Hardest for linear-pixel as unseen is older, with AUC 0.600 [0.570, 0.630], but tuned cannot" in hardest
    assert "for 2 of 2 detectors" in hardest
    assert "linear-pixel trained on baseline finds older with AUC 0.600" in pairs
    assert "6 of 6 pairs" in pairs
    assert "finds tuned with AUC 0.700 [0.670, 0.730] and older with AUC 0.600" in later
    assert "on none of 3 configurations; the largest change is -0.010" in unseen


def test_the_diagonal_is_the_usual_lesson_and_sentinels_come_last(with_transfer: Callable[..., Path]) -> None:
    run = load(with_transfer())
    figure = transfer.TransferFigure(run)
    assert figure.detectors == ["linear-pixel", "linear-dct", "sentinel-content"]
    values = figure.matrix("linear-pixel")
    assert values.index.tolist() == [*GENERATORS, "all the others", "those before it"]
    assert values.loc["tuned", "tuned"] == pytest.approx(0.8)  # its own AUC
    assert values.loc["baseline", "tuned"] == pytest.approx(0.7)
    assert values.loc["those before it"].isna().tolist() == [True, False, False]


def test_page_and_files_show_it(with_transfer: Callable[..., Path]) -> None:
    run = load(with_transfer())
    written = page.render(run)
    assert 'id="transfer"' in written
    assert "all the others" in written
    charts = list(transfer.charts(run))
    assert [chart.name for chart in charts] == [
        "transfer-linear-pixel", "transfer-linear-dct", "transfer-sentinel-content"
    ]  # fmt: skip
    with sheet.themed():
        drawn = sheet.as_svg(sheet.drawn(charts[0]), "title")
    assert "learned from" in drawn
    assert "all the others" in drawn
    assert charts[0].frame()["auc"].notna().all()
