"""A step of flow matching: the network learns the velocity of straight ways from noise to images.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

import math
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
NOISE, TIMES, MIRRORED, DROPPED, ENDS, APART = range(6)
CALM = 1e-3  # keeps the weight of an image without error finite; the paper's c


def call(network: keras.Model, points: Any, times: Any, conditions: Any, training: bool, spans: Any = None) -> Any:
    """Calls a network, with spans if it is of a mean flow, and with the conditions if it is a conditional one."""
    moments = [times] if spans is None else [times, spans]
    return network([points, *moments, *([conditions] if conditions.shape[1] else [])], training=training)


def path(noise: Any, images: Any, times: Any) -> tuple[Any, Any]:
    """Returns the points at `times (batch, 1)` on the straight ways from noise to images, and their velocity there.

    References:
        Lipman et al. (2023), Flow matching for generative modeling, section 4, example II; Liu et al. (2023), Flow
        straight and fast, equation 1.
    """
    share = ops.reshape(times, (-1, 1, 1, 1))
    return (1 - share) * noise + share * images, images - noise


def draw_times(kind: Times, random: Randomness, n: int, stream: int = TIMES) -> Any:
    """Returns times in [0, 1], `(n, 1)`: all as often, or those in the middle more often, where guessing is hardest.

    References:
        Esser et al. (2024), Scaling rectified flow transformers for high-resolution image synthesis, section 3.1.
    """
    if kind == "uniform":
        return random.uniform((n, 1), stream)
    return ops.sigmoid(random.normal((n, 1), stream))


def draw_spans(settings: Settings, random: Randomness, n: int) -> tuple[Any, Any]:
    """Returns times `(n, 1)`, and how much further on ways from there end: for most of them no further.

    References:
        Geng et al. (2025), Mean flows for one-step generative modeling, section 4.3.
    """
    first, second = (draw_times(settings.times, random, n, stream) for stream in (TIMES, ENDS))
    apart = random.uniform((n, 1), APART) < settings.mean_share
    return ops.where(apart, ops.minimum(first, second), first), ops.where(apart, ops.abs(second - first), 0.0)


def mean_errors(
    network: keras.Model, points: Any, times: Any, spans: Any, velocity: Any, conditions: Any, backend: ModuleType
) -> Any:
    """Returns by how much the mean velocity that a network gives differs from what its own change along the way says,
    the mean of the squares over each image, `(batch,)`.

    The mean velocity `u` from a time to a later end, times the span in between, is the distance covered; by the time,
    with the end where it is, that says `u = velocity + span * (change of u along the way)`. Its right side is what the
    network is to learn, and no gradient passes through it. Without a span that is flow matching.

    References:
        Geng et al. (2025), equations 6 to 11. Their time runs from images to noise, and ours from noise to images.
    """

    def mean(x: Any, at: Any, span: Any) -> Any:
        return call(network, x, at, conditions, True, span)

    one = ops.ones_like(times)
    found, change = backend.jvp(mean, [points, times, spans], [velocity, one, -one])
    goal = ops.stop_gradient(velocity + ops.reshape(spans, (-1, 1, 1, 1)) * change)
    return ops.mean(ops.square(found - goal), axis=(1, 2, 3))


def counts(errors: Any, size: int, power: float) -> Any:
    """Returns how much each image counts: less where its error is large, as that of a mean flow can be by far.

    Args:
        errors: Mean squares over each image, `(batch,)`.
        size: Of an image, its number of values.
        power: Of the sum of squares that is divided by; 0 counts all alike.

    References:
        Geng et al. (2025), equation 22, but for one factor for all, which Adam does not see.
    """
    return ops.power(errors * size + CALM, -power)


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
        step's number, from 1. It returns float32 `(1,)`: the mean squared error of the velocity. In a reflow the noise
        that each image is to begin as stands behind its conditions.

    References:
        Lipman et al. (2023), equation 9; Ho, Salimans (2022), algorithm 1, for conditions that are left out; Liu et al.
        (2023), algorithm 1, for a reflow.
    """
    weights, n = network.trainable_variables, settings.batch_size

    def step(images: Any, conditions: Any, number: Any) -> Any:
        size = math.prod(images.shape[1:])
        paired = conditions.shape[1] - size if settings.reflow_pairs else conditions.shape[1]
        conditions, given = conditions[:, :paired], conditions[:, paired:]
        random = Randomness(backend, seed, 0, number)
        real = to_range(images, "tanh")
        if settings.mirror:
            real = augment.mirror(real, random.uniform((n,), MIRRORED) < 0.5)
        if settings.condition_dropout:
            known = random.uniform((n, 1), DROPPED) >= settings.condition_dropout
            conditions = conditions * ops.cast(known, "float32")
        noise = ops.reshape(given, real.shape) if settings.reflow_pairs else random.normal(real.shape, NOISE)
        if settings.spans:
            times, spans = draw_spans(settings, random, n)
        else:
            times = draw_times(settings.times, random, n)
        points, velocity = path(noise, real, times)

        def error() -> Any:
            if settings.spans:
                return mean_errors(network, points, times, spans, velocity, conditions, backend)
            return ops.mean(ops.square(call(network, points, times, conditions, True) - velocity))

        loss, back = backend.vjp(error, weights)
        share = counts(loss, size, settings.mean_power) / n if settings.spans else ops.ones_like(loss)
        optimizer.apply(back(share, "weights"), weights)
        return ops.reshape(ops.mean(loss), (1,)) if settings.spans else ops.stack([loss])

    return step
