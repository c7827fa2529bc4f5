"""Leaderboards over runs: what stands on one board, with which detector, in which order, and what is not ranked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.statistics.columns import ranks
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.use.compare.board import boards, table
from benchmark.use.compare.opened import opened

CHEAP = "sentinel-content"


def of(*folders: Path) -> list[Any]:
    return boards(opened(folders))


def scores_of(folder: Path, cell: str) -> tuple[np.ndarray, ...]:
    scores = pd.read_parquet(folder / "scores.parquet")
    scores = scores[(scores["cell"] == cell) & (scores["part"] == "test")]
    return tuple(scores[name].to_numpy() for name in ("score", "is_fake", "unit"))


def judging(manifest: dict[str, Any]) -> dict[str, Any]:
    """A run whose cheap statistics are a detector like any other."""
    for row in manifest["detectors"]:
        row["sentinel"] = None if row["id"] == CHEAP else row["sentinel"]
    return manifest


def spread(part: str, detector: str, by: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Scores of a detector in a part that tell fakes from reals so well."""

    def edit(scores: pd.DataFrame) -> pd.DataFrame:
        mine = scores["cell"].astype(str).str.contains(f"/{detector}/") & (scores["part"] == part)
        noise = np.random.default_rng(0).normal(size=mine.sum())
        scores.loc[mine, "score"] = noise + by * scores.loc[mine, "is_fake"]
        return scores

    return edit


def test_the_hardest_to_detect_is_first(runs: Path) -> None:
    (board,) = of(runs / "first")
    assert board.rows["generator"].tolist() == ["by class", "gaussian"], "controls stand on no board"
    assert set(board.rows["detector"]) == {"linear-pixel"}, "no sentinel judges"
    assert board.n_real == 120
    column = of_runs(
        {name: [scores_of(runs / "first", f"{name}/0/linear-pixel/0")] for name in board.rows["generator"]}
    )
    assert board.rows["auc"].tolist() == pytest.approx(column.values.tolist())
    for end, wanted in zip(("low", "high"), column.interval(0.95), strict=True):
        assert board.rows[end].tolist() == pytest.approx(wanted.tolist())
    found = ranks.ranks(column)
    assert board.rows["rank_low"].tolist() == (3 - found.high).tolist()
    assert board.rows["rank_high"].tolist() == (3 - found.low).tolist()


def test_the_detector_is_chosen_on_validation_images(runs: Path, variant: Callable[..., Path]) -> None:
    def edit(scores: pd.DataFrame) -> pd.DataFrame:
        for part, detector, by in (
            ("detector-validation", CHEAP, 3.0), ("detector-validation", "linear-pixel", 0.5),
            ("test", CHEAP, 0.2), ("test", "linear-pixel", 3.0),
        ):  # fmt: skip
            scores = spread(part, detector, by)(scores)
        return scores

    (board,) = of(variant(scores=edit, manifest=judging))
    assert set(board.rows["detector"]) == {CHEAP}, "linear-pixel is stronger, but on test images alone"
    assert (board.rows["validation_auc"] > 0.9).all()
    assert (board.rows["auc"] < 0.8).all()
    assert board.detectors == ["linear-pixel", CHEAP]


def test_only_detectors_that_judged_all_are_chosen_among(runs: Path, variant: Callable[..., Path]) -> None:
    edit = spread("detector-validation", CHEAP, 5.0)
    more = variant("more", scores=lambda scores: spread("test", "linear-pixel", 1.0)(edit(scores)), manifest=judging)
    (board,) = of(runs / "first", more)
    assert set(board.rows["detector"]) == {"linear-pixel"}, "the other one was a sentinel in the first run"
    assert len(board.rows) == 4


def test_what_no_detector_has_judged_together_stands_apart(runs: Path, variant: Callable[..., Path]) -> None:
    def renamed(manifest: dict[str, Any]) -> dict[str, Any]:
        for row in manifest["detectors"]:
            if row["id"] == "linear-pixel":
                row["options"] = row["resolved"] = {"depth": 3}
        return manifest

    found = of(runs / "first", variant(manifest=renamed, scores=spread("test", "linear-pixel", 1.0)))
    assert [board.rows["runs"].sum() for board in found] == [["first", "first"], ["second", "second"]]


def test_what_two_runs_have_alike_is_one_row(runs: Path, variant: Callable[..., Path]) -> None:
    (board,) = of(runs / "first", variant())
    assert board.rows["runs"].tolist() == [["first", "second"]] * 2
    assert table([board])["runs"].tolist() == ["first, second"] * 2


def test_so_it_is_under_another_name_and_with_a_default_spelt_out(runs: Path, variant: Callable[..., Path]) -> None:
    def named(frame: pd.DataFrame) -> pd.DataFrame:
        names = [name for name in ("cell", "generator", "train_generator", "train_sources") if name in frame]
        again = {name: frame[name].astype(str).str.replace(r"^gaussian(?=/|$)", "plain", regex=True) for name in names}
        return frame.assign(**again)

    def spelt(manifest: dict[str, Any]) -> dict[str, Any]:
        for row in manifest["generators"]:
            if row["id"] == "gaussian":
                row |= {"id": "plain", "options": {"components": row["resolved"]["components"]}}
        return manifest

    (board,) = of(runs / "first", variant(manifest=spelt, cells=named, scores=named))
    assert board.rows["runs"].tolist() == [["first", "second"]] * 2
    assert "gaussian" in set(board.rows["generator"]), "as the first calls it"


@pytest.mark.parametrize(
    "edits",
    [
        {"manifest": lambda m: m | {"dataset": m["dataset"] | {"digest": "ab" * 32}}},
        {"cells": lambda c: c.assign(ledger_seed=3)},
        {"scores": lambda s: s.assign(image_id="x" + s["image_id"])},
        {"scores": lambda s: s.assign(unit=s["unit"] // 50)},
    ],
    ids=["other data", "other split", "other images", "other units"],
)
def test_other_test_images_are_another_board(runs: Path, variant: Callable[..., Path], edits: dict[str, Any]) -> None:
    assert len(of(runs / "first", variant(**edits))) == 2


def test_a_smoke_run_stands_on_no_board(variant: Callable[..., Path]) -> None:
    assert of(variant(manifest=lambda m: m | {"smoke": True})) == []
    assert table([]).empty


def test_a_saturated_board_is_not_ranked(variant: Callable[..., Path]) -> None:
    (board,) = of(variant(scores=spread("test", "linear-pixel", 100.0)))
    assert board.note.startswith("cannot rank: all 2 are near the end of the scale")
    assert board.rows[["rank_low", "rank_high", "group"]].isna().all(axis=None)
    assert board.rows["auc"].tolist() == [1.0, 1.0]


def test_a_configuration_without_a_result_is_named(variant: Callable[..., Path]) -> None:
    failed = variant(cells=lambda c: c.assign(status=c["status"].where(c["generator"] != "gaussian", "failed")))
    rows = pd.concat([board.rows for board in of(failed)]).set_index("generator")
    assert rows.loc["gaussian", "note"] == "no detector has a result in every training"
    assert np.isnan(rows.loc["gaussian", "auc"])
    assert rows.loc["by class", "auc"] > 0.5


def test_trainings_are_one_configuration(runs: Path, variant: Callable[..., Path]) -> None:
    def twice(frame: pd.DataFrame) -> pd.DataFrame:
        again = frame.assign(cell=frame["cell"].astype(str).str.replace("/0/", "/1/", n=1, regex=False))
        if "generator_seed" in again:
            return pd.concat([frame, again.assign(generator_seed=1)])
        return pd.concat([frame.astype({"cell": str}), spread("test", "linear-pixel", 0.4)(again)])

    (board,) = of(variant(cells=twice, scores=twice))
    assert board.rows["trainings"].tolist() == [2, 2]
    assert (board.rows["note"] == "").all()
    assert json.loads(board.rows.set_index("generator").loc["by class", "options"])["conditional"] is True
