"""Two runs side by side: which cells are compared, by which test, and why others are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.statistics.columns.compare import paired, shared_reals
from benchmark.use.compare.comparison import as_json, compare
from benchmark.use.compare.measured import OF_CELLS
from data.errors import UserError
from data.holm import holm

CELL = "gaussian/0/linear-pixel/0"


def moved(cell: str = CELL, *, side: bool | None = None, far: float = 1.0) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Other scores of the test images of a cell, or of its reals or fakes alone."""

    def edit(scores: pd.DataFrame) -> pd.DataFrame:
        mine = (scores["cell"] == cell) & (scores["part"] == "test")
        mine &= True if side is None else scores["is_fake"] == side
        noise = np.random.default_rng(0).normal(size=mine.sum())
        scores.loc[mine, "score"] += far * noise * scores.loc[mine, "score"].std()
        return scores

    return edit


def row(found: Any, cell: str = CELL, metric: str = "auc") -> pd.Series:
    """The row of a cell."""
    (at,) = np.flatnonzero((found.cells["cell"] == cell) & (found.cells["metric"] == metric))
    return found.cells.iloc[at]


def of_cell(folder: Path, cell: str = CELL) -> pd.DataFrame:
    scores = pd.read_parquet(folder / "scores.parquet")
    return scores[(scores["cell"] == cell) & (scores["part"] == "test")]


def other_fakes(card: dict[str, Any]) -> dict[str, Any]:
    """A card of a run whose fakes of `gaussian` are others."""
    for bank in card["banks"]:
        if bank["generator"] == "gaussian":
            bank["digests"]["test"] = "0" * 64
    return card


def test_a_run_and_its_copy_are_the_same(runs: Path, variant: Callable[..., Path]) -> None:
    found = compare(runs / "first", variant())
    assert found.counts == {"compared": 0, "equal scores": 12, "not comparable": 0}
    assert found.cells["metric"].value_counts().to_dict() == dict.fromkeys(OF_CELLS, 12)
    assert set(found.cells["status"]) == {"equal scores"}
    assert found.specs.empty
    assert found.cells["p"].isna().all(), "there is nothing to test"


def test_the_same_fakes_are_paired_on_both_sides(runs: Path, variant: Callable[..., Path]) -> None:
    second = variant(scores=moved())
    found = row(compare(runs / "first", second))
    mine, theirs = of_cell(runs / "first"), of_cell(second)
    told = paired(theirs["score"], mine["score"], mine["is_fake"].to_numpy(bool), groups=mine["unit"].to_numpy())
    assert found["paired_on"] == "reals and fakes"
    assert found[["difference", "low", "high", "p"]].tolist() == pytest.approx(list(told))
    assert found["difference"] == pytest.approx(found["value"] - found["reference_value"])


def test_pairs_do_not_depend_on_the_order_of_rows(runs: Path, variant: Callable[..., Path]) -> None:
    found = row(compare(runs / "first", variant(scores=moved())))
    turned = variant("turned", scores=lambda scores: moved()(scores).iloc[::-1])
    assert row(compare(runs / "first", turned))["p"] == pytest.approx(found["p"])


def test_other_fakes_are_paired_on_the_reals_alone(runs: Path, variant: Callable[..., Path]) -> None:
    second = variant(scores=moved(side=True), card=other_fakes)
    found = row(compare(runs / "first", second))
    mine, theirs = of_cell(runs / "first"), of_cell(second)
    columns = [tuple(one[name].to_numpy() for name in ("score", "is_fake", "unit")) for one in (theirs, mine)]
    assert found["paired_on"] == "reals"
    assert found[["difference", "low", "high", "p"]].tolist() == pytest.approx(list(shared_reals(*columns)))


def test_fakes_that_are_not_known_to_be_the_same_are_others(runs: Path, variant: Callable[..., Path]) -> None:
    second = variant(scores=moved(), card=lambda card: {name: [] for name in card})
    assert row(compare(runs / "first", second))["paired_on"] == "reals"


def test_p_values_are_adjusted_for_all_that_is_compared(runs: Path, variant: Callable[..., Path]) -> None:
    other = "by class/0/linear-pixel/0"
    second = variant(scores=lambda scores: moved(other)(moved()(scores)))
    third = variant("third", scores=moved())
    every = compare(runs / "first", second, third)
    found = every.frame(metric="auc")
    assert (found["status"] == "compared").sum() == 3
    known = found["p"].notna()
    assert known.sum() == 3
    alone = compare(runs / "first", second, third, metric="auc").cells
    pd.testing.assert_frame_equal(alone, found, obj="what else is compared costs the AUCs nothing")
    assert found.loc[known, "p_holm"].tolist() == pytest.approx(holm(found.loc[known, "p"]).tolist())


REASONS: dict[str, tuple[dict[str, Any], str]] = {
    "smoke": ({"manifest": lambda m: m | {"smoke": True}}, "second: a smoke run is no result"),
    "data": ({"manifest": lambda m: m | {"dataset": m["dataset"] | {"digest": "ab" * 32}}}, "other data: digest"),
    "no data": ({"manifest": lambda m: m | {"dataset": {"name": "digits"}}}, "and unknown"),
    "split": ({"cells": lambda c: c.assign(ledger_seed=7)}, "other split of the real images: ledger seed 0 and"),
    "failed": ({"cells": lambda c: c.assign(status="failed", error="boom")}, "failed in second: boom"),
    "missing": ({"cells": lambda c: c[c["cell"] != CELL]}, "missing in second"),
    "no scores": ({"scores": lambda s: s[s["cell"] != CELL]}, "no test scores in second"),
    "images": (
        {"scores": lambda s: s.assign(image_id=s["image_id"].where(s["is_fake"], "other/" + s["image_id"]))},
        "other test images: 120 and 120 real ones, of which 0 are the same",
    ),
    "fewer": (
        {"scores": lambda s: s[s["is_fake"] | (s.groupby(["cell", "part"], observed=True).cumcount() % 2 == 0)]},
        "other test images: 120 and 60 real ones, of which 60 are the same",
    ),
    "units": ({"scores": lambda s: s.assign(unit=s["unit"] // 100)}, "other units"),
}


@pytest.mark.parametrize("case", REASONS)
def test_what_cannot_be_compared_says_why(runs: Path, variant: Callable[..., Path], case: str) -> None:
    edits, why = REASONS[case]
    found = compare(runs / "first", variant(**edits))
    mine = row(found)
    assert mine["status"] == "not comparable"
    assert why in mine["note"]
    assert np.isnan(mine[["difference", "low", "high", "p", "p_holm"]].astype(float)).all()
    assert not mine["differs"]


def test_a_cell_that_only_the_later_run_has_is_missing_in_the_first(runs: Path, variant: Callable[..., Path]) -> None:
    fewer = variant(cells=lambda cells: cells[cells["cell"] != CELL])
    assert row(compare(fewer, runs / "first"))["note"] == "missing in second"


def seeded(seed: int) -> dict[str, Callable[[Any], Any]]:
    """The run, as one whose generators were trained with another seed."""

    def again(text: Any) -> Any:
        return str(text).replace("/0/", f"/{seed}/", 1)

    def scores(frame: pd.DataFrame) -> pd.DataFrame:
        return moved(side=True)(frame).assign(cell=lambda one: one["cell"].astype(str).map(again))

    def cells(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(
            cell=frame["cell"].map(again), generator_seed=seed, train_sources=frame["train_generator"] + f"/{seed}"
        )

    return {"scores": scores, "cells": cells}


def test_trainings_of_other_seeds_are_compared_as_configurations(runs: Path, variant: Callable[..., Path]) -> None:
    second = variant(**seeded(1))
    found = compare(runs / "first", second).frame(metric="auc")
    mine = found[found["scope"] == "configuration"].set_index("cell")
    assert set(mine.index) == {f"{g}/{d}" for g in ("gaussian", "by class") for d in DETECTORS}, "controls are none"
    one = mine.loc["gaussian/linear-pixel"]
    sides = [of_cell(second, "gaussian/1/linear-pixel/0"), of_cell(runs / "first")]
    columns = [tuple(side[name].to_numpy() for name in ("score", "is_fake", "unit")) for side in sides]
    assert one[["difference", "low", "high", "p"]].tolist() == pytest.approx(list(shared_reals(*columns)))
    assert "not of configurations" in one["note"]
    assert set(found.loc[found["scope"] == "cell", "note"]) == {"missing in first", "missing in second"}


DETECTORS = ("linear-pixel", "sentinel-format", "sentinel-content")


def test_what_the_specs_differ_in(runs: Path, variant: Callable[..., Path]) -> None:
    def edit(manifest: dict[str, Any]) -> dict[str, Any]:
        spec = manifest["spec"]
        spec["generator"][0]["components"] = 3
        spec["generator"][1]["id"] = "renamed"
        spec["protocol"]["detector_seeds"] = [0, 1]
        manifest["versions"]["keras"] = "9.9"
        manifest["cpu"] = "abacus x 2"
        return manifest

    second = variant(manifest=edit)
    found = compare(runs / "first", second).specs.set_index("what")
    assert found["first"].to_dict()["generator.gaussian.components"] == "absent"
    assert found["second"].to_dict()["generator.gaussian.components"] == "3"
    assert found.loc["generator.by class", "second"] == "absent"
    assert not any(what.startswith("generator.by class.") for what in found.index), (
        "the row is absent, with its options"
    )
    assert found.loc["protocol.detector_seeds", "about"] == "seeds"
    assert found["second"].to_dict()["keras"] == "9.9"
    assert found["about"].to_dict()["cpu"] == "machine"


def test_only_what_differs_by_more_than_its_interval(runs: Path, variant: Callable[..., Path]) -> None:
    def worse(scores: pd.DataFrame) -> pd.DataFrame:
        mine = scores["cell"] == "noise/0/linear-pixel/0"
        return moved(far=0.01)(scores.assign(score=scores["score"].where(~mine, -scores["score"])))

    found = compare(runs / "first", variant(scores=worse), metric="auc")
    rows = found.frame(differing=True)
    assert len(rows) < found.counts["compared"] == 2
    assert ((rows["low"] > 0) | (rows["high"] < 0)).all()
    assert rows["cell"].tolist() == ["noise/0/linear-pixel/0"]
    assert len(as_json(found, differing=True)["cells"]) == 1


def test_folders_of_one_name_are_called_by_their_paths(
    runs: Path, variant: Callable[..., Path], tmp_path: Path
) -> None:
    second = variant()
    again = tmp_path / "elsewhere" / "first"
    again.parent.mkdir()
    second.rename(again)
    assert compare(runs / "first", again, again).runs == [str(runs / "first"), str(again), f"{again} (2)"]


@pytest.mark.parametrize("n", [0, 1])
def test_a_comparison_needs_two_runs(runs: Path, n: int) -> None:
    with pytest.raises(UserError, match="needs two runs or more"):
        compare(*[runs / "first"] * n)


def test_tables_may_lack_what_a_run_folder_need_not_have(variant: Callable[..., Path]) -> None:
    few = ["question", "table", "ledger_seed", "train_sources", "train_n", "asked_checkpoint", "train_perturbation"]
    bare = variant("bare", cells=lambda cells: cells.drop(columns=few))
    assert compare(bare, bare).counts["equal scores"] == 12


def test_damaged_and_foreign_folders_are_refused(runs: Path, variant: Callable[..., Path], tmp_path: Path) -> None:
    second = variant()
    (second / "cells.csv").write_text("cell\n")
    with pytest.raises(UserError, match=r"is damaged: cells\.csv"):
        compare(runs / "first", second)
    with pytest.raises(UserError, match="is not a run folder"):
        compare(runs / "first", tmp_path)
