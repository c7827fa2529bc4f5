"""The small convolutional trunk that several detectors share: full resolution first, then halvings, one logit last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SMALLEST = 4  # the last map's side in pixels is at least this, for inputs of 8 pixels and more
WIDTHS = (16, 32, 64, 96, 128)


def seeds_from(seed: int) -> Iterator[int]:
    """Returns the seeds of a network's layers, in order; networks of other seeds have others."""
    return iter(range(1000 * seed, 1000 * seed + 1000))


def convolution(x: Any, filters: int, seeds: Iterator[int], *, size: int = 3, **options: Any) -> Any:
    """Returns ReLU(batch norm(convolution(x))), without a bias; `options` are those of `keras.layers.Conv2D`."""
    import keras
    from keras import layers

    start = keras.initializers.HeNormal(seed=next(seeds))
    x = layers.Conv2D(filters, size, use_bias=False, kernel_initializer=start, **options)(x)
    # Keras' 0.99 follows the weights 100 steps late, and an epoch, after which they are judged, may have only 30.
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def logit_of(x: Any, seeds: Iterator[int]) -> Any:
    """Returns one logit `(n, 1)` for maps `(n, h, w, c)`.

    A 3 x 3 convolution of 16 filters keeps the resolution; then stages of a convolution of stride 2 and one of stride
    1, of 32 filters and more, follow until the map has about 4 pixels a side. Its mean is taken.
    """
    import keras
    from keras import layers

    side, stage = min(x.shape[1:3]), 1
    x = convolution(x, WIDTHS[0], seeds, padding="same")
    while side >= 2 * SMALLEST and stage < len(WIDTHS):
        x = convolution(x, WIDTHS[stage], seeds, padding="same", strides=2)
        x = convolution(x, WIDTHS[stage], seeds, padding="same")
        side, stage = (side + 1) // 2, stage + 1
    x = layers.Dropout(0.2, seed=next(seeds))(layers.GlobalAveragePooling2D()(x))
    start = keras.initializers.GlorotUniform(seed=next(seeds))
    return layers.Dense(1, kernel_initializer=start)(x)
