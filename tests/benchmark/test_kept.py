"""Estimators on disk: read without running code, equal bytes, and what is refused."""

from __future__ import annotations

import copy
import io
import json
import zipfile

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmark import kept
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
    again = kept.load(tmp_path)
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


@pytest.mark.parametrize("plugin", [Own(), make_pipeline(OwnEstimator(), SVC()).fit(X, Y)], ids=["plain", "estimator"])
def test_what_is_made_of_other_types_is_pickled(plugin, tmp_path):
    kept.save(copy.deepcopy(plugin), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [kept.PICKLE]
    assert type(kept.load(tmp_path)).__name__ == type(plugin).__name__


def test_a_file_that_names_another_type_is_refused_and_runs_nothing(tmp_path):
    kept.save(StandardScaler().fit(X), tmp_path)
    path = tmp_path / kept.SKOPS
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    schema = json.loads(entries[kept.SCHEMA])
    schema["__module__"], schema["__class__"] = "subprocess", "Popen"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, content in (entries | {kept.SCHEMA: json.dumps(schema).encode()}).items():
            new.writestr(name, content)
    path.write_bytes(out.getvalue())
    with pytest.raises(UserError, match=r"not scikit-learn's.*subprocess\.Popen"):
        kept.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 half"])
def test_a_damaged_file_is_said(content, tmp_path):
    (tmp_path / kept.SKOPS).write_bytes(content)
    with pytest.raises(UserError, match="no readable estimator"):
        kept.load(tmp_path)


def test_an_empty_folder_holds_none(tmp_path):
    assert kept.load(tmp_path) is None
