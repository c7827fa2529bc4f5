"""The training loop of every generator that learns by steps: its logs, its checkpoints, and resuming bit for bit.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import pandas as pd

from data.errors import UserError
from generation.training.backend import backend
from generation.training.state import State, load_state, save_state

RESIDENT_BYTES = 2**30  # a larger image set stays where it is, and each call is given the images that it needs
CALL_SECONDS = 1.0  # a call of the compiled loop takes about this long: often enough for a progress bar
SAVE_SECONDS = 20.0  # between two writings of the resumable state, at least; it is also written behind each checkpoint

Progress = Callable[[int, int, str], None]
OnLogs = Callable[[int, dict[str, np.ndarray]], None]


class Diverged(FloatingPointError):
    """A loss is no longer finite."""


class Program(Protocol):
    """What a trainer turns.

    Attributes:
        image_shape: `(height, width, channels)` of the training images.
        conditions: Length of the vector beside each image; 0 without.
        images_per_step: Images that one step takes.
        logs: Names of what a step returns; the first two are shown beside the progress.
        variables: Everything that a step changes.
        seed: Of the order of the images.
    """

    image_shape: tuple[int, ...]
    conditions: int
    seed: int
    logs: tuple[str, ...]

    @property
    def images_per_step(self) -> int: ...

    @property
    def variables(self) -> list[Any]: ...

    def prepare(self, steps: int) -> Callable[[Any, Any, Any], Any]:
        """Returns `step(images, conditions, number)` for a training of so many steps."""

    def order(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Returns which images the steps of an epoch take, int32 `(steps, images_per_step)`, as many each time."""


@dataclass(frozen=True)
class Turn:
    """Steps that a training wants to be done: those of `rows`, numbered from `first`; fewer will do."""

    trainer: Trainer
    rows: np.ndarray
    first: int


Turns = Generator[Turn, np.ndarray, None]  # is sent the logs of the steps that were done, `(steps, k)`


def whole_batches(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    """Returns an order of n images in steps of `size`, int32 `(steps, size)`; the last few sit it out."""
    steps = n // size
    return rng.permutation(n)[: steps * size].reshape(steps, size).astype(np.int32)


def drive(turns: Turns) -> None:
    """Does all the steps of one training, each with its trainer's own compiled loop."""
    try:
        turn = next(turns)
        while True:
            turn = turns.send(turn.trainer.run(turn.rows, turn.first))
    except StopIteration:
        return


class Trainer:
    """Trains a program for a number of epochs.

    The state after a step depends on the settings, the images and the step's number only: not on how many
    steps a call of the compiled loop takes, nor on where the training was interrupted. The order of the
    images in an epoch comes from `default_rng([seed, epoch])`.

    Attributes:
        epoch: Finished epochs.
        history: One row per step: `step`, `epoch`, what the program logs, `images_per_second`.

    Args:
        program: What is trained.
        images: uint8 `(n, height, width, channels)`.
        conditions: float32 `(n, k)`; `k` may be 0.
        epochs: How many.
        options: What a state to resume from must have been made with, JSON values by name.
        notes: Lists of JSON values that are kept with the state, and filled from it when the training goes on.
        advice: Ends the message of a training that diverges.
    """

    def __init__(
        self,
        program: Program,
        images: np.ndarray,
        conditions: np.ndarray,
        *,
        epochs: int,
        options: dict[str, Any],
        notes: dict[str, list[Any]] | None = None,
        advice: str = "",
    ) -> None:
        self.program, self.epochs, self._advice = program, epochs, advice
        self._options = {**options, "backend": keras.backend.backend()}  # another one draws other numbers
        self._notes = notes or {}
        self._images, self._conditions = images, np.ascontiguousarray(conditions, np.float32)
        self._per_epoch = len(program.order(np.random.default_rng(0), len(images)))
        if self._per_epoch == 0:
            raise UserError(
                f"A batch must not be larger than the training set of {len(images)} images. "
                f"Received: batch_size={program.images_per_step}."
            )
        self.epoch = 0
        self._logs = np.zeros((0, len(program.logs) + 1), np.float32)
        self._backend = backend()
        self.renew()

    def renew(self) -> None:
        """Asks the program for its step again, which is another one from now on."""
        program = self.program
        step = program.prepare(self.steps)
        shape = program.image_shape, program.conditions, program.images_per_step
        self._run = self._backend.compiled_steps(step, program.variables, *shape, self.steps)
        self._resident: tuple[Any, Any] | None = None

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return self.epochs * self._per_epoch

    @property
    def history(self) -> pd.DataFrame:
        steps = np.arange(1, len(self._logs) + 1)
        frame = pd.DataFrame(self._logs, columns=self._columns)
        frame.insert(0, "step", steps)
        frame.insert(1, "epoch", (steps - 1) // self._per_epoch + 1)
        return frame

    def train(self, **options: Any) -> None:
        """Trains to the last epoch; the options are those of `turns`."""
        drive(self.turns(**options))

    def turns(
        self,
        *,
        folder: Path | None = None,
        display_interval: int | None = None,
        on_checkpoint: Callable[[str], None] | None = None,
        on_epoch: Callable[[int], bool] | None = None,
        progress: Progress | None = None,
        on_logs: OnLogs | None = None,
    ) -> Turns:
        """Trains to the last epoch, from where `folder` left off, while someone else does the steps: see `drive`.

        Args:
            folder: Where the resumable state is kept. Defaults to `None`, nowhere.
            display_interval: Epochs between checkpoints. There is always one at the end. Defaults to `None`.
            on_checkpoint: Called with the checkpoint's name before the state behind it is written.
            on_epoch: Called with the number of finished epochs, before the checkpoint; ends the training when it
                returns `False`, which is then as finished as it gets: the state says so, and nothing goes on from it.
            progress: Called with steps done, steps in all, and a line of text.
            on_logs: Called after each call of the compiled loop with the number of its first step and the columns of
                `history` that the program logs, float32 `(steps,)`, by name.

        Raises:
            UserError: For a state made with other options.
            Diverged: When a loss is no longer finite.
        """
        ended = False
        if folder is not None and (state := load_state(folder, self._options, [v.shape for v in self._variables])):
            self.epoch, self._logs, ended = state.epoch, state.logs, state.ended
            for name, kept in self._notes.items():
                kept[:] = state.notes.get(name, [])
            for variable, value in zip(self._variables, state.values, strict=True):
                variable.assign(value)
        if ended or self.epoch == self.epochs:
            return
        if progress is not None:
            progress(self.epoch * self._per_epoch, self.steps, "compiling")
        # No step at all, so that the first step's images/s do not hold the compilation.
        yield Turn(self, np.zeros((0, self.program.images_per_step), np.int32), 0)
        saved = time.monotonic()
        while self.epoch < self.epochs:
            yield from self._epoch(progress, on_logs)
            self.epoch += 1
            going_on = on_epoch is None or on_epoch(self.epoch)
            last = self.epoch == self.epochs or not going_on
            self._check_weights()
            shown = last or (display_interval and self.epoch % display_interval == 0)
            if shown and on_checkpoint is not None:
                on_checkpoint(f"epoch-{self.epoch:04d}")
            if folder is not None and (shown or time.monotonic() - saved > SAVE_SECONDS):
                values = [np.asarray(v) for v in self._variables]
                save_state(folder, State(self.epoch, self._logs, values, self._notes, last), self._options)
                saved = time.monotonic()
            if not going_on:
                return

    @property
    def _columns(self) -> list[str]:
        return [*self.program.logs, "images_per_second"]

    @property
    def _variables(self) -> list[Any]:
        return self.program.variables

    @property
    def resident(self) -> bool:
        """Whether the images are small enough to stay on the device."""
        return self._images.nbytes + self._conditions.nbytes <= RESIDENT_BYTES

    def on_device(self) -> tuple[Any, Any]:
        """Returns all images and conditions on the device."""
        if self._resident is None:
            self._resident = self._backend.device_array(self._images), self._backend.device_array(self._conditions)
        return self._resident

    def run(self, rows: np.ndarray, first: int) -> np.ndarray:
        """Does the steps of a turn, and returns their logs."""
        if self.resident:
            return self._run(*self.on_device(), rows, first)
        here = np.arange(rows.size, dtype=np.int32).reshape(rows.shape)
        chosen = rows.ravel() if rows.size else slice(0, 1)  # one image stands for none
        streamed = (self._backend.device_array(array[chosen]) for array in (self._images, self._conditions))
        return self._run(*streamed, here, first)

    def _epoch(self, progress: Progress | None, on_logs: OnLogs | None) -> Turns:
        index = self.program.order(np.random.default_rng([self.program.seed, self.epoch + 1]), len(self._images))
        done = 0
        while done < len(index):
            rows = index[done : done + self._call_steps()]
            start = time.perf_counter()
            first = self.epoch * self._per_epoch + done + 1
            logs = yield Turn(self, rows, first)
            rate = len(logs) * rows.shape[1] / (time.perf_counter() - start)
            self._check_finite(logs, first)
            self._logs = np.vstack([self._logs, np.column_stack([logs, np.full(len(logs), rate, np.float32)])])
            done += len(logs)
            if on_logs is not None:
                on_logs(first, dict(zip(self._columns, self._logs[-len(logs) :].T, strict=True)))
            if progress is not None:
                text = f"epoch {self.epoch + 1}/{self.epochs}, {rate:,.0f} images/s, "
                text += ", ".join(f"{name} {logs[-1, at]:.2f}" for at, name in enumerate(self.program.logs[:2]))
                progress(first + len(logs) - 1, self.steps, text)

    def _call_steps(self) -> int:
        if len(self._logs) == 0:
            return 1
        rate, batch = float(self._logs[-1, -1]), self.program.images_per_step
        steps = int(CALL_SECONDS * rate / batch)
        # What a call is given of a streamed set is a sixteenth of what may be resident, and no call is longer than four
        # times all before it: the first rates are of very few steps.
        limit = RESIDENT_BYTES // (16 * batch * int(np.prod(self.program.image_shape)))
        return max(1, min(steps, limit, 4 * max(1, len(self._logs))))

    def _check_weights(self) -> None:
        """A loss says nothing of the update that followed it, and no checkpoint may hold what is not a number."""
        if not all(np.isfinite(np.asarray(v)).all() for v in self._variables):
            raise Diverged(
                f"The training diverged: a weight is not finite after epoch {self.epoch} of {self.epochs}. "
                f"Earlier checkpoints are kept.{self._advice}"
            )

    def _check_finite(self, logs: np.ndarray, first: int) -> None:
        bad = np.flatnonzero(~np.isfinite(logs).all(axis=1))
        if bad.size:
            raise Diverged(
                f"The training diverged: a loss is not finite at step {first + int(bad[0])} (epoch "
                f"{self.epoch + 1} of {self.epochs}). Earlier checkpoints are kept.{self._advice}"
            )
