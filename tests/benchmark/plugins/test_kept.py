"""Estimators on disk: read without running code, equal bytes, and what is refused."""

from __future__ import annotations

import copy
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmark.plugins import adapt, kept
from benchmark.store import private
from data.errors import UserError

RNG = np.random.default_rng(4)
X = RNG.normal(size=(60, 6)).astype(np.float32)
Y = X[:, 0] + 0.5 * X[:, 1] > 0


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), SVC()), RandomForestClassifier(5, random_state=0), KNeighborsClassifier(),
        HistGradientBoostingClassifier(max_iter=3, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)  # fmt: skip
def test_an_estimator_comes_back_and_no_pickle_is_written(estimator, tmp_path):
    estimator.fit(X, Y)
    kept.save(estimator, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [kept.SKOPS]
    again = kept.load(tmp_path, estimator)
    method = "decision_function" if hasattr(estimator, "decision_function") else "predict_proba"
    np.testing.assert_array_equal(getattr(again, method)(X), getattr(estimator, method)(X))


def test_equal_estimators_give_equal_bytes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        kept.save(make_pipeline(StandardScaler(), SVC()).fit(X.copy(), Y.copy()), tmp_path / name)
    assert (tmp_path / "one" / kept.SKOPS).read_bytes() == (tmp_path / "two" / kept.SKOPS).read_bytes()


class Own:
    """A plug-in that has no methods to save it."""

    def __init__(self) -> None:
        self.level = 3


class OwnEstimator(StandardScaler):
    """A type that is not scikit-learn's."""


class KeepsItself:
    """A plug-in with `save` and `load` of its own."""

    level = 0

    def save(self, folder):
        (folder / "level").write_text("3")

    def load(self, folder):
        self.level = int((folder / "level").read_text())


class Trap:
    """Leaves a file where it is unpickled."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def lay(folder, sprung) -> None:
    (folder / kept.PICKLE).write_bytes(pickle.dumps(Trap(sprung)))


def rewritten(path, change) -> None:
    """Writes a skops file again with another schema."""
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    schema = json.loads(entries[kept.SCHEMA])
    with zipfile.ZipFile(path, "w") as new:
        for name, content in (entries | {kept.SCHEMA: json.dumps(change(schema)).encode()}).items():
            new.writestr(name, content)


@pytest.mark.parametrize("plugin", [Own(), make_pipeline(OwnEstimator(), SVC()).fit(X, Y)], ids=["plain", "estimator"])
def test_what_is_made_of_other_types_is_pickled(plugin, tmp_path):
    kept.save(copy.deepcopy(plugin), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [kept.PICKLE]
    assert type(kept.load(tmp_path, plugin)).__name__ == type(plugin).__name__


def named(module, name, loader="ObjectNode", **more):
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 10**6, **more}


TEXT = named("builtins", "str", "JsonNode", content='"a text"', is_json=True)
TUPLE = named("builtins", "tuple", "TupleNode", content=[TEXT])
COMMAND = named("builtins", "tuple", "TupleNode", content=[{**TEXT, "content": '"touch sprung"'}])
NOTHING = named("builtins", "tuple", "TupleNode", content=[])
SCALER = ("sklearn.preprocessing._data", "StandardScaler")
ATTACKS = {
    "another-module": named("subprocess", "Popen"),
    "imported-name": named("sklearn.datasets._base", "os"),
    "function-of-a-module": named("sklearn.datasets._base.os", "system", "FunctionNode"),
    "function": named("sklearn.utils._testing", "check_output", "FunctionNode"),
    "called-with-arguments": named("sklearn.utils", "all_estimators", "ConstructorFromReduceNode", content=NOTHING),
    "class-called": named(*SCALER, "ConstructorFromReduceNode", content=TUPLE),
    "constructor-of-a-loss": named(*SCALER, "LossNode", __reduce__={"args": TUPLE}, content=NOTHING),
    "system-as-a-loss": named(
        "sklearn.datasets._base.os", "system", "LossNode", __reduce__={"args": COMMAND}, content=NOTHING
    ),
    "method": named(*SCALER, "MethodNode", content={"func": "fit", "obj": named(*SCALER)}),
    "partial": named(
        "functools", "partial", "PartialNode",
        content={"func": named("os", "system", "TypeNode"), "args": COMMAND, "kwds": NOTHING, "namespace": NOTHING},
    ),
    "operator": named("operator", "methodcaller", "OperatorFuncNode", attrs=TUPLE),
    "list-of-a-class": named(*SCALER, "ListNode", content=[]),
    "type": named("os", "system", "TypeNode"),
    "pyfunc": named("sklearn.metrics._dist_metrics", "PyFuncDistance64"),
    "unknown-node": named("builtins", "dict", "NewNode"),
}  # fmt: skip


@pytest.mark.parametrize("inside", [False, True], ids=["whole", "attribute"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_crafted_file_is_refused_and_runs_nothing(attack, inside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept.save(StandardScaler().fit(X), tmp_path)

    def change(schema):
        if not inside:
            return schema | attack
        schema["content"]["content"]["scale_"] = attack
        return schema

    rewritten(tmp_path / kept.SKOPS, change)
    with pytest.raises(UserError, match="not scikit-learn's"):
        kept.load(tmp_path, StandardScaler())
    assert [path.name for path in tmp_path.iterdir()] == [kept.SKOPS]


def test_a_number_that_is_given_twice_makes_no_other_node(tmp_path):
    kept.save(StandardScaler().fit(X), tmp_path)

    def change(schema):
        held = schema["content"]["content"]
        held["with_mean"]["__id__"] = held["mean_"]["__id__"]
        return schema

    rewritten(tmp_path / kept.SKOPS, change)
    again = kept.load(tmp_path, StandardScaler())
    assert again.with_mean is True
    assert again.mean_.shape == (6,)


def test_a_stream_of_random_numbers_is_one_of_numpys(tmp_path):
    kept.save(HistGradientBoostingClassifier(max_iter=2, random_state=0).fit(X, Y), tmp_path)

    def change(schema):
        state = schema["content"]["content"]["_feature_subsample_rng"]["content"]["bit_generator"]
        state["content"]["bit_generator"]["content"] = '"set_state"'
        return schema

    rewritten(tmp_path / kept.SKOPS, change)
    with pytest.raises(UserError, match=r"numpy\.random\._generator\.Generator"):
        kept.load(tmp_path, HistGradientBoostingClassifier())


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 half"])
def test_a_damaged_file_is_said(content, tmp_path):
    (tmp_path / kept.SKOPS).write_bytes(content)
    with pytest.raises(UserError, match="no readable estimator"):
        kept.load(tmp_path, SVC())


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    kept.save(StandardScaler().fit(X), tmp_path)
    monkeypatch.setattr(kept, "MOST", 100)
    with pytest.raises(UserError, match=r"unpacks to .* bytes, and 100 are allowed"):
        kept.load(tmp_path, StandardScaler())


def test_an_empty_folder_holds_none(tmp_path):
    with pytest.raises(UserError, match=r"holds no trained plug-in. Expected plugin.skops or plugin.cloudpickle"):
        kept.load(tmp_path, SVC())


def test_a_pickle_beside_what_a_plugin_saves_itself_is_not_read(tmp_path):
    adapt.save(KeepsItself(), tmp_path)
    lay(tmp_path, tmp_path / "sprung")
    (tmp_path / kept.SKOPS).write_bytes(b"not looked at")
    assert adapt.load(KeepsItself(), tmp_path).level == 3
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("empty", [SVC(), make_pipeline(StandardScaler(), SVC())], ids=["estimator", "pipeline"])
def test_a_pickle_in_the_place_of_an_estimators_file_is_not_read(empty, tmp_path):
    lay(tmp_path, tmp_path / "sprung")
    with pytest.raises(UserError, match=r"is kept without one.*--trust-store"):
        adapt.load(empty, tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_a_pickle_that_others_can_write_is_read_by_trust_only(tmp_path, monkeypatch):
    kept.save(Own(), tmp_path)
    tmp_path.chmod(0o777)
    with pytest.raises(UserError, match=r"users other than .* can write .* pass --trust-store"):
        kept.load(tmp_path, Own())
    monkeypatch.setenv(private.TRUST, "1")
    assert kept.load(tmp_path, Own()).level == 3
