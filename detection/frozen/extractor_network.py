"""The network of the feature extractor, its training step, and the batches that it learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from detection.networks.batches import augment
from detection.networks.few_steps import eagerly

WIDTH = 64  # features: with more, a covariance of a thousand images is mostly noise
WIDTHS = (32, 64, 64, 64, 64)
SMALLEST = 8  # a map with shorter sides is not halved again
RATE = 0.002  # of Adam; falls to 0 along a cosine
PIXELS = 200_000_000  # that training looks at, at most: about a minute on two CPU cores


def build(shape: tuple[int, ...], outputs: int, seed: int) -> Any:
    """Returns a network from float32 images in [0, 255] to a pair: features `(n, 64)` and logits `(n, outputs)`.

    From 16 pixels on the first convolution halves the map, which makes training four times as fast.
    """
    import keras
    from keras import layers

    seeds = iter(range(1000 * seed, 1000 * seed + 1000))
    inputs = keras.Input(tuple(shape))
    features = layers.GlobalAveragePooling2D()(convolutions(inputs, seeds))
    start = keras.initializers.GlorotUniform(seed=next(seeds))
    return keras.Model(inputs, [features, layers.Dense(outputs, kernel_initializer=start)(features)], name="extractor")


def convolutions(inputs: Any, seeds: Iterator[int]) -> Any:
    """Returns the last map `(n, 2 to 12, 2 to 12, 64)` of images in [0, 255]; the initial weights use up the seeds."""
    import keras
    from keras import layers

    def convolution(x: Any, filters: int, stride: int) -> Any:
        start = keras.initializers.HeNormal(seed=next(seeds))
        x = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False, kernel_initializer=start)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    side = min(inputs.shape[1:3])
    first = 1 if side < 2 * SMALLEST else 2
    x = convolution(layers.Rescaling(1 / 127.5, -1.0)(inputs), WIDTHS[0], first)
    side //= first
    for stage, filters in enumerate(WIDTHS[1:]):
        if side < SMALLEST and stage:
            break
        x = convolution(convolution(x, filters, 2), filters, 1)
        side //= 2
    return x


def training_step(network: Any, steps: int, *, many: bool) -> Callable[[np.ndarray, np.ndarray], float]:
    """Returns the function that trains on one batch of images and targets and gives its loss.

    Args:
        network: What `build` returned.
        steps: How many batches there will be.
        many: Whether every output is a question of its own, answered by yes or no.
    """
    import keras

    head = keras.Model(network.input, network.outputs[1])
    losses = keras.losses.BinaryCrossentropy if many else keras.losses.SparseCategoricalCrossentropy
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    head.compile(optimizer=keras.optimizers.Adam(rate), loss=losses(from_logits=True), run_eagerly=eagerly(steps))
    # Keras gives the mean of all batches so far; one that is not finite makes all later ones so.
    return lambda images, targets: float(head.train_on_batch(images.astype(np.float32), targets))


def batches(n: int, size: int, steps: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yields int64 `(size,)` positions, `steps` times: the images in permuted rounds, each whole before the next."""
    waiting = np.empty(0, np.int64)
    for _ in range(steps):
        while len(waiting) < size:
            waiting = np.concatenate([waiting, rng.permutation(n)])
        at, waiting = waiting[:size], waiting[size:]
        yield at


def posed(images: np.ndarray, targets: np.ndarray | None, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns a batch shifted by up to a sixteenth of its side; without targets each image turned, and by how much."""
    if targets is None:
        images, targets = turned(images, rng)
    return augment(images, rng, min(images.shape[1:3]) // 16, mirror=False), targets


def turned(images: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns images `(n, h, w, c)` turned by quarters (halves if they are not square), and int64 `(n,)` turns."""
    square = images.shape[1] == images.shape[2]
    turns = rng.integers(0, 4 if square else 2, len(images))
    out = images.copy()
    for turn in np.unique(turns):
        mine = turns == turn
        out[mine] = np.rot90(images[mine], turn if square else 2 * turn, axes=(1, 2))
    return out, turns
