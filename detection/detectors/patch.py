"""Patch logits: a network that sees a few pixels at a time, and a map of where it finds fakes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from detection.base import in_blocks
from detection.networks import trunk
from detection.networks.keras_detector import KerasDetector

DILATIONS = {5: (1, 1), 9: (1, 1, 2), 17: (1, 1, 2, 4)}  # of 3 x 3 convolutions: each widens the field by twice its own
WIDTH, HIDDEN = 24, 32  # filters of the 3 x 3 convolutions, and of the 1 x 1 convolution behind them


class Patch(KerasDetector):
    """A logit for each patch of 5, 9 or 17 pixels a side; an image's score is their mean.

    3 x 3 convolutions, the later ones dilated, and two 1 x 1 convolutions give each pixel that a whole patch surrounds
    the logit of that patch. Nothing is padded, so that no patch can tell where in the image it lies. As in the source,
    each patch is trained by the label of its image. Different are the network (the source cuts a ResNet or Xception
    off early; fields below 19 pixels need a smaller one), its start (from random weights, the first filters less their
    mean: what few pixels tell lies in their differences, which brightness would otherwise drown for many epochs), and
    the score (there the mean of probabilities).

    Source: Chai et al., "What makes fake images detectable? Understanding properties that generalize" (ECCV 2020),
    section 3.

    Args:
        receptive_field: Side of a patch in pixels: 5, 9 or 17. Images must be at least as large. Defaults to `9`.
        **options: Those of `KerasDetector`.
    """

    paper = (
        "Chai et al., What makes fake images detectable? Understanding properties that generalize, ECCV 2020, section 3"
    )

    def __init__(
        self,
        *,
        random_state: int | None = None,
        receptive_field: Literal[5, 9, 17] = 9,
        **options: Any,
    ) -> None:
        super().__init__(random_state=random_state, **options)
        self.receptive_field = receptive_field
        self.min_size = max(type(self).min_size, receptive_field)

    def build(self, shape: tuple[int, int, int], seed: int) -> Any:
        """Returns the network for images of one shape: from float32 in [0, 255] to a logit."""
        import keras
        from keras import layers

        from detection.networks.layers import MeanPatchLogit

        inputs, seeds = keras.Input(shape), trunk.seeds_from(seed)
        x = layers.Rescaling(1 / 127.5, -1.0)(inputs)
        for dilation in DILATIONS[self.receptive_field]:
            x = trunk.convolution(x, WIDTH, seeds, dilation_rate=dilation)
        x = trunk.convolution(x, HIDDEN, seeds, size=1)
        start = keras.initializers.GlorotUniform(seed=next(seeds))
        x = layers.Conv2D(1, 1, kernel_initializer=start, dtype="float32")(x)
        network = keras.Model(inputs, MeanPatchLogit()(x), name="patch")
        first = next(layer for layer in network.layers if isinstance(layer, layers.Conv2D))
        kernel = first.get_weights()[0]
        first.set_weights([kernel - kernel.mean(axis=(0, 1), keepdims=True)])
        return network

    def explain(self, images: np.ndarray) -> np.ndarray:
        """Returns heat maps, float64 `(n, h, w)`: at each pixel the logit of the patch around it.

        The border, half a patch wide, is the centre of no patch and holds the image's score, so that a map's mean is
        the score (before calibration).
        """
        import keras

        scores = self.decision_function(images)
        patches = keras.Model(self._network.input, _map_of(self._network))
        maps = np.broadcast_to(scores[:, None, None], images.shape[:3]).copy()
        if not len(images):
            return maps
        edge = self.receptive_field // 2
        maps[:, edge:-edge, edge:-edge] = in_blocks(
            lambda block: np.asarray(patches.predict_on_batch(block.astype(np.float32)))[..., 0], images
        )
        return maps

    def _learned(self, network: Any) -> Any:
        import keras

        return keras.layers.Flatten(dtype="float32")(_map_of(network))

    def _import_layers(self) -> None:
        import detection.networks.layers  # noqa: F401


def _map_of(network: Any) -> Any:
    """Returns the patch logits `(n, h, w, 1)` whose mean is the network's output."""
    from detection.networks.layers import MeanPatchLogit

    return next(layer for layer in network.layers if isinstance(layer, MeanPatchLogit)).input
