"""What a plan says that it can see."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmark.plan import resolution, specs
from benchmark.statistics import power
from benchmark.store.store import Store
from benchmark.use import api

SPEC = {
    "dataset": {"name": "digits"},
    "generator": [{"kind": "gaussian"}],
    "detector": [{"kind": "linear-pixel"}],
}


def seen(tmp_path: Path, **protocol) -> dict:
    plan = api.make_plan(specs.parse(SPEC | {"protocol": protocol}))
    return resolution.of(plan, Store(tmp_path / "store"))


def test_before_anything_is_done_it_says_what_it_assumes(tmp_path):
    found = seen(tmp_path, parts={"test": 300})
    assert (found["test_images"], found["units"]) == (300, 300)
    assert "as the spec says" in found["assumed"]
    first, second = resolution.sentences(found)
    assert "With 300 test images of a class (as the spec says" in first
    assert f"AUC {power.smallest_auc(300, 300, level=0.025):.3f} on" in first
    assert "One training run says nothing" in second
    assert "an example" in seen(tmp_path)["assumed"]


def test_more_seeds_see_smaller_differences_of_configurations(tmp_path):
    three, six = (seen(tmp_path, generator_seeds=list(range(n)), parts={"test": 300}) for n in (3, 6))
    assert three["configurations"]["0.9"] > six["configurations"]["0.9"]
    assert three["detectors"] == six["detectors"]
    assert "If training runs scatter by 0.01, 6 of each tell a configuration" in resolution.sentences(six)[1]


def test_a_stored_split_says_how_many_images_and_units_there_are(tmp_path, monkeypatch):
    plan = api.make_plan(specs.parse(SPEC))
    store = Store(tmp_path / "store")
    folder = store.path("prepare", plan.prepared.key)
    folder.mkdir(parents=True)
    (folder / "facts.json").write_text(json.dumps({"parts": {"test": 40}}))
    units = pd.DataFrame({"part": ["test"] * 40 + ["detector-train"] * 9, "unit": [*range(8)] * 5 + [*range(50, 59)]})
    units.to_csv(folder / "ledger.csv", index=False)
    monkeypatch.setattr(Store, "has", lambda *_: True)
    found = resolution.of(plan, store)
    assert (found["test_images"], found["units"], found["assumed"]) == (40, 8, "")
    assert "With 40 test images of a class of 8 units, in 4 of 5 runs" in resolution.sentences(found)[0]


@pytest.mark.parametrize("n", [2, 3])
def test_so_few_images_see_nothing(tmp_path, n):
    found = seen(tmp_path, parts={"test": n})
    assert found["auc"] is None
    assert "no test can tell a detector from chance" in resolution.sentences(found)[0]
