"""What carries over: the sentences, the maps and the table of a made-up answer, and nothing where it was not asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
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


@pytest.mark.parametrize(
    ("lows", "said"),
    [
        ({"b": -0.1, "c": 0.1}, "b cannot be told from it, and c is lower by"),
        ({"b": -0.1, "c": 0.1, "d": 0.2}, "b cannot be told from it, and c and d are lower by"),
        ({"b": -0.1}, "b cannot be told from it (paired"),
    ],
)
def test_who_is_behind_is_named(lows: dict[str, float], said: str) -> None:
    behind = pd.DataFrame({"detector": list(lows), "value": 0.1, "low": list(lows.values()), "measure": "behind_best"})
    mean = pd.DataFrame({"detector": ["a"], "value": 0.9, "low": 0.8, "high": 1.0, "measure": "mean"})
    answer = pd.concat([behind, mean]).assign(scope="detector", ledger_seed=0)
    assert said in transfer._carries(SimpleNamespace(answer=answer, generators=["x"]), "a")


@pytest.mark.parametrize(("ends", "said"), [([-0.1, 0.1], "1 of 2 pairs loses"), ([-0.1, -0.2], "2 of 2 pairs lose ")])
def test_pairs_that_lose_are_counted(ends: list[float], said: str) -> None:
    one = {"part": "pairs", "lesson": "x", "generator": "y", "own_auc": 0.9, "auc": 0.8}
    one |= {f"{name}_{end}": 0.8 for name in ("auc", "own_auc") for end in ("low", "high")}
    rows = pd.DataFrame([one | {"difference_high": end} for end in ends])
    assert said in transfer._pairs(SimpleNamespace(of=lambda _: rows), "a")


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
