"""A generator and a discriminator with all that their training changes: what a trainer turns.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from generation.dcgan.networks import build_discriminator, build_generator
from generation.dcgan.studies import Study
from generation.training.backend import backend
from generation.training.ema import Average
from generation.training.layers import Adam
from generation.training.step import LOGS, adversarial_step
from generation.training.trainer import whole_batches

DECAY_FROM = 0.5  # share of the training after which the learning rate falls


class Adversary:
    """The program of an adversarial training.

    Attributes:
        generator, discriminator: The Keras networks.
        average: The moving average of the generator's weights, or `None`.
        logs: Names of what a step returns.

    Args:
        study: The architecture with its training settings.
        image_shape: `(height, width, channels)`.
        times: How often the smallest feature map is doubled.
        conditions: Length of the condition vectors; 0 without.
        seed: Seeds weights, dropout, latent vectors and augmentation.
        precision: Keras dtype policy.
    """

    logs: tuple[str, ...] = LOGS

    def __init__(
        self, study: Study, image_shape: tuple[int, ...], times: int, *, conditions: int, seed: int, precision: str
    ) -> None:
        self.study, self.image_shape, self.conditions, self.seed = study, tuple(image_shape), conditions, seed
        self._times, self._precision = times, precision
        options: dict[str, Any] = {"conditions": conditions, "precision": precision}
        self.generator = build_generator(study, image_shape, times, seed=seed, **options)
        # Seeds of a spec are below 2**32: no other training's generator begins with this discriminator's numbers.
        self.discriminator = build_discriminator(study, image_shape, times, seed=seed + 2**32, **options)
        self.average: Average | None = None
        if study.ema:
            self.average = Average(self.generator.trainable_variables, study.images_per_step, 1000 * study.ema)
        self._optimizers: list[keras.optimizers.Optimizer] = []

    def twin(self) -> Adversary:
        """Returns another one of the same layers and settings, untrained."""
        options: dict[str, Any] = {"conditions": self.conditions, "seed": 0, "precision": self._precision}
        return Adversary(self.study, self.image_shape, self._times, **options)

    @property
    def networks(self) -> dict[str, keras.Model]:
        """Both networks by their names."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    @property
    def images_per_step(self) -> int:
        """Real images that one step takes."""
        return self.study.images_per_step

    @property
    def variables(self) -> list[Any]:
        """Everything that changes: weights, moving statistics, dropout seeds, both optimisers' state, the average."""
        found = [*self.generator.variables, *self.discriminator.variables]
        found += [v for optimizer in self._optimizers for v in optimizer.variables]
        return found + (self.average.variables if self.average else [])

    @property
    def rates(self) -> list[Any]:
        """The variables with the learning rates that a decay starts from; without one they are among `variables`."""
        # Keras' `learning_rate` would give a schedule's value at this step, and not the schedule.
        chosen = [optimizer._learning_rate for optimizer in self._optimizers]
        return [rate.rate for rate in chosen if isinstance(rate, LinearDecay)]

    def prepare(self, steps: int) -> Callable[[Any, Any, Any], Any]:
        """Builds the optimisers for a training of so many steps, and returns its step."""
        study = self.study
        rates = study.learning_rate, study.discriminator_learning_rate or study.learning_rate
        updates = steps * study.generator_steps, steps * study.discriminator_steps
        models = self.generator, self.discriminator
        self._optimizers = [_adam(study, *settings) for settings in zip(models, rates, updates, strict=True)]
        step = adversarial_step(*models, *self._optimizers, study=study, steps=steps, seed=self.seed, backend=backend())
        return step if self.average is None else self.average.after(step)

    def order(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Returns the images of an epoch's steps, int32 `(steps, images_per_step)`; the last few sit it out."""
        return whole_batches(rng, n, self.images_per_step)


@keras.saving.register_keras_serializable(package="fauxbench")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that stays, and falls to zero over the second half of the training.

    Args:
        rate: At the beginning.
        steps: Updates of the whole training.
    """

    def __init__(self, rate: float, steps: int) -> None:
        # A variable, so that one compiled step can serve trainings of several rates.
        self.rate = keras.Variable(rate, dtype="float32", trainable=False, name="rate")
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        left = 1.0 - ops.cast(step, "float32") / self.steps
        return self.rate * ops.minimum(1.0, left / (1.0 - DECAY_FROM))

    def get_config(self) -> dict[str, Any]:
        return {"rate": float(self.rate), "steps": self.steps}


def _adam(study: Study, model: keras.Model, rate: float, updates: int) -> keras.optimizers.Optimizer:
    schedule: Any = LinearDecay(rate, updates) if study.decay == "linear" else rate
    optimizer = Adam(schedule, beta_1=study.beta_1)
    # Keras else builds it in the first step, and a state that is resumed from would find no moments to fill.
    optimizer.build(model.trainable_variables)
    return optimizer
