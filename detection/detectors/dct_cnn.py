"""A small network on the logarithms of cosine coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np

from detection.base import Pair, Progress, block_size
from detection.networks import trunk
from detection.networks.gradcam import NoFeatureMap
from detection.networks.keras_detector import KerasDetector

CONSTANT = 1e-4  # a coefficient whose logarithm varies less than that over the training images is taken as constant


class DCTCNN(KerasDetector):
    """A convolutional network on standardised logarithms of cosine coefficients.

    Each channel's two-dimensional DCT-II is computed by the network's first, fixed layers, its logarithm is
    standardised per coefficient by the mean and the deviation over the training images, and the source's small network
    follows: 3 x 3 convolutions of 3 and 8 filters, a mean over 2 x 2, 16 filters, a mean, 32 filters, one logit from
    all that is left. The transform is in float32 with a higher floor under the logarithm than the source's (see
    `detection.networks.layers.LogDCT`).

    Source: Frank et al., "Leveraging frequency analysis for deep fake image recognition" (ICML 2020), section 4 and
    appendix.
    """

    paper = "Frank et al., Leveraging frequency analysis for deep fake image recognition, ICML 2020, section 4"

    _moments: tuple[np.ndarray, np.ndarray] | None = None  # of the training images, while a network is trained

    def build(self, shape: tuple[int, int, int], seed: int) -> Any:
        """Returns the network for images of one shape: from float32 in [0, 255] to a logit."""
        import keras
        from keras import layers

        from detection.networks.layers import LogDCT, Standardisation

        inputs, seeds = keras.Input(shape), trunk.seeds_from(seed)

        def convolution(x: Any, filters: int) -> Any:
            start = keras.initializers.HeNormal(seed=next(seeds))
            return layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer=start)(x)

        standardise = Standardisation()
        x = standardise(LogDCT()(inputs))
        if self._moments is not None:
            standardise.set(*self._moments)
        x = layers.AveragePooling2D(2)(convolution(convolution(x, 3), 8))
        x = convolution(layers.AveragePooling2D(2)(convolution(x, 16)), 32)
        start = keras.initializers.GlorotUniform(seed=next(seeds))
        return keras.Model(inputs, layers.Dense(1, kernel_initializer=start)(layers.Flatten()(x)), name="dct_cnn")

    def explain(self, images: np.ndarray) -> np.ndarray:
        """Refuses: places of its feature maps are frequencies, so that a heat map over the image would mislead.

        Raises:
            NoFeatureMap: Always.
        """
        raise NoFeatureMap(
            "dct-cnn has no heat maps: it sees cosine coefficients, and what a heat map would show are frequencies and "
            f"no places of the {len(images)} image(s)."
        )

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        self._moments = moments_of_log_dct(images)
        try:
            super()._fit(images, is_fake, validation, progress)
        finally:
            self._moments = None  # they are weights of the network now

    def _import_layers(self) -> None:
        import detection.networks.layers  # noqa: F401


def moments_of_log_dct(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean and the deviation of each coefficient of `LogDCT` over images, float64 of one image's shape.

    The deviation of a coefficient that does not vary is given as 1.
    """
    import keras

    from detection.networks.layers import LogDCT

    transform, size = LogDCT(), block_size(images.shape[1:])
    total = squares = np.zeros(images.shape[1:])
    for start in range(0, len(images), size):
        block = images[start : start + size].astype(np.float32)
        features = keras.ops.convert_to_numpy(transform(block)).astype(np.float64)
        # made anew and never added to in place: both names begin as one array
        total, squares = total + features.sum(axis=0), squares + (features**2).sum(axis=0)
    mean = total / len(images)
    deviation = np.sqrt(np.maximum(squares / len(images) - mean**2, 0))
    return mean, np.where(deviation < CONSTANT, 1.0, deviation)
