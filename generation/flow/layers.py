"""Group normalisation for a U-Net. Imports Keras: import this inside functions only."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

EPSILON = 1e-5
GROUPS = 8  # or fewer, where channels are not a multiple of it


def groups(channels: int) -> int:
    """Returns how many groups the channels of a map are normalised in."""
    return math.gcd(GROUPS, channels)


@keras.saving.register_keras_serializable(package="fauxbench")
class GroupNormalization(keras.layers.Layer):
    """`keras.layers.GroupNormalization` that may be scaled and shifted by others, computed from sums over channels.

    It reads the map twice and writes it once, which takes a CPU less than half of the time.

    Call arguments:
        inputs: A map `(batch, height, width, channels)`, or `[map, scale (batch, channels), shift]`, which makes the
            result `result * (1 + scale) + shift`.

    References:
        Wu, He (2018), Group normalization, section 3.1; Dhariwal, Nichol (2021), Diffusion models beat GANs on image
        synthesis, section 3.1, for scale and shift.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(autocast=False, **options)  # statistics are float32 whatever the map is

    def build(self, input_shape: Any) -> None:
        channels = (input_shape[0] if isinstance(input_shape[0], list | tuple) else input_shape)[-1]
        self.gamma = self.add_weight(shape=(channels,), initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=(channels,), initializer="zeros", name="beta")
        each = channels // groups(channels)
        self._mean = np.kron(np.eye(groups(channels)), np.full((each, each), 1 / each)).astype(np.float32)

    def call(self, inputs: Any) -> Any:
        images, *by = inputs if isinstance(inputs, list | tuple) else (inputs,)
        exact = ops.cast(images, "float32")
        # of each group, for each of its channels
        mean, square = (ops.matmul(ops.mean(v, (1, 2)), self._mean) for v in (exact, ops.square(exact)))
        variance = ops.maximum(square - ops.square(mean), 0.0)
        factor = ops.rsqrt(variance + EPSILON) * self.gamma
        shift = self.beta - mean * factor
        if by:
            scale, more = (ops.cast(v, "float32") for v in by)
            factor, shift = factor * (1 + scale), shift * (1 + scale) + more
        factor, shift = (ops.cast(ops.expand_dims(v, (1, 2)), self.compute_dtype) for v in (factor, shift))
        return ops.cast(images, self.compute_dtype) * factor + shift

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0] if isinstance(input_shape[0], list | tuple) else input_shape
