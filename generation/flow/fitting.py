"""How a flow is trained: its program in the loop, its checkpoints, its alarms.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import UserError
from generation.flow.program import Matching
from generation.flow.settings import Sampling
from generation.latents import draw
from generation.trained import read_networks
from generation.training.health import Health, diversity
from generation.training.state import LAST, digest, keep
from generation.training.trainer import Diverged, OnLogs, Trainer
from generation.training.weights import UNREADABLE, give

if TYPE_CHECKING:
    from generation.flow.generator import Flow

WATCHED = 64  # images that the collapse alarm looks at each epoch
WATCHING = Sampling(steps=4)  # as few as show whether images differ


def fit(
    generator: Flow,
    images: np.ndarray,
    labels: np.ndarray | None,
    *,
    folder: Path | None,
    on_checkpoint: Callable[[str, Flow], None] | None,
    progress: Callable[[int, int, str], None] | None,
    on_logs: OnLogs | None,
) -> None:
    """Trains a flow, as its `fit` says."""
    settings, seed = generator.settings, generator.random_state or 0
    generator.image_shape = images.shape[1:]
    conditions = np.zeros((len(images), 0), np.float32)
    if generator.conditions is not None:
        conditions = generator.conditions.vectors(labels)
    program = Matching(settings, images.shape[1:], conditions=conditions.shape[1], seed=seed)
    options = {**generator.options(), "images": digest(images.shape, images, conditions), "seed": seed}
    # Before the trainer: its options must name what the weights came from, or a state of other ones would go on.
    if generator.warm_start is not None:
        options["warm_start"] = warm_start(program, Path(generator.warm_start))
    order = np.random.default_rng(seed).permutation(len(images))
    # Sorted, since the images may be a memory map.
    health = Health(diversity(images[np.sort(order[: 8 * WATCHED])]), "velocity", settings.epochs)
    shown: list[Any] = []  # names of the checkpoints that are done
    trainer = Trainer(
        program,
        images,
        conditions,
        epochs=settings.epochs,
        options=options,
        notes={"rows": health.rows, "alarms": health.alarms, "checkpoints": shown},
        advice=f" A smaller learning_rate may help. Received: learning_rate={settings.learning_rate}.",
    )

    # Two networks: the generator samples with the first one until the next checkpoint, and the alarm looks each epoch.
    sampler, watcher = generator.make_sampler(), generator.make_sampler()
    watched = draw(WATCHED, int(np.prod(images.shape[1:])), seed), conditions[np.resize(order, WATCHED)], WATCHING
    rolled_back = False

    def on_epoch(epoch: int) -> bool:
        nonlocal rolled_back
        values = program.sampling_values()
        if not all(np.isfinite(value).all() for value in values):
            return True  # which the trainer says
        watcher.set(values)
        raised = health.check(epoch, watcher.draw(*watched), {}, epoch * trainer.steps // settings.epochs)
        rolled_back = bool(raised) and generator.on_collapse == "rollback"
        return not raised or generator.on_collapse == "mark"

    def checkpoint(name: str) -> None:
        if rolled_back and shown:
            return  # the last checkpoint before the alarm stays the last
        sampler.set(program.sampling_values())
        generator.use(
            sampler, {name: [np.asarray(v) for v in network.variables] for name, network in program.networks.items()}
        )
        _report(generator, trainer, health)
        if folder is not None:
            keep(generator, folder)
        if on_checkpoint is not None:
            on_checkpoint(name, generator)
        shown.append(name)

    where: dict[str, Any] = {"folder": folder, "display_interval": generator.display_interval}
    told: dict[str, Any] = {"progress": progress, "on_logs": on_logs}
    try:
        trainer.train(**where, on_checkpoint=checkpoint, on_epoch=on_epoch, **told)
    except Diverged as error:
        if not shown:
            raise
        alarm = {"alarm": "diverged", "epoch": trainer.epoch + 1, "value": float("nan"), "note": str(error)}
        health.alarms.append(alarm)
    if generator.parameters is None and folder is not None:
        generator.load(folder / LAST)
    _report(generator, trainer, health)


def warm_start(program: Matching, folder: Path) -> str:
    """Gives the network the weights of a saved flow, and returns a digest of them.

    Raises:
        UserError: If there is none, or its layers differ.
    """
    try:
        saved = read_networks(folder)
    except UNREADABLE as error:
        raise UserError(f"warm_start: {folder} holds no trained flow ({error}).") from error
    sha = hashlib.sha256()
    for name, network in program.networks.items():
        give(network, saved.get(name, []), name, folder, sha)
    if program.average is not None:
        program.average.restart()  # it was made of the weights before these
    return sha.hexdigest()


def _report(generator: Flow, trainer: Trainer, health: Health) -> None:
    generator.history = trainer.history
    generator.alarms = list(health.alarms)
