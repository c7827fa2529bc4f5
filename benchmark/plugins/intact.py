"""Whether the indices inside a stored estimator stay inside it: compiled code follows them without looking.

scikit-learn's trees hold where each node's children are and which feature it asks for. A file may say anything there,
and a prediction would then read memory that is none of the tree's. So the arrays are looked at before any tree is made.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np

# Estimators that hand images to their trees unchecked: a tree must ask for no more features than its estimator does.
UNCHECKED = (
    "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor",
    "ExtraTreesClassifier", "ExtraTreesRegressor", "GradientBoostingClassifier", "GradientBoostingRegressor",
    "HistGradientBoostingClassifier", "HistGradientBoostingRegressor", "IsolationForest", "RandomForestClassifier",
    "RandomForestRegressor", "RandomTreesEmbedding",
)  # fmt: skip
SEARCH = ("BallTree", "BallTree32", "BallTree64", "KDTree", "KDTree32", "KDTree64")
LEAF = -1


def check(schema: Any, content: bytes) -> None:
    """Checks the trees in a file of skops.

    Args:
        schema: What the file says of its objects; no node of it stands for another.
        content: The file.

    Raises:
        ValueError: If an index of a tree leads out of it.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _walk(schema, archive, None)


def _walk(value: Any, archive: zipfile.ZipFile, features: int | None) -> None:
    """Checks the trees inside a value of the schema; `features` is how many a tree may ask for, if that is known."""
    if isinstance(value, list):
        for item in value:
            _walk(item, archive, features)
    if not isinstance(value, dict):
        return
    loader, kind = value.get("__loader__"), value.get("__class__")
    if loader == "TreeNode":
        _check_tree(value, archive, features)
    elif loader == "ObjectNode" and kind == "TreePredictor":
        _check_predictor(_plain(value["content"], archive), features)
    elif loader == "ObjectNode" and kind in SEARCH:
        _check_search(_plain(value["content"], archive))
    elif loader == "ObjectNode":
        features = _features(value, archive, features) if kind in UNCHECKED else None
    for child in value.values():
        _walk(child, archive, features)


def _features(node: dict[str, Any], archive: zipfile.ZipFile, above: int | None) -> int:
    """Returns how many features the trees of an estimator are given: as many as the estimator checks that there are."""
    held = (node.get("content") or {}).get("content") or {}
    own = _plain(held.get("n_features_in_"), archive)
    chosen = _plain(held.get("estimators_features_", []), archive) if node["__class__"] == "IsolationForest" else []
    counts = [own if isinstance(own, int) else 0, *(len(some) for some in chosen)]
    return min([*counts, above] if above is not None else counts)


def _check_tree(node: dict[str, Any], archive: zipfile.ZipFile, features: int | None) -> None:
    n_features, n_classes, n_outputs = _plain(node["__reduce__"]["args"], archive)
    state = _plain(node["content"], archive)
    nodes, most = state["nodes"], n_features if features is None else min(n_features, features)
    _require(np.shape(n_classes) == (n_outputs,) and min(n_classes, default=0) > 0, "its classes are not counted")
    _require(len(nodes) == state["node_count"], "its nodes are not as many as it says")
    _check_nodes(nodes["left_child"], nodes["right_child"], nodes["feature"], nodes["left_child"] == LEAF, most)


def _check_predictor(state: dict[str, Any], features: int | None) -> None:
    nodes = state["nodes"]
    leaf = nodes["is_leaf"] != 0
    _check_nodes(nodes["left"], nodes["right"], nodes["feature_idx"], leaf, features or 0)
    asked = nodes["bitset_idx"][~leaf & (nodes["is_categorical"] != 0)]
    for name in ("binned_left_cat_bitsets", "raw_left_cat_bitsets"):
        _require(not len(asked) or int(asked.max()) < len(state[name]), "it asks for categories that it has not")


def _check_nodes(left: np.ndarray, right: np.ndarray, feature: np.ndarray, leaf: np.ndarray, features: int) -> None:
    """Checks that each node's children come after it, so that every way ends, and its feature is one of those given."""
    _require(len(left) > 0, "it has no node")
    at = np.arange(len(left))[~leaf]
    for child in (left, right):
        inner = child[~leaf].astype(np.int64)
        _require(bool(((inner > at) & (inner < len(left))).all()), "a child is none of its nodes")
    asked = feature[~leaf].astype(np.int64)
    _require(bool(((asked >= 0) & (asked < features)).all()), f"it asks for more than {features} features")


def _check_search(state: tuple[Any, ...]) -> None:
    """Checks a tree of neighbours: how it divides its points among a full binary tree of nodes."""
    data, order, nodes, bounds, _, n_levels, n_nodes, *_ = state
    n, count = len(data), len(nodes)
    _require(n_nodes == count == 2**n_levels - 1 and bounds.shape[1:] == (count, data.shape[1]), "its nodes are odd")
    _require(len(order) == n and bool(((order >= 0) & (order < n)).all()), "it names points that it has not")
    start, end, leaf = nodes["idx_start"], nodes["idx_end"], nodes["is_leaf"] != 0
    _require(bool(((start >= 0) & (start <= end) & (end <= n)).all()), "a node has points that are none")
    _require(bool(leaf[2 * np.arange(count) + 2 >= count].all()), "a node has children that are none")
    weights = state[-1]
    _require(weights is None or len(weights) == n, "its weights are not as many as its points")


def _require(good: bool, fault: str) -> None:
    if not good:
        raise ValueError(f"a tree in it is damaged: {fault}")


def _plain(node: Any, archive: zipfile.ZipFile) -> Any:
    """Returns what nodes of numbers, arrays and containers stand for; any other node as it is."""
    if not isinstance(node, dict) or "__loader__" not in node:
        return node
    loader, content = node["__loader__"], node.get("content")
    if loader == "JsonNode":
        return json.loads(str(content))
    if loader == "NdArrayNode" and node["type"] == "numpy":
        return np.load(io.BytesIO(archive.read(node["file"])), allow_pickle=False)
    if loader == "DictNode" and isinstance(content, dict):
        return {name: _plain(item, archive) for name, item in content.items()}
    if isinstance(content, list):
        return [_plain(item, archive) for item in content]
    return node
