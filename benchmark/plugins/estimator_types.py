"""What may be made when a file of skops is read: exact lists of classes, for each kind of node that a file has.

skops asks whether it trusts the name of a class, whatever is then done with it. A file says that itself: a node may be
made without a call, or be called with arguments that the file holds, and a name may lead to what a module has only
imported. So the lists here go by node, a name must lead to the class that bears it, and the nodes that call a function
or look one up are not read at all.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

# Estimators whose trained state holds a function, sparse matrix or type that no list here has: they are pickled.
PICKLED = (
    "Birch", "BisectingKMeans", "FeatureAgglomeration", "GenericUnivariateSelect", "SelectFdr", "SelectFpr",
    "SelectFwe", "SelectKBest", "SelectPercentile", "SparseRandomProjection", "SpectralEmbedding", "SplineTransformer",
    "TunedThresholdClassifierCV",
)  # fmt: skip
# These hold functions too where one of these options is another than by default.
BOOSTING = ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
SEARCHES = ("GridSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV", "RandomizedSearchCV")
OPTIONS: dict[str, dict[str, str | None]] = {
    **{name: {"scoring": "loss", "categorical_features": "from_dtype"} for name in BOOSTING},
    **{name: {"scoring": None} for name in SEARCHES},
}
LOSSES = {
    "sklearn._loss._loss": (
        "CyAbsoluteError", "CyExponentialLoss", "CyHalfBinomialLoss", "CyHalfGammaLoss", "CyHalfMultinomialLoss",
        "CyHalfPoissonLoss", "CyHalfSquaredError", "CyHalfTweedieLoss", "CyHalfTweedieLossIdentity", "CyHuberLoss",
        "CyPinballLoss",
    ),
    "sklearn.linear_model._sgd_fast": (
        "EpsilonInsensitive", "Hinge", "Huber", "Log", "ModifiedHuber", "SquaredEpsilonInsensitive", "SquaredHinge",
        "SquaredLoss",
    ),
}  # fmt: skip
DISTANCES = (
    "BrayCurtis", "Canberra", "Chebyshev", "Dice", "Euclidean", "Hamming", "Haversine", "Jaccard", "Kulsinski",
    "Mahalanobis", "Manhattan", "Matching", "Minkowski", "RogersTanimoto", "RussellRao", "SEuclidean", "SokalMichener",
    "SokalSneath",
)  # fmt: skip
HELPERS = {
    "sklearn._loss.link": (
        "HalfLogitLink", "IdentityLink", "Interval", "LogLink", "LogitLink", "MultinomialLogit",
    ),
    "sklearn._loss.loss": (
        "AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfGammaLoss", "HalfMultinomialLoss",
        "HalfPoissonLoss", "HalfSquaredError", "HalfTweedieLoss", "HalfTweedieLossIdentity", "HuberLoss", "PinballLoss",
    ),
    "sklearn.calibration": ("_CalibratedClassifier", "_SigmoidCalibration", "_TemperatureScaling"),
    "sklearn.ensemble._hist_gradient_boosting.binning": ("_BinMapper",),
    "sklearn.ensemble._hist_gradient_boosting.predictor": ("TreePredictor",),
    "sklearn.gaussian_process._gpc": ("_BinaryGaussianProcessClassifierLaplace",),
    "sklearn.gaussian_process.kernels": (
        "CompoundKernel", "ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Matern",
        "PairwiseKernel", "Product", "RBF", "RationalQuadratic", "Sum", "WhiteKernel",
    ),
    "sklearn.metrics._dist_metrics": tuple(f"{name}Distance{bits}" for name in DISTANCES for bits in (32, 64)),
    "sklearn.metrics._scorer": ("_PassthroughScorer",),
    "sklearn.model_selection._split": (
        "GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "LeavePGroupsOut", "LeavePOut",
        "PredefinedSplit", "RepeatedKFold", "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold",
        "StratifiedKFold", "StratifiedShuffleSplit", "TimeSeriesSplit",
    ),
    "sklearn.multiclass": ("_ConstantPredictor",),
    "sklearn.neighbors._ball_tree": ("BallTree", "BallTree32", "BallTree64"),
    "sklearn.neighbors._kd_tree": ("KDTree", "KDTree32", "KDTree64"),
    "sklearn.neural_network._stochastic_optimizers": ("AdamOptimizer", "SGDOptimizer"),
    "sklearn.utils._metadata_requests": ("MetadataRequest", "MethodMetadataRequest"),
}  # fmt: skip
FLAT = {  # nodes of Python's and NumPy's own types
    "DictNode": ("builtins.dict", "sklearn.utils._bunch.Bunch"),
    "DTypeNode": ("numpy.dtype",),
    "JsonNode": ("builtins.str",),
    "ListNode": ("builtins.list",),
    "MaskedArrayNode": ("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"),
    "RandomGeneratorNode": ("numpy.random._generator.Generator",),
    "RandomStateNode": ("numpy.random.mtrand.RandomState",),
    "SetNode": ("builtins.set",),
    "SliceNode": ("builtins.slice",),
    "TreeNode": ("sklearn.tree._tree.Tree",),
    "TupleNode": ("builtins.tuple",),
}
SCALARS = ("bool", "float", "int", "str")
STREAMS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")  # which NumPy looks up by their names


def strange(schema: Any) -> list[str]:
    """Returns what a schema names that must not be made, sorted: `module.Name`, with the node if it is that.

    Every object in the schema is looked at that says how it is loaded, wherever it stands.
    """
    return sorted({_told(node) for node in _nodes(schema) if not _is_known(node)})


def trusted(schema: Any) -> list[str]:
    """Returns the names of the classes in a schema, each as skops is to be told that it may be made."""
    return sorted({_name(node) for node in _nodes(schema)})


@cache
def estimators() -> frozenset[str]:
    """Returns the classes of scikit-learn's public estimators, `module.Name`."""
    from sklearn.utils import all_estimators

    every = [kind for _, kind in all_estimators() if kind.__module__.startswith("sklearn.")]
    return frozenset(f"{kind.__module__}.{kind.__name__}" for kind in every)


@cache
def _allowed(loader: str) -> frozenset[str]:
    import numpy as np

    numbers = {f"numpy.{kind.__name__}" for kind in np.sctypeDict.values() if issubclass(kind, np.number | np.bool_)}
    if loader == "ObjectNode":
        return estimators() | _listed(HELPERS)
    if loader == "LossNode":
        return _listed(LOSSES)
    if loader == "TypeNode":
        return frozenset(numbers | {f"builtins.{name}" for name in SCALARS})
    if loader == "NdArrayNode":
        return frozenset(numbers | {"numpy.ndarray", "numpy.str_"})
    return frozenset(FLAT.get(loader, ()))


def _listed(classes: dict[str, tuple[str, ...]]) -> frozenset[str]:
    return frozenset(f"{module}.{name}" for module, names in classes.items() for name in names)


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "__loader__" in value or "__class__" in value:
            yield value
        for child in value.values():
            yield from _nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from _nodes(child)


def _name(node: dict[str, Any]) -> str:
    return f"{node.get('__module__')}.{node.get('__class__')}"


def _told(node: dict[str, Any]) -> str:
    loader = str(node.get("__loader__"))
    known = loader in {*FLAT, "ObjectNode", "LossNode", "TypeNode", "NdArrayNode"}
    return _name(node) if known else f"{_name(node)} ({loader})"


def _is_known(node: dict[str, Any]) -> bool:
    """Says whether a node's class is listed for its way of being made, and its name leads to that class alone."""
    loader = node.get("__loader__")
    if not isinstance(loader, str) or _name(node) not in _allowed(loader):
        return False
    if loader == "RandomGeneratorNode" and _stream(node) not in STREAMS:
        return False
    found = getattr(importlib.import_module(node["__module__"]), node["__class__"], None)
    return isinstance(found, type) and found.__name__ == node["__class__"]


def _stream(node: dict[str, Any]) -> Any:
    """Returns which stream of random numbers a generator's node names, by which NumPy calls it."""
    try:
        return json.loads(node["content"]["bit_generator"]["content"]["bit_generator"]["content"])
    except (KeyError, TypeError, ValueError):
        return None
