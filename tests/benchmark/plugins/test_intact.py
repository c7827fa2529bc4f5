"""Stored trees whose indices lead out of them are refused before they are made; sound ones are read."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.neighbors import KernelDensity, KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from benchmark.plugins import kept
from data.errors import UserError

RNG = np.random.default_rng(6)
X = RNG.normal(size=(120, 5))
Y = X[:, 0] + 0.3 * X[:, 1] > 0


def nodes_of(values: np.ndarray) -> bool:
    return bool(values.dtype.names)


def crafted(path, change, chosen=nodes_of) -> int:
    """Writes a skops file again with its arrays of one kind changed in place; returns how many there were."""
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    found = 0
    for name in entries:
        if name.endswith(".npy"):
            values = np.load(io.BytesIO(entries[name]), allow_pickle=False)
            if chosen(values):
                found += 1
                values = values.copy()
                change(values)
                out = io.BytesIO()
                np.save(out, values, allow_pickle=False)
                entries[name] = out.getvalue()
    with zipfile.ZipFile(path, "w") as new:
        for name, content in entries.items():
            new.writestr(name, content)
    return found


def put(field, value, at=0):
    def change(nodes):
        nodes[field][at] = value

    return change


TREES = [
    DecisionTreeClassifier(), RandomForestClassifier(2), GradientBoostingClassifier(n_estimators=2),
    BaggingClassifier(n_estimators=2, max_features=3), IsolationForest(n_estimators=2, max_features=3),
]  # fmt: skip
BOOSTED = HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=2)
SEARCH = KNeighborsClassifier(algorithm="kd_tree", leaf_size=8)


@pytest.mark.parametrize("estimator", TREES, ids=lambda it: type(it).__name__)
@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("left_child", 10**6, "a child is none"), ("right_child", -7, "a child is none"), ("left_child", 0, "a child"),
        ("feature", 10**6, "it asks for more"), ("feature", -3, "it asks for more"), ("feature", 5, "it asks for more"),
    ],
)  # fmt: skip
def test_a_tree_that_leads_out_of_itself_is_refused(estimator, field, value, fault, tmp_path):
    kept.save(estimator.fit(X, Y), tmp_path)
    assert crafted(tmp_path / kept.SKOPS, put(field, value))
    with pytest.raises(UserError, match=f"a tree in it is damaged: {fault}"):
        kept.load(tmp_path, estimator)


def to_a_category(nodes):
    nodes["is_categorical"][0], nodes["bitset_idx"][0] = 1, 10**6


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (put("left", 10**6), "a child is none"), (put("right", 0), "a child is none"),
        (put("feature_idx", 5), "it asks for more"), (to_a_category, "it asks for categories"),
    ],
    ids=["left", "right", "feature", "category"],
)  # fmt: skip
def test_a_boosted_tree_that_leads_out_of_itself_is_refused(change, fault, tmp_path):
    trained = BOOSTED.fit(X, Y)
    kept.save(trained, tmp_path)
    kept.load(tmp_path, trained)
    assert crafted(tmp_path / kept.SKOPS, change)
    with pytest.raises(UserError, match=f"a tree in it is damaged: {fault}"):
        kept.load(tmp_path, trained)


@pytest.mark.parametrize(
    ("field", "value"), [("idx_start", -1), ("idx_end", 10**6), ("is_leaf", 0)], ids=["start", "end", "leaf"]
)
def test_a_tree_of_neighbours_that_leads_out_of_itself_is_refused(field, value, tmp_path):
    kept.save(SEARCH.fit(X, Y), tmp_path)
    assert crafted(tmp_path / kept.SKOPS, put(field, value, -1))
    with pytest.raises(UserError, match="a tree in it is damaged"):
        kept.load(tmp_path, SEARCH)


def test_a_tree_of_neighbours_names_its_own_points(tmp_path):
    trained = KernelDensity().fit(X)
    kept.save(trained, tmp_path)

    def change(order):
        order[0] = 10**6

    assert crafted(tmp_path / kept.SKOPS, change, lambda it: it.dtype == np.int64 and it.shape == (len(X),))
    with pytest.raises(UserError, match="it names points that it has not"):
        kept.load(tmp_path, trained)


@pytest.mark.parametrize("claimed", ["1", None], ids=["fewer", "none"])
def test_a_forest_checks_for_as_many_features_as_its_trees_ask_for(claimed, tmp_path):
    """A forest looks at the number of features, and its trees do not: they ask for five of what may be one."""
    trained = RandomForestClassifier(1, random_state=0).fit(X, Y)
    kept.save(trained, tmp_path)
    path = tmp_path / kept.SKOPS
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    schema = json.loads(entries[kept.SCHEMA])
    held = schema["content"]["content"]
    if claimed is None:
        del held["n_features_in_"]
    else:
        held["n_features_in_"]["content"] = claimed
    with zipfile.ZipFile(path, "w") as new:
        for name, content in (entries | {kept.SCHEMA: json.dumps(schema).encode()}).items():
            new.writestr(name, content)
    with pytest.raises(UserError, match="it asks for more than"):
        kept.load(tmp_path, trained)


@pytest.mark.parametrize(
    "estimator",
    [
        StackingClassifier([("one", DecisionTreeClassifier())], RandomForestClassifier(3), cv=2, passthrough=True),
        KNeighborsClassifier(algorithm="ball_tree", leaf_size=2), RandomForestClassifier(5, max_depth=1),
        RandomForestClassifier(3, max_leaf_nodes=6), DecisionTreeClassifier(ccp_alpha=0.02),
        HistGradientBoostingClassifier(max_iter=3),
    ],
    ids=lambda it: type(it).__name__,
)  # fmt: skip
def test_sound_ones_are_read(estimator, tmp_path):
    trained = estimator.fit(X, Y)
    kept.save(trained, tmp_path)
    np.testing.assert_array_equal(kept.load(tmp_path, estimator).predict_proba(X), trained.predict_proba(X))
