"""What surrounds every training: its checkpoints, what an alarm does, what stays when it diverges, and warm starts.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError
from generation.learner import Told
from generation.trained import read_networks
from generation.training.state import LAST, keep
from generation.training.trainer import Diverged, Trainer, Turns
from generation.training.weights import UNREADABLE, give


def turns(
    generator: Any,
    trainer: Trainer,
    told: Told,
    *,
    shown: list[str],
    alarms: list[dict[str, Any]],
    take: Callable[[str], None],
    watch: Callable[[int], list[str]],
    report: Callable[[], None] = lambda: None,
) -> Turns:
    """Trains a generator to the last epoch, or to an alarm that ends it, while someone else does the steps.

    Args:
        generator: What is trained. It gets `history` and `alarms`, and is saved and handed on at each checkpoint.
        trainer: Of its program. Its notes must hold `shown` and `alarms`.
        told: Where the state is kept, and who is told of the progress.
        shown: Names of the checkpoints that are done.
        alarms: What alarms noted.
        take: Gives the generator what the checkpoint of a name consists of.
        watch: Called with the number of finished epochs; returns the alarms that it raises, and notes them.
        report: Gives the generator what else it says of its training. Defaults to nothing.
    """
    rolled_back = False

    def tell() -> None:
        generator.history, generator.alarms = trainer.history, list(alarms)
        report()

    def on_epoch(epoch: int) -> bool:
        nonlocal rolled_back
        raised = watch(epoch)
        rolled_back = bool(raised) and generator.on_collapse == "rollback"
        return not raised or generator.on_collapse == "mark"

    def checkpoint(name: str) -> None:
        if rolled_back and shown:
            return  # the last checkpoint before the alarm stays the last
        take(name)
        tell()
        if told.folder is not None:
            keep(generator, told.folder)
        if told.on_checkpoint is not None:
            told.on_checkpoint(name, generator)
        shown.append(name)

    calls: dict[str, Any] = {"on_checkpoint": checkpoint, "on_epoch": on_epoch, "on_logs": told.on_logs}
    where: dict[str, Any] = {"folder": told.folder, "display_interval": generator.display_interval}
    try:
        yield from trainer.turns(**where, **calls, progress=told.progress)
    except Diverged as error:
        if not shown:
            raise
        alarms.append({"alarm": "diverged", "epoch": trainer.epoch + 1, "value": float("nan"), "note": str(error)})
    if generator.parameters is None and told.folder is not None:
        generator.load(told.folder / LAST)
    tell()


@contextmanager
def lent(sampler: Any, values: Sequence[np.ndarray]) -> Iterator[None]:
    """Gives a generator's sampler other weights for a while, so that an alarm can look at a training between two
    checkpoints. A second sampler would be traced and compiled once more."""
    own = sampler.values()
    sampler.set(values)
    try:
        yield
    finally:
        sampler.set(own)


def warm_start(
    program: Any,
    folder: Path,
    kind: str,
    *,
    read: Callable[[Path], dict[str, Any]] = read_networks,
    may_lack: Collection[str] = (),
) -> str:
    """Gives a program's networks the weights of a saved generator, and returns a digest of them.

    Args:
        program: With `networks` by name, and perhaps an `average` of their weights.
        folder: Of the saved generator.
        kind: What it must be, in messages.
        read: Returns the weights in such a folder, by the networks' names.
        may_lack: Names of networks that stay as they are where the folder does not hold them.

    Raises:
        UserError: If there is none, it was saved without one of the networks, or its layers differ.
    """
    try:
        saved = read(folder)
    except UNREADABLE as error:
        raise UserError(f"warm_start: {folder} holds no trained {kind} ({error}).") from error
    sha = hashlib.sha256()
    for name, network in program.networks.items():
        if name in saved or name not in may_lack:
            give(network, saved.get(name, []), name, folder, sha)
    if getattr(program, "average", None) is not None:
        program.average.restart()  # it was made of the weights before these
    return sha.hexdigest()
