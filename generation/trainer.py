"""Adversarial training: the loop, its logs, its checkpoints, and resuming bit for bit.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from data.errors import UserError
from generation.backend import backend
from generation.layers import Adam
from generation.networks import build_discriminator, build_generator
from generation.state import load_state, save_state
from generation.step import LOGS, adversarial_step
from generation.studies import Study

RESIDENT_BYTES = 2**30  # a larger image set stays where it is, and each call is given the images that it needs
CALL_SECONDS = 1.0  # a call of the compiled loop takes about this long: often enough for a progress bar
SAVE_SECONDS = 20.0  # between two writings of the resumable state, at least; it is also written behind each checkpoint


class Trainer:
    """Trains a generator and a discriminator against each other.

    The state after a step depends on the settings, the images and the step's number only: not on how many
    steps a call of the compiled loop takes, nor on where the training was interrupted. The order of the
    images in an epoch comes from `default_rng([seed, epoch])`; the last `n % batch_size` images of that order
    sit the epoch out.

    Attributes:
        generator, discriminator: The Keras networks.
        epoch: Finished epochs.
        history: One row per step: `step`, `epoch`, `d_loss`, `g_loss`, `d_real`, `d_fake`,
            `images_per_second`.

    Args:
        study: The architecture with its training settings.
        image_shape: `(height, width, channels)`.
        times: How often the smallest feature map is doubled.
        seed: Seeds weights, dropout, latent vectors and the order of the images.
        precision: Keras dtype policy.
    """

    def __init__(self, study: Study, image_shape: tuple[int, ...], times: int, *, seed: int, precision: str) -> None:
        self.study, self.image_shape, self.seed = study, tuple(image_shape), seed
        self.generator = build_generator(study, image_shape, times, seed=seed, precision=precision)
        self.discriminator = build_discriminator(study, image_shape, times, seed=seed + 2**32, precision=precision)
        self.epoch = 0
        self._steps_per_epoch = 0
        self._logs = np.zeros((0, len(LOGS) + 1), np.float32)
        self._optimizers = [_adam(study, model) for model in (self.generator, self.discriminator)]
        self._backend = backend()
        step = adversarial_step(
            self.generator,
            self.discriminator,
            *self._optimizers,
            updates=study.updates,
            batches=study.batches,
            output=study.output,
            latent_dim=study.latent_dim,
            batch_size=study.batch_size,
            seed=seed,
            backend=self._backend,
        )
        self._run = self._backend.compiled_steps(step, self.variables, self.image_shape, study.batch_size)

    @property
    def variables(self) -> list[Any]:
        """Everything that changes: weights, moving statistics, dropout seeds, both optimisers' state."""
        found = [*self.generator.variables, *self.discriminator.variables]
        return found + [v for optimizer in self._optimizers for v in optimizer.variables]

    @property
    def history(self) -> pd.DataFrame:
        steps = np.arange(1, len(self._logs) + 1)
        frame = pd.DataFrame(self._logs, columns=[*LOGS, "images_per_second"])
        frame.insert(0, "step", steps)
        frame.insert(1, "epoch", (steps - 1) // max(self._steps_per_epoch, 1) + 1)
        return frame

    def train(
        self,
        images: np.ndarray,
        *,
        options: dict[str, Any],
        folder: Path | None = None,
        display_interval: int | None = None,
        on_checkpoint: Callable[[str], None] | None = None,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> None:
        """Trains to the study's number of epochs, from where `folder` left off.

        Args:
            images: uint8 `(n, height, width, channels)`.
            options: What the state in `folder` must have been made with, JSON values by name.
            folder: Where the resumable state is kept. Defaults to `None`, nowhere.
            display_interval: Epochs between checkpoints. There is always one at the end. Defaults to `None`.
            on_checkpoint: Called with the checkpoint's name before the state behind it is written.
            progress: Called with steps done, steps in all, and a line of text.

        Raises:
            UserError: For fewer images than a batch, or a state made with other options.
            FloatingPointError: When a loss is no longer finite.
        """
        study = self.study
        if len(images) < study.batch_size:
            raise UserError(
                f"A batch must not be larger than the training set of {len(images)} images. "
                f"Received: batch_size={study.batch_size}."
            )
        self._steps_per_epoch = len(images) // study.batch_size
        if folder is not None and (state := load_state(folder, options, [v.shape for v in self.variables])):
            self.epoch, self._logs = state.epoch, state.logs
            for variable, value in zip(self.variables, state.values, strict=True):
                variable.assign(value)
        if self.epoch == study.epochs:
            return
        resident = images.nbytes <= RESIDENT_BYTES
        device_images = self._backend.device_array(images) if resident else None
        if progress is not None:
            progress(self.epoch * self._steps_per_epoch, study.epochs * self._steps_per_epoch, "compiling")
        self._compile(images, device_images)
        saved = time.monotonic()
        while self.epoch < study.epochs:
            self._train_epoch(images, device_images, progress)
            self.epoch += 1
            shown = self.epoch == study.epochs or (display_interval and self.epoch % display_interval == 0)
            if shown and on_checkpoint is not None:
                on_checkpoint(f"epoch-{self.epoch:04d}")
            if folder is not None and (shown or time.monotonic() - saved > SAVE_SECONDS):
                save_state(folder, options, self.epoch, self._logs, [np.asarray(v) for v in self.variables])
                saved = time.monotonic()

    def _compile(self, images: np.ndarray, device_images: Any) -> None:
        """Runs no step at all, so that the first step's images/s do not hold the compilation."""
        nothing = np.zeros((0, self.study.batch_size), np.int32)
        source = self._backend.device_array(images[:1]) if device_images is None else device_images
        self._run(source, nothing, 0)

    def _train_epoch(self, images: np.ndarray, device_images: Any, progress: Callable[..., None] | None) -> None:
        batch, per_epoch = self.study.batch_size, self._steps_per_epoch
        order = np.random.default_rng([self.seed, self.epoch + 1]).permutation(len(images))
        index = order[: per_epoch * batch].reshape(per_epoch, batch).astype(np.int32)
        done = 0
        while done < per_epoch:
            rows = index[done : done + self._call_steps()]
            start = time.perf_counter()
            first = self.epoch * per_epoch + done + 1
            if device_images is not None:
                logs = self._run(device_images, rows, first)
            else:
                here = np.arange(rows.size, dtype=np.int32).reshape(rows.shape)
                logs = self._run(self._backend.device_array(images[rows.ravel()]), here, first)
            rate = rows.size / (time.perf_counter() - start)
            self._check_finite(logs, first)
            self._logs = np.vstack([self._logs, np.column_stack([logs, np.full(len(logs), rate, np.float32)])])
            done += len(rows)
            if progress is not None:
                text = f"epoch {self.epoch + 1}/{self.study.epochs}, {rate:,.0f} images/s, "
                text += f"d_loss {logs[-1, 0]:.2f}, g_loss {logs[-1, 1]:.2f}"
                progress(first + len(rows) - 1, self.study.epochs * per_epoch, text)

    def _call_steps(self) -> int:
        if len(self._logs) == 0:
            return 1
        rate = float(self._logs[-1, -1])
        steps = int(CALL_SECONDS * rate / self.study.batch_size)
        limit = RESIDENT_BYTES // (16 * self.study.batch_size * int(np.prod(self.image_shape)))
        return max(1, min(steps, limit, 4 * max(1, len(self._logs))))

    def _check_finite(self, logs: np.ndarray, first: int) -> None:
        bad = np.flatnonzero(~np.isfinite(logs).all(axis=1))
        if bad.size:
            raise FloatingPointError(
                f"The training diverged: a loss is not finite at step {first + int(bad[0])} (epoch "
                f"{self.epoch + 1} of {self.study.epochs}). Earlier checkpoints are kept. A smaller "
                f"learning_rate may help. Received: learning_rate={self.study.learning_rate}."
            )


def _adam(study: Study, model: keras.Model) -> keras.optimizers.Optimizer:
    optimizer = Adam(study.learning_rate, beta_1=study.beta_1)
    optimizer.build(model.trainable_variables)
    return optimizer
