"""A flow as it stands after a training: what samples from it, and its files. Imports Keras when it is first used."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from generation import latents
from generation.flow.settings import Sampling, Settings, halvings
from generation.trained import Trained
from generation.training.weights import NOT_FITTED


class TrainedFlow(Trained):
    """The part of `generation.flow.generator.Flow` that does not train; see there.

    Samples of one seed begin as the same noise, however many steps they take from there.

    Args:
        settings: Its options that change the network or the training.
        sampling: Those that change samples alone.
    """

    kind = "flow"

    def __init__(self, settings: Settings, sampling: Sampling) -> None:
        super().__init__(settings.condition)
        self.settings, self.sampling = settings, sampling

    @property
    def parameters(self) -> int | None:
        """How many numbers the network has learned; `None` before `fit` or `load`."""
        if self._sampler is None:
            return None
        return sum(math.prod(variable.shape) for variable in self._sampler.network.trainable_variables)

    def check_shape(self, image_shape: tuple[int, ...]) -> None:
        """Checks that the U-Net can make images `(height, width, channels)`, before any training.

        Raises:
            UserError: If not; the message lists the sizes that it can make.
        """
        halvings(self.settings.depth, image_shape)

    def latents(self, n: int, seed: int = 0) -> np.ndarray:
        """Returns the noise of a seed, float32 `(n, height * width * channels)`; the first do not depend on `n`."""
        if self.image_shape is None:
            raise RuntimeError(NOT_FITTED)
        return latents.draw(n, math.prod(self.image_shape), seed)

    def values(self) -> list[np.ndarray]:
        """Returns the weights that sample, in the order of the network's variables."""
        if self._sampler is None:
            raise RuntimeError(NOT_FITTED)
        return list(self._sampler.values())

    def _drawn(self, noise: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        return np.asarray(self._sampler.draw(noise, wanted, self.sampling))

    def plain_networks(self) -> dict[str, tuple[Any, str]]:
        """Returns `velocity` (what samples) as a network of Keras' own layers, for other programs.

        Beside it stands what it takes and what it gives.

        Raises:
            RuntimeError: Before `fit` or `load`.
        """
        if self._sampler is None or self.image_shape is None:
            raise RuntimeError(NOT_FITTED)
        from generation.flow.networks import plain_unet

        shape, given = ", ".join(map(str, self.image_shape)), self.given("all 0 for none, or ")
        network = plain_unet(self._sampler.network, self.settings)
        about = (
            f"images (n, {shape}), at time 0 standard normal noise and at time 1 images in [-1, 1], and times (n, 1) "
            f"between them{', spans (n, 1) from these times to later ones' if self.settings.spans else ''}{given} -> "
            f"{'mean velocities over the spans' if self.settings.spans else 'velocities'} (n, {shape}): what images "
            f"change by per unit of time"
        )
        return {"velocity": (network, about)}

    def options(self) -> dict[str, Any]:
        """Returns everything that a training depends on beside images and seed, as JSON values."""
        # a depth that is asked for is the same as one that the size brings
        own = self.settings.depth if self.image_shape is None else halvings(self.settings.depth, self.image_shape)
        return {**dataclasses.asdict(self.settings), "depth": own}

    def make_sampler(self) -> Any:
        """Returns an untrained `generation.flow.sampler.Sampler` of this generator's layers."""
        from generation.flow.sampler import Sampler

        length = self.conditions.length if self.conditions else 0
        return Sampler(self.settings, tuple(self.image_shape or ()), length)
