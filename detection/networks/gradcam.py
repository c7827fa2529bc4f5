"""Grad-CAM for Keras networks that end in a mean over the last feature map."""

from __future__ import annotations

from typing import Any

import numpy as np

from data.errors import UserError
from detection.networks.gradients import gradient


class NoFeatureMap(UserError):
    """A network has no feature map over the image's places that Grad-CAM could weigh."""


class GradCAM:
    """Says where in an image the evidence lies that a network's logit rests on.

    The last feature map's channels are summed with weights, each the mean over the map of the logit's gradient, and
    the sum is enlarged bilinearly to the image's size. The feature map is the input of the last operation that turns
    maps `(n, h, w, c)` into vectors, such as a global mean.

    A detector has one logit, whose sign is the decision: what the source's ReLU keeps of a map is the evidence for
    "fake". The map of the negated logit, the source's counterfactual, holds the evidence for "real". `signed` gives
    the first minus the second, which is the sum without the ReLU: it also shows what speaks for "real", and the map
    of an image that is judged real is not empty.

    With one convolution, a global mean and one dense layer, the signed map of feature size is the class activation
    map over its number of places: it adds up to the logit without the bias.

    Source: Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization"
    (2017), section 3, equations 1 and 2, and its counterfactual explanations.

    Args:
        network: A functional or sequential Keras network, from float32 `(n, height, width, channels)` to a logit
            `(n, 1)`.
        signed: Whether evidence for "real" is kept as negative values. Defaults to `False`.

    Raises:
        NoFeatureMap: If the network has no feature map.
    """

    def __init__(self, network: Any, *, signed: bool = False) -> None:
        import keras

        if isinstance(network, keras.Sequential):
            network = _functional(network)
        feature_map = _last_feature_map(network)
        self._body = keras.Model(network.inputs[0], feature_map)
        self._head = keras.Model(feature_map, network.outputs[0])
        self._signed = signed

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Returns the maps of images in the network's value range, float64 `(n, height, width)`."""
        maps = self._body(images.astype(np.float32), training=False)
        slopes = gradient(lambda values: self._head(values, training=False), maps)
        maps, slopes = _array(maps), _array(slopes)
        heat = (slopes.mean(axis=(1, 2), keepdims=True) * maps).sum(axis=-1)
        return enlarged(heat if self._signed else np.maximum(heat, 0.0), images.shape[1], images.shape[2])


def enlarged(maps: np.ndarray, height: int, width: int) -> np.ndarray:
    """Interpolates maps `(n, h, w)` bilinearly to `(n, height, width)`; beyond the outermost centres they stay level.

    The outer borders of both grids lie on each other, so that a place of the map is over the pixels that it stands for.
    """
    return _interpolation(maps.shape[1], height) @ maps @ _interpolation(maps.shape[2], width).T


def _interpolation(n_from: int, n_to: int) -> np.ndarray:
    """Returns the matrix `(n_to, n_from)` of linear interpolation between the centres of cells."""
    places = np.clip((np.arange(n_to) + 0.5) * n_from / n_to - 0.5, 0, n_from - 1)
    below = np.floor(places).astype(int)
    matrix = np.zeros((n_to, n_from))
    np.add.at(matrix, (np.arange(n_to), below), 1 - (places - below))
    np.add.at(matrix, (np.arange(n_to), np.minimum(below + 1, n_from - 1)), places - below)
    return matrix


def _functional(network: Any) -> Any:
    """Returns a copy of a sequential network, which keeps its operations to itself, as a functional one."""
    import keras

    flow = given = keras.Input(network.input_shape[1:])
    for layer in network.layers:
        flow = type(layer).from_config(layer.get_config())(flow)
    copy = keras.Model(given, flow, name=network.name)
    copy.set_weights(network.get_weights())
    return copy


def _last_feature_map(network: Any) -> Any:
    """Returns the symbolic tensor that the last operation from maps to vectors reads."""
    for operation in reversed(network.operations):
        read, written = getattr(operation, "input", None), getattr(operation, "output", None)
        ranks = [len(getattr(tensor, "shape", ())) for tensor in (read, written)]
        if ranks[0] == 4 and 0 < ranks[1] < 4 and all(read is not given for given in network.inputs):
            return read
    raise NoFeatureMap(
        "Grad-CAM needs a network with a feature map of shape (n, h, w, c) that is turned into a vector, by a global "
        f"mean for example. Received: network '{network.name}' without one, which needs an explain of its own."
    )


def _array(tensor: Any) -> np.ndarray:
    import keras

    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32")), dtype=np.float64)
