"""Draws images from a generator network, whatever the batch. Imports Keras: import this inside functions only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from generation.dcgan.networks import build_generator
from generation.dcgan.studies import Study
from generation.training.backend import backend
from generation.training.levels import levels
from generation.training.step import call

BATCH = 128  # fixed: a matrix product's last bits may depend on the batch size


class Sampler:
    """A generator network of its own, so that drawing does not disturb a training.

    Attributes:
        network: The Keras network.

    Args:
        study: The architecture.
        image_shape: `(height, width, channels)`.
        times: How often the smallest feature map is doubled.
        conditions: Length of the condition vectors; 0 without.
        precision: Keras dtype policy.
    """

    def __init__(self, study: Study, image_shape: tuple[int, ...], times: int, conditions: int, precision: str) -> None:
        self.study, self.image_shape, self.conditions = study, tuple(image_shape), conditions
        self.network = build_generator(study, image_shape, times, conditions=conditions, precision=precision)
        shapes = (BATCH, study.latent_dim), (BATCH, conditions)
        self._draw = backend().compiled(lambda z, c: call(self.network, z, c, False), *shapes)

    def set(self, values: Sequence[np.ndarray]) -> None:
        """Takes weights over, in the order of `network.variables`."""
        for variable, value in zip(self.network.variables, values, strict=True):
            variable.assign(value)

    def values(self) -> list[np.ndarray]:
        """Returns the weights, in the order of `network.variables`."""
        return [np.asarray(variable) for variable in self.network.variables]

    def draw(self, latents: np.ndarray, conditions: np.ndarray) -> np.ndarray:
        """Returns uint8 `(n, height, width, channels)`; an image does not depend on those beside it.

        Args:
            latents: float32 `(n, latent_dim)`.
            conditions: float32 `(n, k)`.
        """
        images = np.empty((len(latents), *self.image_shape), np.uint8)
        for start in range(0, len(latents), BATCH):
            rows = slice(start, start + BATCH)
            n = len(latents[rows])
            outputs = self._draw(_padded(latents[rows]), _padded(conditions[rows]))
            images[rows] = levels(outputs[:n], self.study.output)
        return images


def _padded(rows: np.ndarray) -> Any:
    full = np.zeros((BATCH, rows.shape[1]), np.float32)
    full[: len(rows)] = rows
    return full
