"""The cards of a run: that they say what the store holds, that every detector has one, and what they leave out."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmark.results.cards import detector_card, markdown, run_card
from benchmark.use.stored_run import StoredRun
from data.run_folder import checked


@pytest.fixture(scope="module")
def run(finished: Path) -> StoredRun:
    return StoredRun(finished / "runs" / "images")


@pytest.fixture(scope="module")
def card(run: StoredRun) -> dict[str, Any]:
    return dict(json.loads((run.folder / "card.json").read_text()))


def test_the_cards_are_part_of_the_run_folder(run: StoredRun, card: dict[str, Any]) -> None:
    files = checked(run.folder)["files"]
    assert {"card.md", "card.json", *(one["card"] for one in card["detectors"])} <= files.keys()
    assert {name for name in files if name.startswith("cards/")} == {one["card"] for one in card["detectors"]}


def test_the_split_is_the_ledgers(run: StoredRun, card: dict[str, Any]) -> None:
    (split,) = card["splits"]
    ledger, images = run.ledger, run.images
    assert split["parts"] == ledger.counts
    for part, at in ledger.parts.items():
        names, counts = np.unique([images.classes[label] for label in images.labels[at]], return_counts=True)
        assert split["labels"][part] == dict(zip(names.tolist(), counts.tolist(), strict=True))
        assert split["units"][part] == len(np.unique(ledger.units[at]))
    assert split["levels"] == images.value_grid.tolist()
    assert split["images"]["digest"] == images.digest
    assert split["dropped"] == {}


def test_each_bank_is_in_it(run: StoredRun, card: dict[str, Any]) -> None:
    banks = {bank["generator"]: bank for bank in card["banks"]}
    assert set(banks) == {"gaussian", "by class", "real-copy", "noise"}
    for name, bank in banks.items():
        record = run.bank_record(name, 0)
        assert bank["digests"] == record["digests"]
        assert bank["store_key"] == run.bank(name, 0).name
        assert bank["made_from_reals"] == (sorted(record["digests"]) if name == "real-copy" else [])
    assert sum(banks["by class"]["labels"]["test"].values()) == 120
    assert banks["gaussian"]["labels"]["test"] == {}
    assert banks["real-copy"]["reals"]["test"] + banks["real-copy"]["counts"]["test"] == 120


def test_every_trained_detector_has_a_card(run: StoredRun, card: dict[str, Any]) -> None:
    stored = {row["key"] for row in run.manifest["stages"] if row["stage"] == "train_detector"}
    assert {one["store_key"] for one in card["detectors"]} == stored
    cells = pd.read_csv(run.folder / "cells.csv")["cell"]
    assert sorted(cell for one in card["detectors"] for cell in one["cells"]) == sorted(cells)


def test_a_model_card_says_how_the_detector_decides(run: StoredRun, card: dict[str, Any]) -> None:
    one = next(one for one in card["detectors"] if one["cells"] == ["gaussian/0/linear-pixel/0"])
    stored = run.trained_detector("linear-pixel", generator="gaussian")
    facts = json.loads((stored.folder / "facts.json").read_text())
    right = (stored.validation["score"] >= facts["threshold"]) == stored.validation["is_fake"]
    assert one["threshold"] == facts["threshold"]
    assert one["accuracy_fake_on_validation"] == pytest.approx(right[stored.validation["is_fake"]].mean())
    text = (run.folder / one["card"]).read_text()
    assert f"{facts['threshold']:.6g}" in text
    assert "120 real, 120 fake" in text
    assert "60 real, 60 fake" in text
    assert stored.folder.name in text
    assert "CC BY 4.0" in text


def test_no_card_of_a_detector_has_a_number_of_the_test(run: StoredRun, card: dict[str, Any]) -> None:
    metrics = pd.read_csv(run.folder / "metrics.csv")
    for one in card["detectors"]:
        mine = metrics[metrics["cell"].isin(one["cells"]) & (metrics["metric"] == "auc")]
        text = (run.folder / one["card"]).read_text()
        assert len(mine)
        assert not [value for value in mine["value"] if value not in (0.5, 1.0) and f"{value:.3f}" in text]


KNOWN = {"name": "x", "smoke": True, "command": "fauxbench run"}


def test_a_run_whose_data_could_not_be_read_has_a_card() -> None:
    facts = {"dataset": "folder", "terms": "t", "splits": [], "banks": [], "detectors": [], "extractor": {}}
    text = run_card.text(facts, KNOWN)
    assert "could not be prepared" in text
    assert "A smoke run" in text


def test_a_sentinel_and_a_plugin_say_so(card: dict[str, Any]) -> None:
    one = next(one for one in card["detectors"] if one["sentinel"] == "format")
    assert "is a sentinel" in detector_card.text(one, card, KNOWN)
    foreign = one | {"foreign": True, "probabilities": True}
    assert "the plug-in's own" in detector_card.text(foreign, card, KNOWN)
    assert "gives no probabilities" in detector_card.text(foreign | {"probabilities": False}, card, KNOWN)


def test_a_name_does_not_end_a_cell_of_a_table() -> None:
    assert markdown.table(["a"], [["x | y\nz"]]).splitlines()[2] == r"| x \| y z |"


def test_examples_come_out_as_printed() -> None:
    tried = doctest.testmod(markdown)
    assert (tried.failed, tried.attempted) == (0, 3)
