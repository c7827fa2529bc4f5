"""Noise residuals: networks that see an image less what its neighbourhood predicts, by fixed or by learned filters."""

from __future__ import annotations

from typing import Any

from detection.networks import trunk
from detection.networks.keras_detector import KerasDetector

MIXED = 16  # maps that the residuals of the fixed bank are mixed to
CONSTRAINED = 12  # constrained filters
SIDE = 5  # of both kinds of filter, in pixels


class ResidualSRM(KerasDetector):
    """A small network on the noise residuals of the spatial rich model.

    30 fixed high-pass filters of up to 5 x 5 pixels on each channel take the content away; their residuals, in grey
    levels, are cut off at 2 and -2 (the source's truncation), mixed by a 1 x 1 convolution, and go through the trunk of
    `cnn` without a stride at its start. The filters are not trained.

    Source: Fridrich and Kodovsky, "Rich models for steganalysis of digital images" (IEEE TIFS 2012), section II; there
    co-occurrences of the rounded residuals are counted in place of a network.
    """

    paper = (
        "Fridrich and Kodovsky, Rich models for steganalysis of digital images, IEEE Transactions on Information "
        "Forensics and Security 2012, section II"
    )

    def build(self, shape: tuple[int, int, int], seed: int) -> Any:
        """Returns the network for images of one shape: from float32 in [0, 255] to a logit."""
        import keras

        from detection.networks.layers import SpatialRichResiduals

        inputs, seeds = keras.Input(shape), trunk.seeds_from(seed)
        x = trunk.convolution(SpatialRichResiduals()(inputs), MIXED, seeds, size=1)
        return keras.Model(inputs, trunk.logit_of(x, seeds), name="residual_srm")

    def _import_layers(self) -> None:
        import detection.networks.layers  # noqa: F401


class ResidualBayar(KerasDetector):
    """A small network on prediction errors that it learns to compute.

    12 convolutions of 5 x 5 pixels are held, after each step of training, to the form of a prediction error: in each
    channel the pixel itself weighs -1 and its neighbours sum to 1. What they leave goes through the trunk of `cnn`
    without a stride at its start.

    Source: Bayar and Stamm, "A deep learning approach to universal image manipulation detection using a new
    convolutional layer" (IH&MMSec 2016), section 4; the same authors' "Constrained convolutional neural networks"
    (IEEE TIFS 2018), section III. Theirs is another network behind the layer, for grey images of 227 or 256 pixels.
    """

    paper = (
        "Bayar and Stamm, A deep learning approach to universal image manipulation detection using a new convolutional "
        "layer, IH&MMSec 2016, section 4"
    )

    def build(self, shape: tuple[int, int, int], seed: int) -> Any:
        """Returns the network for images of one shape: from float32 in [0, 255] to a logit."""
        import keras
        from keras import layers

        from detection.networks.layers import NearAverage, PredictionError

        inputs, seeds = keras.Input(shape), trunk.seeds_from(seed)
        x = layers.Conv2D(
            CONSTRAINED,
            SIDE,
            use_bias=False,
            kernel_initializer=NearAverage(next(seeds)),
            kernel_constraint=PredictionError(),
            dtype="float32",
        )(layers.Rescaling(1 / 127.5, -1.0, dtype="float32")(inputs))
        x = layers.BatchNormalization(momentum=0.9, dtype="float32")(x)
        return keras.Model(inputs, trunk.logit_of(x, seeds), name="residual_bayar")

    def _import_layers(self) -> None:
        import detection.networks.layers  # noqa: F401
