"""Statements across cells, on a small run of the real stages."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import benchmark
from benchmark.plan import specs
from benchmark.stages.threshold import best_threshold

pytestmark = pytest.mark.slow  # networks are trained

SPEC = {
    "name": "small",
    "dataset": {"name": "digits", "limit": 800},
    "quality": {"enabled": False},
    "generator": [
        {"kind": "noise"},
        {"kind": "sklearn.mixture:GaussianMixture", "id": "blobs", "covariance_type": "diag"},
    ],
    "detector": [{"kind": "linear-pixel"}, {"kind": "linear-dct"}],
    "protocol": {"generator_seeds": [0, 1]},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("summarise")
    return benchmark.run(specs.parse(SPEC), out=folder / "run")


def test_every_cell_is_done_and_measured(run):
    assert set(run.cells["status"]) == {"done"}
    assert len(run.cells) == 3 * 2 * 4
    cell = run.metrics[run.metrics["scope"] == "cell"]
    assert set(cell.groupby("cell").size()) == {16}
    assert not run.failures


def test_noise_is_caught_and_copies_pass(run):
    audit = run.audit.set_index("name")
    assert audit.loc["noise", "verdict"] == "pass"
    assert audit.loc["noise", "value"] >= 0.99
    assert not audit.loc["noise", "advice"].startswith("sentinel")  # which shows no learning
    assert audit.loc["real-copy", "verdict"] == "pass"
    assert "None of 4 trainings of detectors and 4 of sentinels tells" in audit.loc["real-copy", "advice"]
    assert audit.loc["ledger-disjoint", "verdict"] == "pass"


def test_a_configuration_has_an_interval_over_its_training_runs(run):
    rows = run.metrics[(run.metrics["scope"] == "configuration") & (run.metrics["metric"] == "auc")]
    rows = rows.set_index(["generator", "detector"])
    assert set(rows.index.get_level_values("generator")) == {"blobs", "noise", "real-copy"}
    assert rows["low"].notna().all()  # no mean over seeds without an interval
    cells = run.metrics[(run.metrics["scope"] == "cell") & (run.metrics["metric"] == "auc")]
    mine = cells[(cells["generator"] == "blobs") & (cells["detector"] == "linear-pixel")]["value"]
    row = rows.loc[("blobs", "linear-pixel")]
    assert row["value"] == pytest.approx(mine.mean())
    assert row["low"] < mine.min()


def test_one_training_run_gives_a_configuration_no_interval(tmp_path):
    one = benchmark.run(specs.parse(SPEC | {"protocol": {}}), out=tmp_path / "run")
    rows = one.metrics[(one.metrics["scope"] == "configuration") & (one.metrics["metric"] == "auc")]
    assert rows["low"].isna().all()
    assert rows["note"].str.contains("one training run").all()


def test_thresholds_come_from_the_validation_part(run):
    cell = run.cells[(run.cells["generator"] == "blobs") & (run.cells["detector"] == "linear-pixel")].iloc[0]
    mine = run.scores[run.scores["cell"] == cell["cell"]]
    validation, test = (mine[mine["part"] == part] for part in ("detector-validation", "test"))
    cut = best_threshold(validation["score"].to_numpy(), validation["is_fake"].to_numpy(dtype=bool))
    expected = ((test["score"] >= cut) == test["is_fake"]).mean()
    metrics = run.metrics[run.metrics["cell"] == cell["cell"]].set_index("metric")
    assert metrics.loc["accuracy", "value"] == pytest.approx(expected)


def test_comparisons_name_one_best_per_generator_run(run):
    table = pd.read_csv(run.folder / "comparisons.csv")
    assert (table.groupby(["generator", "generator_seed"])["best"].nunique() == 1).all()
    assert not table[table["detector"] == table["best"]]["separable"].any()


def test_ranks_stand_beside_every_measured_cell(run):
    table = pd.read_csv(run.folder / "ranks.csv")
    detectors = table[table["scope"] == "detectors"]
    cells = run.cells[run.cells["status"] == "done"]
    asked = ["generator", "generator_seed", "detector"]
    assert set(detectors[asked].itertuples(index=False)) == set(cells[asked].itertuples(index=False))
    judged = table[table["scope"] == "configurations"]
    assert set(judged["name"]) == set(cells.loc[cells["purpose"] == "main", "generator"])
    aucs = run.metrics[(run.metrics["scope"] == "configuration") & (run.metrics["metric"] == "auc")]
    both = judged.merge(aucs, on=["generator", "detector", "table"])
    np.testing.assert_allclose(both["value_x"], both["value_y"])


def test_the_manifest_says_what_was_run(run):
    manifest = run.manifest
    assert sum(manifest["dataset"]["parts"].values()) == 800  # no digit is there twice
    assert {stage["status"] for stage in manifest["stages"]} == {"done"}
    assert all(len(stage["key"]) == 64 for stage in manifest["stages"])
    assert json.dumps(manifest["spec"])
    assert manifest["versions"]["keras"] != "none"


def test_a_second_run_computes_nothing_and_writes_nothing(run):
    before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*") if path.is_file()}
    again = benchmark.run(specs.parse(SPEC), out=run.folder)
    assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*") if path.is_file()} == before
    assert again.manifest["result"] == run.manifest["result"]


def test_real_images_of_a_part_are_the_same_in_every_cell(run):
    main = run.cells[run.cells["generator"] == "blobs"]["cell"]
    test = run.scores[
        run.scores["cell"].isin(main) & (run.scores["part"] == "test") & ~run.scores["is_fake"].astype(bool)
    ]
    lists = [tuple(frame["image_id"]) for _, frame in test.groupby("cell", observed=True)]
    assert len(lists) == len(main)
    assert len(set(lists)) == 1
    assert np.isfinite(test["score"]).all()
