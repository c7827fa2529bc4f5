"""Rows of two runs are matched by what they are: renamed ones meet, and one id with two meanings is never silent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmark.use.compare.comparison import Comparison, compare

CELL = "gaussian/0/linear-pixel/0"


def manifest(**rows: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A manifest whose rows of these ids, blanks as underscores, are others."""

    def edit(facts: dict[str, Any]) -> dict[str, Any]:
        for group in ("generators", "detectors"):
            for row in facts[group]:
                change = rows.get(row["id"].replace(" ", "_").replace("-", "_"), {})
                row.update({name: value for name, value in change.items() if name != "options"})
                for name in ("options", "resolved") if "options" in change else ():
                    row[name] = row[name] | change["options"]
        return facts

    return edit


def renamed(old: str, new: str) -> dict[str, Callable[[Any], Any]]:
    """The run, as one that calls a generator otherwise."""

    def named(text: Any) -> Any:
        return new + str(text).removeprefix(old) if str(text) == old or str(text).startswith(f"{old}/") else text

    def frame(table: pd.DataFrame) -> pd.DataFrame:
        names = [name for name in ("cell", "generator", "train_generator", "train_sources") if name in table]
        return table.assign(**{name: table[name].astype(str).map(named) for name in names})

    def card(facts: dict[str, Any]) -> dict[str, Any]:
        for bank in facts["banks"]:
            bank["generator"] = named(bank["generator"])
        return facts

    return {"cells": frame, "scores": frame, "card": card, "manifest": manifest(**{old.replace(" ", "_"): {"id": new}})}


def at(found: Comparison, cell: str = CELL) -> pd.Series:
    rows = found.frame(metric="auc")
    return rows[rows["cell"] == cell].iloc[0]


def test_a_manifest_says_all_options(runs: Path) -> None:
    rows = {row["id"]: row for row in json.loads((runs / "first" / "manifest.json").read_text())["generators"]}
    assert "components" not in rows["gaussian"]["options"]
    assert rows["gaussian"]["resolved"]["components"] == 64, "what was not given has its default"


def test_an_option_that_is_given_its_default_is_no_difference(runs: Path, variant: Callable[..., Path]) -> None:
    found = compare(runs / "first", variant(manifest=manifest(gaussian={"options": {"components": 64}})))
    assert found.counts["equal scores"] == 12
    assert found.changes == {}


def test_so_it_is_in_runs_of_a_version_that_did_not_write_defaults(runs: Path, variant: Callable[..., Path]) -> None:
    def older(facts: dict[str, Any]) -> dict[str, Any]:
        for row in [*facts["generators"], *facts["detectors"]]:
            row.pop("resolved"), row.pop("fingerprint")
        return facts

    assert compare(runs / "first", variant(manifest=older)).changes == {}


def test_an_id_with_other_options_is_a_difference_of_specs(runs: Path, variant: Callable[..., Path]) -> None:
    found = compare(runs / "first", variant(manifest=manifest(gaussian={"options": {"components": 3}})))
    assert at(found)["changed"] == "generator gaussian: components 64 and 3"
    assert at(found, "by class/0/linear-pixel/0")["changed"] == ""
    (((run, said), cells),) = found.changes.items()
    assert (run, said, CELL in cells) == ("second", "generator gaussian: components 64 and 3", True)
    assert "3 rows rest on other options" in found.sentences()[-1]


def test_a_detector_with_other_options_or_code_too(runs: Path, variant: Callable[..., Path]) -> None:
    edit = manifest(linear_pixel={"options": {"penalty": 7}, "digest": "0" * 64})
    found = compare(runs / "first", variant(manifest=edit))
    assert at(found)["changed"] == "detector linear-pixel: penalty absent and 7, other code"
    assert len(found.changes["second", at(found)["changed"]]) == 4, "one for each generator"


def test_an_id_of_another_kind_is_not_comparable(runs: Path, variant: Callable[..., Path]) -> None:
    found = compare(runs / "first", variant(manifest=manifest(gaussian={"kind": "dcgan"})))
    assert at(found)["status"] == "not comparable"
    assert at(found)["note"] == "generator gaussian is another one: gaussian in first, dcgan in second"
    assert found.counts == {"compared": 0, "equal scores": 9, "not comparable": 3}


def test_a_row_is_found_under_another_name(runs: Path, variant: Callable[..., Path]) -> None:
    found = compare(runs / "first", variant(**renamed("gaussian", "plain")))
    assert found.counts == {"compared": 0, "equal scores": 12, "not comparable": 0}
    assert at(found)["called"] == "plain/0/linear-pixel/0"
    assert f"{CELL} is called plain/0/linear-pixel/0 in second" in found.sentences()[-1]
    assert at(found)["changed"] == ""


def test_the_same_id_with_what_another_row_is(runs: Path, variant: Callable[..., Path]) -> None:
    """`gaussian` of the second run is what the first calls `by class`, and the first's own is not there."""
    less = {name: lambda table: table[~table["cell"].str.startswith("gaussian/")] for name in ("cells", "scores")}
    rows = json.loads((runs / "first" / "manifest.json").read_text())["generators"]
    rows = [row for row in rows if row["id"] != "gaussian"]
    variant("fewer", **less, manifest=lambda facts: facts | {"generators": rows})
    (runs / "first").rename(runs / "whole")
    (runs / "fewer").rename(runs / "first")
    second = variant(**renamed("by class", "gaussian"))
    found = compare(runs / "whole", second)
    assert at(found, "by class/0/linear-pixel/0")["status"] == "equal scores"
    assert at(found, "by class/0/linear-pixel/0")["called"] == CELL
    assert at(found)["status"] == "not comparable"
    assert at(found)["note"] == "missing in second: its generator gaussian is what is called by class here"


def test_what_was_learned_from_more_images_says_so(runs: Path, variant: Callable[..., Path]) -> None:
    found = compare(runs / "first", variant(cells=lambda cells: cells.assign(n_train_fake=7)))
    assert at(found)["changed"].endswith("and 7")


def test_lessons_of_several_are_found_under_other_names(runs: Path, variant: Callable[..., Path]) -> None:
    def lessons(own: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
        both = " + ".join(f"{name}/0" for name in sorted(["by class", own]))
        return lambda cells: cells.assign(
            train_sources=both, train_generator=cells["generator"].map(lambda name: f"all-but-{name}")
        )

    first = variant("other", cells=lessons("gaussian"))
    edits = renamed("gaussian", "a plain one")
    cells = edits.pop("cells")
    second = variant(cells=lambda table: lessons("a plain one")(cells(table)), **edits)
    assert compare(first, second).counts["equal scores"] == 12


@pytest.mark.parametrize("metric", ["auc", ["tpr", "auc"]])
def test_metrics_are_as_they_were_asked_for(runs: Path, variant: Callable[..., Path], metric: Any) -> None:
    found = compare(runs / "first", variant(), metric=metric)
    assert found.metrics == ([metric] if isinstance(metric, str) else metric)
