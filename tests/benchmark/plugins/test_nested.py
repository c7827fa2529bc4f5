"""Objects inside options: how they are made, named and counted in a key."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from benchmark.plan import stage
from benchmark.plugins import describe, nested
from benchmark.plugins import resolve as plugins
from data.errors import UserError

STEPS = [
    {"kind": "sklearn.decomposition:PCA", "n_components": 3},
    {"kind": "sklearn.svm:SVC", "id": "machine", "C": 2.0},
]
PIPELINE = "sklearn.pipeline:Pipeline"


def test_a_pipeline_is_made_of_its_steps_and_each_gets_the_seed():
    pipeline = plugins.make(plugins.resolve("detectors", PIPELINE), {"steps": STEPS}, 7)
    assert isinstance(pipeline, Pipeline)
    (first, pca), (second, machine) = pipeline.steps
    assert (first, second) == ("pca", "machine")
    assert isinstance(pca, PCA)
    assert isinstance(machine, SVC)
    assert (pca.n_components, pca.random_state, machine.C, machine.random_state) == (3, 7, 2.0, 7)


def test_a_table_alone_is_the_object_and_they_may_lie_in_each_other():
    inner = {"kind": PIPELINE, "steps": STEPS}
    outer = {"estimator": inner, "n_estimators": 2}
    bagging = plugins.make(plugins.resolve("detectors", "sklearn.ensemble:BaggingClassifier"), outer, 1)
    assert isinstance(bagging.estimator, Pipeline)
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 8)) * [5, 1, 1, 1, 1, 1, 1, 1]
    assert bagging.fit(features, features[:, 0] > 0).score(features, features[:, 0] > 0) > 0.8


def test_values_that_describe_no_object_stay_as_they_are():
    values = {"a": [1, 2], "b": {"c": 3}, "d": [], "e": [{"kind": 4}]}
    assert nested.made(values, 0) == values


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"kind": "sklearn.decomposition:PCB"}], "Did you mean 'PCA'"),
        ([{"kind": "sklearn.decomposition:PCA", "n_component": 3}], "n_components"),
        ([STEPS[0], STEPS[0]], "distinct names"),
        ([{"n_components": 3}, STEPS[1]], "tables with a kind alone.*n_components"),
        ([["scale", STEPS[0]], ["svc", STEPS[1]]], "tables with a kind alone.*Received in it: .scale"),
    ],
)
def test_mistakes_inside_are_said(steps, message):
    with pytest.raises(UserError, match=message):
        plugins.make(plugins.resolve("detectors", PIPELINE), {"steps": steps}, 0)


def test_a_file_inside_counts_by_content_and_not_by_place(tmp_path):
    source = "from sklearn.preprocessing import StandardScaler\nclass Mine(StandardScaler):\n    pass\n"
    for folder, text in (("one", source), ("two", source), ("three", f"{source}\nOTHER = 1\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(text)

    def params(folder: str) -> dict:
        options = nested.located({"steps": [{"kind": "mine.py:Mine"}, STEPS[1]]}, tmp_path / folder)
        assert options["steps"][0]["kind"] == f"{(tmp_path / folder).as_posix()}/mine.py:Mine"
        row = stage.Row("r", describe.describe(describe.Wanted("detectors", PIPELINE, options)))
        return stage.params_of(row, 0, {})

    assert params("one") == params("two")
    assert params("one")["options"] == params("three")["options"]
    assert params("one")["code"] != params("three")["code"]


def test_a_file_that_has_moved_is_found_in_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("class Mine: ...\n")
    monkeypatch.chdir(tmp_path)
    options = {"steps": [{"kind": "/gone/mine.py:Mine"}, {"kind": "/gone/other.py:Mine"}, STEPS[1]]}
    kinds = [step["kind"] for step in nested.found(options)["steps"]]
    assert kinds == [f"{tmp_path.as_posix()}/mine.py:Mine", "/gone/other.py:Mine", STEPS[1]["kind"]]
