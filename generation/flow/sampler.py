"""Draws images with a flow's network, whatever the batch. Imports Keras: import this inside functions only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from generation.flow.networks import build_unet
from generation.flow.settings import Sampling, Settings
from generation.flow.solver import follow, guided
from generation.flow.step import call
from generation.training.backend import backend
from generation.training.levels import levels

BATCH = 64  # fixed: a matrix product's last bits may depend on the batch size


class Sampler:
    """A network of its own, so that drawing does not disturb a training.

    Attributes:
        network: The Keras network.

    Args:
        settings: The settings.
        image_shape: `(height, width, channels)`.
        conditions: Length of the condition vectors; 0 without.
    """

    def __init__(self, settings: Settings, image_shape: tuple[int, ...], conditions: int) -> None:
        self.image_shape, self.conditions = tuple(image_shape), conditions
        self.network = build_unet(settings, self.image_shape, conditions=conditions)
        shapes = (BATCH, *self.image_shape), (BATCH, 1), (BATCH, conditions), *([(BATCH, 1)] * settings.spans)
        self._velocity = backend().compiled(lambda x, t, c, *s: call(self.network, x, t, c, False, *s), *shapes)
        self._spans = settings.spans

    def set(self, values: Sequence[np.ndarray]) -> None:
        """Takes weights over, in the order of `network.variables`."""
        for variable, value in zip(self.network.variables, values, strict=True):
            variable.assign(value)

    def values(self) -> list[np.ndarray]:
        """Returns the weights, in the order of `network.variables`."""
        return [np.asarray(variable) for variable in self.network.variables]

    def outputs(self, noise: np.ndarray, conditions: np.ndarray, sampling: Sampling) -> np.ndarray:
        """Returns images before they are rounded, float32 `(n, height, width, channels)`, about -1 to 1.

        Args:
            noise: float32 `(n, height, width, channels)`, or flat.
            conditions: float32 `(n, k)`.
            sampling: How the flow is followed.
        """
        noise = noise.reshape(len(noise), *self.image_shape)
        images = np.empty(noise.shape, np.float32)
        for start in range(0, len(noise), BATCH):
            rows = slice(start, start + BATCH)
            wanted, nothing = _padded(conditions[rows]), np.zeros((BATCH, self.conditions), np.float32)
            with_it, without = (self._of(vectors, sampling.steps) for vectors in (wanted, nothing))
            velocity = guided(with_it, without, sampling.guidance)
            drawn = follow(velocity, _padded(noise[rows]), steps=sampling.steps, solver=sampling.solver)
            images[rows] = drawn[: len(noise[rows])]
        return images

    def draw(self, noise: np.ndarray, conditions: np.ndarray, sampling: Sampling) -> np.ndarray:
        """Returns the same rounded to grey levels, uint8; an image does not depend on those beside it."""
        return levels(self.outputs(noise, conditions, sampling), "tanh")

    def _of(self, conditions: np.ndarray, steps: int) -> Any:
        """Returns the velocity; of a mean flow, over a step, which is then taken without an error of its own."""
        spans = [np.full((BATCH, 1), 1 / steps, np.float32)] if self._spans else []
        return lambda points, time: self._velocity(points, np.full((BATCH, 1), time, np.float32), conditions, *spans)


def _padded(rows: np.ndarray) -> Any:
    full = np.zeros((BATCH, *rows.shape[1:]), np.float32)
    full[: len(rows)] = rows
    return full
