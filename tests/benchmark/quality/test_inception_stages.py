"""FID and KID on small runs of the real stages: the keys, the columns, the notes, and the report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import benchmark
from benchmark.execute.attempt import attempt
from benchmark.plan import specs
from benchmark.quality.inception import distances as inception
from benchmark.quality.inception import network as inception_network
from benchmark.stages import inception as inception_stages
from benchmark.use import api

NUMBERS = [name for name in inception.COLUMNS if name not in ("inception", "inception_note")]


def spec(**more: Any) -> specs.Spec:
    rows = {"generator": [{"kind": "gaussian"}], "detector": [{"kind": "linear-pixel"}]}
    rows["dataset"] = {"name": "digits", "limit": 300}
    return specs.parse({"name": "mine", **rows, "quality": {"n": 32, **more}})  # the fewest


def keys(weights: Path | None = None, **more: Any) -> dict[str, str]:
    given = {} if weights is None else {"inception_weights": str(weights)}
    return {stage.name: stage.key for stage in api.make_plan(spec(**given, **more)).stages}


def test_no_other_key_knows_of_the_option(weights_file: Path) -> None:
    without, with_it = keys(), keys(weights_file)
    assert all(with_it[name] == key for name, key in without.items())
    added = {"inception_reals", "inception_quality gaussian seed 0", "inception_quality noise seed 0"}
    assert with_it.keys() - without.keys() == added


def test_keys_know_the_bytes_of_the_weights_and_not_their_place(
    weights_file: Path, formula: ModuleType, tmp_path: Path
) -> None:
    moved, other = tmp_path / "moved.npz", tmp_path / "other.npz"
    shutil.copy(weights_file, moved)
    arrays = formula.weights(inception_network.shapes())
    arrays["Mixed_7c.branch_pool.bn.bias"][7] += 1
    np.savez(other, **arrays)
    before = keys(weights_file)
    assert keys(moved) == before
    assert {name for name, key in keys(other).items() if before[name] != key} == {
        "inception_reals", "inception_quality gaussian seed 0", "inception_quality noise seed 0",
    }  # fmt: skip


def test_the_reals_are_one_stage_for_all_generators(weights_file: Path) -> None:
    plan = api.make_plan(spec(inception_weights=str(weights_file)))
    assert len({stage.inputs["reals"].key for stage in plan.measured["inception"].values()}) == 1


def test_a_file_that_has_changed_since_fails_its_stages(weights_file: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="is not the file that was planned with"):
        inception.Inception(weights_file, 64 * "0")


def test_the_note_says_what_must_be_known() -> None:
    published = "6726825d" + 56 * "0"
    assert inception.note(50_000, published) == ""
    assert inception.note(1495, published).startswith("the FID of 1,495 images is biased upward and not comparable")
    assert "not the published file" in inception.note(50_000, 64 * "0")
    assert inception.too_few(20, published)["inception_note"].startswith("20 images on a side are too few")


def test_the_floor_of_fewer_images_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    held, seen = rng.random((2, 60, 8)).astype(np.float32)
    np.save(tmp_path / inception_stages.HELD, held)
    np.save(tmp_path / inception_stages.SEEN, seen)
    (tmp_path / inception_stages.FACTS).write_text(json.dumps({"n": 60, "floor": {"fid": -7.0}}))
    assert inception_stages._floor(tmp_path, 60) == {"fid": -7.0}
    assert inception_stages._floor(tmp_path, 40) == inception.distances(held[:40], seen[:40])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, weights_file: Path) -> benchmark.Run:
    folder = tmp_path_factory.mktemp("inception")
    return benchmark.run(spec(), out=folder / "run", inception_weights=weights_file)


@pytest.mark.slow
def test_the_columns_arrive(run: benchmark.Run, weights_file: Path) -> None:
    assert not run.failures
    found = pd.read_csv(run.folder / "generators.csv").set_index("generator")
    sha256 = run.manifest["inception"]["sha256"]
    assert run.manifest["inception"]["published"] is False
    for name in ("gaussian", "noise"):
        row = found.loc[name]
        assert row[NUMBERS].notna().all()
        assert row["n_fid"] == row["n_quality"] == 32
        assert row["inception"] == sha256
        assert "biased upward" in row["inception_note"]
        for measure in ("fid", "kid"):
            assert row[f"{measure}_low"] <= row[measure] <= row[f"{measure}_high"]
            assert row[f"{measure}_floor"] < row[measure]
    assert found.loc["gaussian", "fid"] < found.loc["noise", "fid"]
    assert found.loc["real-copy", inception.COLUMNS].isna().all()


@pytest.mark.slow
def test_the_report_shows_them(run: benchmark.Run) -> None:
    from reports.page import write

    page = write(run.folder).read_text(encoding="utf-8")
    fid = pd.read_csv(run.folder / "generators.csv").set_index("generator").loc["gaussian", "fid"]
    assert 'id="inception"' in page
    assert f"{fid:.2f}" in page
    assert "32 against 32" in page
    assert "not the published file" in page


@pytest.mark.slow
def test_the_same_bytes_again(run: benchmark.Run, weights_file: Path, tmp_path: Path) -> None:
    plan = api.make_plan(spec(inception_weights=str(weights_file)))
    stage = plan.measured["inception"]["gaussian", 0]
    store, again = run.folder.parent / ".store", tmp_path / "store"
    first = store / "inception_quality"
    place = next(path for path in first.rglob("inception.csv") if stage.key in str(path))
    shutil.copytree(store, again)
    shutil.rmtree(again / place.parent.relative_to(store))
    assert attempt(stage.as_json(), str(again), lambda *told: None)["status"] == "done"
    assert (again / place.relative_to(store)).read_bytes() == place.read_bytes()
