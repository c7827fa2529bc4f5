"""Trains many DCGANs that differ in seed and learning rate as one program: a sweep, on JAX.

A small network leaves most of a GPU idle. Here the variables of all members are stacked, and one vectorised step turns
all of them. Imports no Keras until used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import UserError
from generation.dcgan.generator import DCGAN
from generation.learner import Told

if TYPE_CHECKING:
    from generation.training.trainer import Turn, Turns

FREE = ("learning_rate", "discriminator_learning_rate")  # beside the seed, what members may differ in
Progress = Callable[[int, int, str], None]


def train_sweep(
    members: Sequence[DCGAN],
    images: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    folders: Sequence[Path] | None = None,
    on_checkpoint: Callable[[str, DCGAN], None] | None = None,
    progress: Progress | None = None,
    **found: Any,
) -> None:
    """Trains each member as its `fit` would, but for rounding, all of them at once.

    Each has its own order of images, random numbers, checkpoints, alarms and resumable state. A member that ends early
    (it diverged, collapsed with `on_collapse="stop"`, or its folder was ahead) leaves its place idle.

    Args:
        members: DCGANs that differ in `random_state`, `learning_rate` and `discriminator_learning_rate` alone.
        images: uint8 `(n, height, width, channels)`, for all of them. They stay on the device.
        labels: int `(n,)`, for all of them. Defaults to `None`.
        folders: One for each member, as for `DCGAN.fit`. Defaults to `None`, no resumable state.
        on_checkpoint: Called as `on_checkpoint("epoch-0010", member)`. Defaults to `None`.
        progress: Called with steps done, steps in all, both over all members, and a line of text. Defaults to `None`.
        **found: `classes`, `attributes` and `attribute_names`, as for `DCGAN.fit`.

    Raises:
        UserError: For members that differ in anything else, another backend than JAX, or more images than stay on the
            device; and what `DCGAN.fit` raises.
        FloatingPointError: When members diverge before their first checkpoint; the others are trained all the same.
    """
    _check(members, folders)
    told = _Together(len(members), progress)
    open_turns: list[Turns] = [
        member.turns(images, labels, Told(folders[at] if folders else None, on_checkpoint, told.of(at)), **found)
        for at, member in enumerate(members)
    ]
    failures: dict[int, FloatingPointError] = {}

    def ask(at: int, logs: np.ndarray | None) -> Turn | None:
        try:
            return open_turns[at].send(logs)  # type: ignore[arg-type]
        except StopIteration:
            return None
        except FloatingPointError as error:
            failures[at] = error
            return None

    asked = [ask(at, None) for at in range(len(members))]
    sweep = None
    while any(asked):
        sweep = sweep or Vectorised([turn for turn in asked if turn])
        logs = sweep.run([turn for turn in asked if turn])
        done = iter(logs)
        asked = [ask(at, next(done)) if turn else None for at, turn in enumerate(asked)]
    if failures:
        seeds = ", ".join(f"seed {members[at].random_state}: {error}" for at, error in failures.items())
        raise FloatingPointError(f"{len(failures)} of {len(members)} trainings failed. {seeds}")


class Vectorised:
    """The compiled program of trainings.

    Args:
        turns: The first that each training asks for.
    """

    def __init__(self, turns: Sequence[Turn]) -> None:
        from generation.training import backend_jax

        trainers = [turn.trainer for turn in turns]
        programs: list[Any] = [trainer.program for trainer in trainers]
        if not trainers[0].resident:
            raise UserError("A sweep keeps its images on the device. Train such a large set with fit(...) instead.")
        self._images = trainers[0].on_device()
        self._place = {id(trainer): at for at, trainer in enumerate(trainers)}
        template = programs[0].twin()  # its variables name those of every member in the step
        template.seed = backend_jax.Seed.of(0)
        step = template.prepare(trainers[0].steps)
        seeds = [backend_jax.Seed.of(program.seed) for program in programs]
        state = [*template.variables, *template.rates, template.seed.variable]
        members = [[*p.variables, *p.rates, seed.variable] for p, seed in zip(programs, seeds, strict=True)]
        self._run = backend_jax.compiled_sweep(step, state, members)

    def run(self, turns: Sequence[Turn]) -> list[np.ndarray]:
        """Does as many steps as all the turns ask for, and returns the logs of each."""
        n = min(len(turn.rows) for turn in turns)
        first = turns[0]
        indices, firsts = [first.rows[:n]] * len(self._place), [first.first] * len(self._place)  # for idle places
        for turn in turns:
            at = self._place[id(turn.trainer)]
            indices[at], firsts[at] = turn.rows[:n], turn.first
        logs = self._run(*self._images, indices, firsts)
        return [logs[self._place[id(turn.trainer)]] for turn in turns]


class _Together:
    """Adds up the progress of all members."""

    def __init__(self, members: int, progress: Progress | None) -> None:
        self._done, self._totals, self._progress = [0] * members, [0] * members, progress

    def of(self, at: int) -> Progress | None:
        """Returns what a member is to call."""

        def tell(done: int, total: int, text: str) -> None:
            self._done[at], self._totals[at] = done, total
            if at == 0 and self._progress is not None:  # all are at about the same step
                line = f"{len(self._done)} trainings, each: {text}"
                self._progress(sum(self._done), len(self._done) * total, line)

        return None if self._progress is None else tell


def _check(members: Sequence[DCGAN], folders: Sequence[Path] | None) -> None:
    import keras

    if keras.backend.backend() != "jax":
        raise UserError(f"A sweep trains on KERAS_BACKEND=jax. Received: {keras.backend.backend()}.")
    if not members:
        raise UserError("A sweep needs at least one member. Received: none.")
    if folders is not None and len(folders) != len(members):
        raise UserError(f"A sweep needs a folder for each of {len(members)} members. Received: {len(folders)}.")
    first = _fixed(members[0])
    for member in members[1:]:
        other = _fixed(member)
        names = [name for name in first if first[name] != other[name]]
        if names:
            differences = ", ".join(f"{name}={first[name]!r} and {name}={other[name]!r}" for name in names)
            raise UserError(f"Members of a sweep differ in random_state, {' and '.join(FREE)} alone. "
                            f"Received: {differences}.")  # fmt: skip


def _fixed(member: DCGAN) -> dict[str, Any]:
    study = {name: value for name, value in dataclasses.asdict(member.study).items() if name not in FREE}
    return {"architecture": member.architecture, "precision": member.precision, **study}
