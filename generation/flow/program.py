"""A flow's network with all that its training changes: what a trainer turns.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from generation.flow.networks import build_unet
from generation.flow.settings import Settings
from generation.flow.step import LOGS, flow_step
from generation.training.backend import backend
from generation.training.ema import Average
from generation.training.layers import Adam
from generation.training.trainer import whole_batches

WARM_UP = 0.05  # share of the training, at most so many steps, in which the learning rate rises
LONGEST = 200
DECAY_FROM = 0.5  # share of the training after which the learning rate falls


class Matching:
    """The program of a flow's training.

    Attributes:
        network: The Keras network.
        average: The moving average of its weights, or `None`.
        logs: Names of what a step returns.

    Args:
        settings: The settings.
        image_shape: `(height, width, channels)`.
        conditions: Length of the condition vectors; 0 without. In a reflow noise stands behind each.
        seed: Seeds weights, dropout, noise, times and the order of the images.
    """

    logs: tuple[str, ...] = LOGS

    def __init__(self, settings: Settings, image_shape: tuple[int, ...], *, conditions: int, seed: int) -> None:
        self.settings, self.image_shape, self.seed = settings, tuple(image_shape), seed
        self.conditions = conditions + (math.prod(image_shape) if settings.reflow_pairs else 0)
        self.network = build_unet(settings, self.image_shape, conditions=conditions, seed=seed)
        self.average: Average | None = None
        if settings.ema:
            self.average = Average(self.network.trainable_variables, settings.batch_size, 1000 * settings.ema)
        self._optimizer: keras.optimizers.Optimizer | None = None

    @property
    def networks(self) -> dict[str, keras.Model]:
        """The network by its name."""
        return {"velocity": self.network}

    @property
    def images_per_step(self) -> int:
        """Real images that one step takes."""
        return self.settings.batch_size

    @property
    def variables(self) -> list[Any]:
        """Everything that changes: weights, dropout seeds, the optimiser's state, the average."""
        found = [*self.network.variables, *(self._optimizer.variables if self._optimizer else [])]
        return found + (self.average.variables if self.average else [])

    def prepare(self, steps: int) -> Callable[[Any, Any, Any], Any]:
        """Builds the optimiser for a training of so many steps, and returns its step."""
        settings = self.settings
        self._optimizer = Adam(Rate(settings.learning_rate, steps, settings.decay == "linear"))
        # Keras else builds it in the first step, and a state that is resumed from would find no moments to fill.
        self._optimizer.build(self.network.trainable_variables)
        own = flow_step(self.network, self._optimizer, settings=settings, seed=self.seed, backend=backend())
        return own if self.average is None else self.average.after(own)

    def order(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Returns the images of an epoch's steps, int32 `(steps, images_per_step)`; the last few sit it out."""
        return whole_batches(rng, n, self.images_per_step)

    def sampling_values(self) -> list[np.ndarray]:
        """Returns the weights that sample, in the order of `network.variables`: the average, if there is one."""
        averages = iter(self.average.variables if self.average else self.network.trainable_variables)
        learned = {id(v) for v in self.network.trainable_variables}
        return [np.asarray(next(averages) if id(v) in learned else v) for v in self.network.variables]


@keras.saving.register_keras_serializable(package="fauxbench")
class Rate(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises over the first few steps, stays, and may fall to zero over the second half.

    Args:
        rate: In between.
        steps: Updates of the whole training.
        falls: Whether it falls.
    """

    def __init__(self, rate: float, steps: int, falls: bool) -> None:
        self.rate, self.steps, self.falls = rate, steps, falls

    def __call__(self, step: Any) -> Any:
        done = ops.cast(step, "float32")
        share = ops.minimum(1.0, (done + 1.0) / max(1.0, min(LONGEST, WARM_UP * self.steps)))
        if self.falls:
            share = ops.minimum(share, (1.0 - done / self.steps) / (1.0 - DECAY_FROM))
        return self.rate * share

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "steps": self.steps, "falls": self.falls}
