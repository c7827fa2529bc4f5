"""Layers and a constraint that turn images into what a detector looks at. Import this inside functions only: it imports
Keras.

Each is registered in Keras' package `fauxbench`, so that a saved network that holds it is read in safe mode once this
module is imported. They compute in float32 whatever the precision of the network, since what they look for is small
beside what they take away.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from detection.features.filters import dct_matrix, srm_bank

register = keras.saving.register_keras_serializable(package="fauxbench")
FLOOR = 0.01  # grey levels: above what float32 makes of a coefficient that vanishes, below what uint8 images have there


class Float32Layer(keras.layers.Layer):
    """A layer that computes in float32 whatever the precision of the network around it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"dtype": "float32", **options})

    def get_config(self) -> dict[str, Any]:
        # Without a method of its own a layer's config is what its constructor was given, which lacks its name.
        return dict(super().get_config())


@register
class NeighbouringPixels(Float32Layer):
    """Neighbouring pixel relations: each 2 x 2 block of an image less the block's upper left pixel.

    It is the image less its copy at half size, taken and enlarged by the nearest pixel, and vanishes where a generator
    has doubled pixels. Float32 `(n, h, w, c)` to `(n, h - h % 2, w - w % 2, c)`, the unit kept: the last line of an odd
    side has no block and is left out.

    References:
        Tan et al. (2024), Rethinking the up-sampling operations in CNN-based generative network for generalizable
        deepfake detection, section 3.2.
    """

    def call(self, images: Any) -> Any:
        height, width = (side - side % 2 for side in images.shape[1:3])
        images = images[:, :height, :width]
        corners = images[:, ::2, ::2]
        return images - ops.repeat(ops.repeat(corners, 2, axis=1), 2, axis=2)

    def compute_output_shape(self, input_shape: Any) -> Any:
        n, height, width, channels = input_shape
        return n, height - height % 2, width - width % 2, channels


@register
class SpatialRichResiduals(Float32Layer):
    """The noise residuals of the spatial rich model: 30 fixed high-pass filters on each channel, scaled and truncated.

    Float32 `(n, h, w, c)` in [0, 255] to `(n, h - 4, w - 4, 30 c)` in `[-truncation, truncation]`: a residual is
    divided by the weight of its own pixel in the filter (the source's quantisation step) and cut off. It is not rounded
    as there: the rounding served co-occurrence tables, which a network replaces. No pixel is made up at the border.

    Args:
        truncation: The largest residual that is told from larger ones.

    References:
        Fridrich, Kodovsky (2012), Rich models for steganalysis of digital images, sections II.A and II.C.
    """

    def __init__(self, truncation: float = 2.0, **options: Any) -> None:
        super().__init__(**options)
        self.truncation = truncation

    def call(self, images: Any) -> Any:
        kernels = np.repeat(srm_bank().transpose(1, 2, 0)[:, :, None, :], images.shape[-1], axis=2)
        residuals = ops.depthwise_conv(images, kernels.astype(np.float32), padding="valid")
        return ops.clip(residuals, -self.truncation, self.truncation)

    def compute_output_shape(self, input_shape: Any) -> Any:
        n, height, width, channels = input_shape
        return n, height - 4, width - 4, len(srm_bank()) * channels

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"truncation": self.truncation}


@register
class PredictionError(keras.constraints.Constraint):
    """Makes each 2-D slice of a convolution's kernel the error of predicting a pixel from its neighbours.

    The weight of the pixel itself is -1 and the others are divided by their sum, so that they sum to 1. Where that sum
    is too near 0 to divide by, what it lacks is shared out evenly instead. Kernels are float32 `(rows, columns, inputs,
    filters)` with odd sides of at least 3.

    References:
        Bayar, Stamm (2016), A deep learning approach to universal image manipulation detection using a new
        convolutional layer, section 4 and algorithm 1.
    """

    SMALLEST_SUM = 0.01

    def __call__(self, kernel: Any) -> Any:
        rows, columns = kernel.shape[:2]
        centre = np.zeros((rows, columns, 1, 1), np.float32)
        centre[rows // 2, columns // 2] = 1
        others = ops.cast(kernel, "float32") * (1 - centre)
        total = ops.sum(others, axis=(0, 1), keepdims=True)
        small = ops.abs(total) < self.SMALLEST_SUM
        divided = others / ops.where(small, ops.ones_like(total), total)
        shifted = others + (1 - total) * ((1 - centre) / (rows * columns - 1))
        return ops.cast(ops.where(small, shifted, divided) - centre, kernel.dtype)


@register
class NearAverage(keras.initializers.Initializer):
    """Starts a constrained convolution: `PredictionError` of neighbours that weigh alike but for uniform noise.

    Args:
        seed: Of the noise. Weights before the constraint are uniform in [0, 1], so that no sum is near 0.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        uniform = keras.initializers.RandomUniform(0.0, 1.0, seed=self.seed)
        return PredictionError()(uniform(shape, dtype=dtype))

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


@register
class LogDCT(Float32Layer):
    """The logarithm of the magnitudes of the two-dimensional orthonormal cosine transform (DCT-II) of each channel.

    Float32 `(n, h, w, c)` in [0, 255] to `log(|DCT| + 0.01)`, in the same shape, the zero frequency first. The source
    adds 1e-12 in float64; in float32 a coefficient that vanishes comes out as rounding noise of up to 1e-3 grey levels,
    which 0.01 covers. One that is due to the rounding of pixels to whole grey levels is about 0.3.

    References:
        Frank et al. (2020), Leveraging frequency analysis for deep fake image recognition, sections 3.1 and 4.
    """

    def call(self, images: Any) -> Any:
        rows, columns = (dct_matrix(side).astype(np.float32) for side in images.shape[1:3])
        planes = ops.transpose(images, (0, 3, 1, 2))
        coefficients = ops.matmul(ops.matmul(rows, planes), columns.T)
        return ops.log(ops.abs(ops.transpose(coefficients, (0, 2, 3, 1))) + FLOOR)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@register
class Standardisation(Float32Layer):
    """Takes a fixed mean from each feature and divides by a fixed deviation; both are saved with the weights.

    Float32 `(n, ...)` to the same shape. `set` gives the two, which start as 0 and 1; nothing else changes them.
    """

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape[1:])
        self.mean = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="mean")
        self.deviation = self.add_weight(shape=shape, initializer="ones", trainable=False, name="deviation")

    def set(self, mean: np.ndarray, deviation: np.ndarray) -> None:
        """Sets the mean and the deviation, both of one image's shape."""
        self.mean.assign(mean.astype(np.float32))
        self.deviation.assign(deviation.astype(np.float32))

    def call(self, features: Any) -> Any:
        return (features - self.mean) / self.deviation

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@register
class MeanPatchLogit(Float32Layer):
    """The mean of a map of patch logits: float32 `(n, h, w, 1)` to `(n, 1)`.

    References:
        Chai et al. (2020), What makes fake images detectable? Understanding properties that generalize, section 3.
    """

    def call(self, logits: Any) -> Any:
        return ops.mean(logits, axis=(1, 2))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0], input_shape[-1]
