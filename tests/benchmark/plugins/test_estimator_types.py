"""Every estimator of scikit-learn on disk: read back equal without running code, or on the list of those pickled."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import FeatureAgglomeration
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.gaussian_process import GaussianProcessClassifier, kernels
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KernelDensity, KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils import all_estimators

from benchmark.plugins import estimator_types, kept

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 5))
Y = X[:, 0] + 0.3 * X[:, 1] > 0
TEXTS, TABLES = ["an apple", "one pear"] * 20, [{"a": 1.0}, {"b": 2.0}] * 20
TRIES = [
    (X, Y), (np.abs(X), Y), (np.abs(X),), (X, X[:, :2]), (X, np.abs(X[:, 0]) + 0.1), (X[:, 0], X[:, 1]),
    (X, np.c_[Y, ~Y]), (TEXTS,), (TABLES,), (Y,), (np.c_[Y, ~Y],), (X @ X.T,),
]  # fmt: skip
OF_ITS_OWN = {
    "FeatureHasher": (TABLES,), "HashingVectorizer": (TEXTS,), "PatchExtractor": (RNG.normal(size=(4, 12, 12)),),
    "SelfTrainingClassifier": (X, np.where(X[:, 2] > 1, -1, Y)), "SkewedChi2Sampler": (np.abs(X),),
}  # fmt: skip
INNER = {  # what those need that are made of others
    "estimator": LogisticRegression(), "estimators": [("one", LogisticRegression())],
    "steps": [("one", LogisticRegression())], "transformer_list": [("one", "passthrough")],
    "transformers": [("one", "passthrough", [0, 1])], "param_grid": {"C": [0.5]},
    "param_distributions": {"C": [0.5, 1]}, "dictionary": X[:3],
}  # fmt: skip
OPTIONS = {
    "FrozenEstimator": {"estimator": LogisticRegression().fit(X, Y)}, "GaussianRandomProjection": {"n_components": 2},
    "FeatureHasher": {"n_features": 64}, "HashingVectorizer": {"n_features": 64},
    "SelfTrainingClassifier": {"estimator": LogisticRegression()},
    "SparseRandomProjection": {"n_components": 2}, "PatchExtractor": {"patch_size": (4, 4)},
    "MultiOutputRegressor": {"estimator": Ridge()}, "RegressorChain": {"estimator": Ridge()},
    "StackingRegressor": {"estimators": [("one", Ridge())]}, "VotingRegressor": {"estimators": [("one", Ridge())]},
}  # fmt: skip
METHODS = ("decision_function", "predict_proba", "predict", "transform", "score_samples")


def made(kind: type) -> Any:
    wanted = inspect.signature(kind.__init__).parameters.values()
    options = {it.name: INNER[it.name] for it in wanted if it.default is it.empty and it.name in INNER}
    if any(it.name == "random_state" for it in wanted):
        options["random_state"] = 0
    if any(it.name == "n_estimators" and isinstance(it.default, int) for it in wanted):
        options["n_estimators"] = 4  # of a hundred trees each is kept as the first few are
    return kind(**options | OPTIONS.get(kind.__name__, {}))


def fitted(estimator: Any) -> tuple[Any, Any]:
    """Returns the estimator fitted on the first data that it takes, and those."""
    own = OF_ITS_OWN.get(type(estimator).__name__)
    for tried in [own] if own else TRIES:
        try:
            return estimator.fit(*tried), tried[0]
        except Exception:
            continue
    raise AssertionError(f"{type(estimator).__name__} was fitted on nothing")


def same(one: Any, two: Any, data: Any) -> bool:
    for method in METHODS:
        if hasattr(one, method):
            values = [getattr(it, method)(data) for it in (one, two)]
            values = [it.toarray() if hasattr(it, "toarray") else np.asarray(it) for it in values]
            np.testing.assert_allclose(*values, rtol=1e-9, atol=1e-12)  # BLAS adds by where an array lies
            return True
    return hasattr(two, "get_params")  # such as t-SNE, which says nothing of other data


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_estimator_comes_back_equal_or_is_on_the_list(tmp_path):
    pickled = []
    for name, kind in all_estimators():
        if not kind.__module__.startswith("sklearn."):
            continue  # another package's test may have made a class of its own
        trained, data = fitted(made(kind))
        (folder := tmp_path / name).mkdir()
        kept.save(trained, folder)
        assert kept.needs_pickle(made(kind)) == (folder / kept.PICKLE).exists(), name
        if (folder / kept.PICKLE).exists():
            pickled.append(name)
        assert same(trained, kept.load(folder, made(kind)), data), name
    assert sorted(pickled) == sorted(estimator_types.PICKLED)


def test_the_page_names_those_that_are_pickled():
    page = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
    listed = re.search(r"These are pickled: ([^.]+)\.", page)
    assert listed is not None
    assert sorted(re.findall(r"`(\w+)`", listed[1])) == sorted(estimator_types.PICKLED)


VARIANTS = [
    *[KNeighborsClassifier(metric=metric, algorithm=tree) for tree, metric in [
        ("kd_tree", "manhattan"), ("ball_tree", "canberra"), ("ball_tree", "minkowski"), ("brute", "cosine"),
    ]],
    KernelDensity(metric="chebyshev"),
    *[GaussianProcessClassifier(kernel) for kernel in [
        kernels.Matern() + kernels.WhiteKernel(), kernels.RationalQuadratic() ** 2,
        kernels.DotProduct() * kernels.RBF(),
    ]],
    *[SGDClassifier(loss=loss) for loss in ("log_loss", "modified_huber", "perceptron", "squared_hinge", "huber")],
    *[GradientBoostingRegressor(loss=loss, n_estimators=2) for loss in ("huber", "quantile", "absolute_error")],
    *[HistGradientBoostingRegressor(loss=loss, max_iter=2, quantile=0.4) for loss in ("poisson", "quantile")],
    MLPClassifier(solver="sgd", max_iter=2), MLPClassifier(solver="lbfgs", max_iter=2, early_stopping=False),
    GridSearchCV(LogisticRegression(), {"C": [0.5, 1.0]}, cv=StratifiedKFold(2)),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", VARIANTS, ids=lambda it: re.sub(r"\W+", "-", repr(it))[:60])
def test_what_options_put_inside_comes_back_too(estimator, tmp_path):
    trained = estimator.fit(np.abs(X), Y)
    kept.save(trained, tmp_path)
    assert (tmp_path / kept.SKOPS).exists()
    assert same(trained, kept.load(tmp_path, estimator), np.abs(X))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "estimator",
    [
        GridSearchCV(LogisticRegression(), {"C": [0.5, 1.0]}, scoring="roc_auc"),
        HistGradientBoostingClassifier(max_iter=2, scoring="roc_auc", early_stopping=True),
        HistGradientBoostingClassifier(max_iter=2, categorical_features=[4]),
    ],
    ids=["search", "boosting", "categories"],
)
def test_what_scores_by_a_function_is_pickled_and_read(estimator, tmp_path):
    assert kept.needs_pickle(estimator)
    data = np.column_stack([X[:, :4], X[:, 4] > 0])
    trained = estimator.fit(data, Y)
    kept.save(trained, tmp_path)
    assert (tmp_path / kept.PICKLE).exists()
    assert same(trained, kept.load(tmp_path, estimator), data)


def test_every_listed_helper_is_a_class_that_sets_nothing_off():
    for table in (estimator_types.HELPERS, estimator_types.LOSSES):
        for module, names in table.items():
            found = [getattr(importlib.import_module(module), name, None) for name in names]
            assert any(found), module
            assert all(it is None or isinstance(it, type) for it in found)
            assert not any("PyFunc" in name for name in names)


def test_a_part_that_is_pickled_makes_the_whole_so():
    assert kept.needs_pickle(make_pipeline(FeatureAgglomeration(), LogisticRegression()))
    assert not kept.needs_pickle(make_pipeline(LogisticRegression()))
