"""Tables beside the options of the grids, on a run of quick generators."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import benchmark
from benchmark.plan import specs
from benchmark.use.grid_columns import with_grid
from data.errors import UserError
from reports.load import load
from reports.sections import grid_options

MANIFEST = {
    "generators": [
        {"id": "a", "grid": {"depth": 3, "augment": ["flip"]}},
        {"id": "b", "grid": {"depth": 4, "augment": []}},
        {"id": "noise"},
    ],
    "detectors": [{"id": "a", "grid": {"depth": 7}}, {"id": "cnn"}],
}


def test_a_column_for_each_option_of_generators_and_detectors():
    table = pd.DataFrame({"generator": ["b", "noise", "a"], "detector": ["cnn", "a", "a"], "value": [1.0, 2.0, 3.0]})
    found = with_grid(table.set_index(pd.Index([5, 3, 9])), MANIFEST)
    assert list(found)[3:] == ["generator.depth", "generator.augment", "detector.depth"]
    assert [str(value) for value in found["generator.depth"]] == ["4", "<NA>", "3"]
    assert found["generator.augment"].tolist()[::2] == ["[]", '["flip"]']
    assert found["detector.depth"].tolist()[1:] == [7, 7]
    assert found.isna().sum().tolist() == [0, 0, 0, 1, 1, 1]
    assert list(table) == ["generator", "detector", "value"], "the table given stays as it is"


def test_tables_of_generators_alone_and_of_neither():
    assert list(with_grid(pd.DataFrame({"generator": ["a"]}), MANIFEST)) == [
        "generator", "generator.depth", "generator.augment",
    ]  # fmt: skip
    with pytest.raises(UserError, match=r"a column of either\. Received: cell, fpr"):
        with_grid(pd.DataFrame({"cell": [], "fpr": []}), MANIFEST)


@pytest.mark.slow
def test_a_run_is_read_against_its_grids(tmp_path):
    spec = {
        "name": "grid",
        "dataset": {"name": "digits", "limit": 400},
        "generator": [{"kind": "gaussian", "grid": {"components": [2, 8]}}],
        "detector": [{"kind": "sklearn.linear_model:LogisticRegression", "id": "logistic", "grid": {"C": [0.01, 1.0]}}],
        "quality": {"enabled": False},
    }
    run = benchmark.run(specs.parse(spec), out=tmp_path / "run")
    assert set(run.cells["status"]) == {"done"}
    table = run.with_grid(run.metrics).query("metric == 'auc' and scope == 'cell'")
    wide = table.pivot_table("value", "generator.components", "detector.C")
    assert (wide.index.tolist(), wide.columns.tolist()) == ([2, 8], [0.01, 1.0])
    saved = json.loads((run.folder / "manifest.json").read_text())
    assert [row.get("grid") for row in saved["generators"]] == [{"components": 2}, {"components": 8}, None, None]
    assert [row.get("grid") for row in saved["spec"]["detector"]] == [{"C": 0.01}, {"C": 1.0}, None, None]
    assert grid_options.columns(load(run.folder)) == ["generator.components", "detector.C"]
