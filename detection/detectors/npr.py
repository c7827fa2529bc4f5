"""Neighbouring pixel relations: a network that sees only how a pixel differs from its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from detection.networks import trunk
from detection.networks.keras_detector import KerasDetector

DEVIATIONS = {3: (0.229, 0.224, 0.225), 1: (0.226,)}  # of ImageNet's red, green, blue; their mean for grey images
SHARE = 2 / 3  # the source's factor on the differences


class NPR(KerasDetector):
    """A network on the differences of neighbouring pixels, where doubling pixels leaves a trace.

    Each 2 x 2 block less its upper left pixel, times 2/3, is all that the network sees. The source normalises images by
    ImageNet's mean and deviation before; the mean cancels in the difference and the division by the deviation stays
    (grey images are divided by the mean of the three). The last line of an odd side is left out. As in the source,
    random shifts in training let the blocks fall anywhere.

    `"published"` is the source's network, to the parameter: a 3 x 3 convolution of stride 2 with 64 filters, a maximum
    over 3 x 3 of stride 2, the first two stages of ResNet-50 (3 and 4 bottlenecks), a mean, one logit. It has 1,437,761
    trained weights for colour images, its source trains it at 224 pixels with a learning rate of 0.0002, and at 32
    pixels its last map is 4 x 4. `"small"`, the default, is the trunk of `cnn` at full resolution: at 32 pixels it
    trains about four times as fast.

    Source: Tan et al., "Rethinking the up-sampling operations in CNN-based generative network for generalizable
    deepfake detection" (CVPR 2024), sections 3.2 and 3.3.

    Args:
        network: `"small"` or `"published"`. Defaults to `"small"`.
        **options: Those of `KerasDetector`.
    """

    paper = (
        "Tan et al., Rethinking the up-sampling operations in CNN-based generative network for generalizable deepfake "
        "detection, CVPR 2024, section 3.2"
    )

    def __init__(
        self,
        *,
        random_state: int | None = None,
        network: Literal["small", "published"] = "small",
        **options: Any,
    ) -> None:
        super().__init__(random_state=random_state, **options)
        self.network = network

    def build(self, shape: tuple[int, int, int], seed: int) -> Any:
        """Returns the network for images of one shape: from float32 in [0, 255] to a logit."""
        import keras

        from detection.networks.layers import NeighbouringPixels

        inputs, seeds = keras.Input(shape), trunk.seeds_from(seed)
        scale = [SHARE / (255 * deviation) for deviation in DEVIATIONS[shape[2]]]
        x = keras.layers.Rescaling(scale, dtype="float32")(NeighbouringPixels()(inputs))
        logit = trunk.logit_of(x, seeds) if self.network == "small" else _published(x, seeds)
        return keras.Model(inputs, logit, name="npr")

    def _import_layers(self) -> None:
        import detection.networks.layers  # noqa: F401


def _published(x: Any, seeds: Iterator[int]) -> Any:
    import keras
    from keras import layers

    x = layers.ReLU()(_normed(x, 64, 3, 2, seeds))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))  # zeros hide nothing: what ReLU leaves is not negative
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2)):
        for block in range(blocks):
            x = _bottleneck(x, width, stride if block == 0 else 1, seeds, project=block == 0)
    start = keras.initializers.GlorotUniform(seed=next(seeds))
    return layers.Dense(1, kernel_initializer=start)(layers.GlobalAveragePooling2D()(x))


def _bottleneck(x: Any, width: int, stride: int, seeds: Iterator[int], *, project: bool) -> Any:
    from keras import layers

    kept = _normed(x, 4 * width, 1, stride, seeds) if project else x
    x = layers.ReLU()(_normed(x, width, 1, 1, seeds))
    x = layers.ReLU()(_normed(x, width, 3, stride, seeds))
    return layers.ReLU()(layers.Add()([_normed(x, 4 * width, 1, 1, seeds), kept]))


def _normed(x: Any, filters: int, size: int, stride: int, seeds: Iterator[int]) -> Any:
    import keras
    from keras import layers

    if size == 3:  # one pixel on every side: with a stride of 2, "same" would pad the lower and right sides only
        x = layers.ZeroPadding2D(1)(x)
    # As the source's ResNet in PyTorch: He's start by fan-out, and a momentum of 0.1 there, which is 0.9 here.
    start = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", seed=next(seeds))
    x = layers.Conv2D(filters, size, stride, use_bias=False, kernel_initializer=start)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
