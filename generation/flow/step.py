"""A step of flow matching: the network learns the velocity of straight ways from noise to images.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras
from keras import ops

from generation.flow.settings import Settings, Times
from generation.training import augment
from generation.training.step import Randomness, to_range

LOGS = ("g_loss",)
# Every random number of a step follows from the training's seed, one of these streams, and the step's number.
NOISE, TIMES, MIRRORED, DROPPED = range(4)


def call(network: keras.Model, points: Any, times: Any, conditions: Any, training: bool) -> Any:
    """Calls a network, with the conditions if it is a conditional one."""
    return network([points, times, conditions] if conditions.shape[1] else [points, times], training=training)


def path(noise: Any, images: Any, times: Any) -> tuple[Any, Any]:
    """Returns the points at `times (batch, 1)` on the straight ways from noise to images, and their velocity there.

    References:
        Lipman et al. (2023), Flow matching for generative modeling, section 4, example II; Liu et al. (2023), Flow
        straight and fast, equation 1.
    """
    share = ops.reshape(times, (-1, 1, 1, 1))
    return (1 - share) * noise + share * images, images - noise


def draw_times(kind: Times, random: Randomness, n: int) -> Any:
    """Returns times in [0, 1], `(n, 1)`: all as often, or those in the middle more often, where guessing is hardest.

    References:
        Esser et al. (2024), Scaling rectified flow transformers for high-resolution image synthesis, section 3.1.
    """
    if kind == "uniform":
        return random.uniform((n, 1), TIMES)
    return ops.sigmoid(random.normal((n, 1), TIMES))


def flow_step(
    network: keras.Model, optimizer: keras.optimizers.Optimizer, *, settings: Settings, seed: int, backend: ModuleType
) -> Callable[[Any, Any, Any], Any]:
    """Returns `step(images, conditions, number)`, which trains the network once.

    Args:
        network: A built U-Net.
        optimizer: A built optimiser of its weights.
        settings: The settings.
        seed: Seed of everything random; the numbers of a step depend on it and on the step's number only.
        backend: From `generation.training.backend`.

    Returns:
        A function of uint8 images `(batch, height, width, channels)`, float32 conditions of as many rows and the
        step's number, from 1. It returns float32 `(1,)`: the mean squared error of the velocity.

    References:
        Lipman et al. (2023), equation 9; Ho, Salimans (2022), algorithm 1, for conditions that are left out.
    """
    weights, n = network.trainable_variables, settings.batch_size

    def step(images: Any, conditions: Any, number: Any) -> Any:
        random = Randomness(backend, seed, 0, number)
        real = to_range(images, "tanh")
        if settings.mirror:
            real = augment.mirror(real, random.uniform((n,), MIRRORED) < 0.5)
        if settings.condition_dropout:
            known = random.uniform((n, 1), DROPPED) >= settings.condition_dropout
            conditions = conditions * ops.cast(known, "float32")
        times = draw_times(settings.times, random, n)
        points, velocity = path(random.normal(real.shape, NOISE), real, times)

        def error() -> Any:
            return ops.mean(ops.square(call(network, points, times, conditions, True) - velocity))

        loss, back = backend.vjp(error, weights)
        optimizer.apply(back(ops.ones_like(loss), "weights"), weights)
        return ops.stack([loss])

    return step
