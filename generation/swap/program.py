"""A swap autoencoder with all that its training changes: what a trainer turns, and which faces it takes.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from generation.swap.networks import build_decoder, build_discriminator, build_encoder
from generation.swap.settings import Settings, halvings
from generation.swap.step import LOGS, swap_step
from generation.training.backend import backend
from generation.training.layers import Adam


class Swap:
    """The program of a swap autoencoder's training.

    Attributes:
        encoder, decoders, discriminator: The Keras networks; the last is `None` without an adversarial loss.
        joined: Whether the discriminator takes part, from the next `prepare` on.
        logs: Names of what a step returns.

    Args:
        settings: The settings.
        image_shape: `(height, width, channels)`.
        sides: Positions of the faces to train on, of side A and of side B.
        seed: Seeds weights, views and the order of the faces.
    """

    logs: tuple[str, ...] = LOGS
    conditions = 0

    def __init__(
        self, settings: Settings, image_shape: tuple[int, ...], sides: tuple[np.ndarray, np.ndarray], *, seed: int
    ) -> None:
        self.settings, self.image_shape, self.sides, self.seed = settings, tuple(image_shape), sides, seed
        place = settings, self.image_shape, halvings(settings, self.image_shape)
        self.encoder = build_encoder(*place, seed=4 * seed)
        self.decoders = (
            build_decoder(*place, seed=4 * seed + 1, name="decoder_a"),
            build_decoder(*place, seed=4 * seed + 2, name="decoder_b"),
        )
        self.discriminator: keras.Model | None = None
        if settings.adversarial:
            self.discriminator = build_discriminator(*place, seed=4 * seed + 3)
        self.joined = settings.joins == 0
        self._optimizers = self._built()

    @property
    def images_per_step(self) -> int:
        """Faces that one step takes, half of them of each side."""
        return self.settings.batch_size

    @property
    def networks(self) -> dict[str, keras.Model]:
        """The networks by name."""
        found = {"encoder": self.encoder, "decoder_a": self.decoders[0], "decoder_b": self.decoders[1]}
        return found | ({"discriminator": self.discriminator} if self.discriminator is not None else {})

    @property
    def variables(self) -> list[Any]:
        """Everything that changes: the networks' weights and the optimisers' state."""
        found = [v for network in self.networks.values() for v in network.variables]
        return found + [v for optimizer in self._optimizers.values() for v in optimizer.variables]

    def prepare(self, steps: int) -> Callable[[Any, Any, Any], Any]:
        """Returns the step, with the discriminator if it has joined."""
        del steps
        discriminator = self.discriminator if self.joined else None
        optimizers = {name: value for name, value in self._optimizers.items() if name != "discriminator" or self.joined}
        place = self.encoder, self.decoders, discriminator, optimizers
        return swap_step(*place, settings=self.settings, seed=self.seed, backend=backend())

    def order(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Returns the faces of an epoch's steps, int32 `(steps, images_per_step)`, the first half of side A.

        An epoch goes once through the larger side, in an order of its own, but for a last half batch that is not full.
        The smaller side is gone through as often as that takes, each time in another order. The faces that are held
        out are in no step.
        """
        del n
        half = self.images_per_step // 2
        steps = max(map(len, self.sides)) // half
        return np.hstack([_passes(rng, side, steps * half).reshape(steps, half) for side in self.sides])

    def _built(self) -> dict[str, keras.optimizers.Optimizer]:
        settings, found = self.settings, {}
        if settings.train != "discriminator":
            weights = [v for network in (self.encoder, *self.decoders) for v in network.trainable_variables]
            found["autoencoder"] = Adam(settings.learning_rate, beta_1=settings.beta_1)
            found["autoencoder"].build(weights)
        if self.discriminator is not None and settings.train != "autoencoder":
            found["discriminator"] = Adam(settings.discriminator_learning_rate, beta_1=settings.beta_1)
            found["discriminator"].build(self.discriminator.trainable_variables)
        return found


def _passes(rng: np.random.Generator, side: np.ndarray, n: int) -> np.ndarray:
    """Returns `n` positions, int32: one permutation of a side after the other."""
    times = -(-n // max(len(side), 1))
    return np.concatenate([rng.permutation(side) for _ in range(times)])[:n].astype(np.int32)
