"""How a flow is trained: its program in the loop, its checkpoints, its alarms.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from generation import fitting
from generation.flow.program import Matching
from generation.flow.reflow import pairs
from generation.flow.settings import Sampling
from generation.latents import draw
from generation.learner import Told
from generation.training.health import Health, diversity
from generation.training.state import digest
from generation.training.trainer import Trainer, Turns

if TYPE_CHECKING:
    from generation.flow.generator import Flow

WATCHED = 64  # images that the collapse alarm looks at each epoch
WATCHING = Sampling(steps=4)  # as few as show whether images differ


def turns(generator: Flow, images: np.ndarray, labels: np.ndarray | None, told: Told) -> Turns:
    """Trains a flow, as its `fit` says, while someone else does the steps."""
    settings, seed = generator.settings, generator.random_state or 0
    generator.image_shape = images.shape[1:]
    conditions = np.zeros((len(images), 0), np.float32)
    if generator.conditions is not None:
        conditions = generator.conditions.vectors(labels)
    program = Matching(settings, images.shape[1:], conditions=conditions.shape[1], seed=seed)
    options = {**generator.options(), "images": digest(images.shape, images, conditions), "seed": seed}
    learned, beside = images, conditions
    # Before the trainer: its options must name what the weights came from, or a state of other ones would go on.
    if generator.warm_start is not None:
        options["warm_start"] = fitting.warm_start(program, Path(generator.warm_start), generator.kind)
    if generator.reflow is not None:
        learned, beside = reflowed(generator, program, len(images), labels, told)
        options["reflow"] = digest(learned.shape, learned, beside)
    order = np.random.default_rng(seed).permutation(len(images))
    # Sorted, since the images may be a memory map.
    health = Health(diversity(images[np.sort(order[: 8 * WATCHED])]), "velocity", settings.epochs)
    shown: list[Any] = []  # names of the checkpoints that are done
    trainer = Trainer(
        program,
        learned,
        beside,
        epochs=settings.epochs,
        options=options,
        notes={"rows": health.rows, "alarms": health.alarms, "checkpoints": shown},
        advice=f" A smaller learning_rate may help. Received: learning_rate={settings.learning_rate}.",
    )

    sampler = generator.make_sampler()
    watched = draw(WATCHED, int(np.prod(images.shape[1:])), seed), conditions[np.resize(order, WATCHED)], WATCHING

    def watch(epoch: int) -> list[str]:
        values = program.sampling_values()
        if not all(np.isfinite(value).all() for value in values):
            return []  # which the trainer says
        with fitting.lent(sampler, values):
            images_now = sampler.draw(*watched)
        return health.check(epoch, images_now, {}, epoch * trainer.steps // settings.epochs)

    def take(name: str) -> None:
        del name
        sampler.set(program.sampling_values())
        generator.use(
            sampler, {name: [np.asarray(v) for v in network.variables] for name, network in program.networks.items()}
        )

    return fitting.turns(generator, trainer, told, shown=shown, alarms=health.alarms, take=take, watch=watch)


def reflowed(
    generator: Flow, program: Matching, n: int, labels: np.ndarray | None, told: Told
) -> tuple[np.ndarray, np.ndarray]:
    """Gives the network the weights of the flow that it learns from, and returns what that has made of noise: images,
    and beside each its conditions with the noise behind them."""
    found = pairs(generator, Path(generator.reflow or ""), n, labels, told)
    for variable, value in zip(program.network.variables, found.weights, strict=True):
        variable.assign(value)
    if program.average is not None:
        program.average.restart()  # it was made of the weights before these
    asked = [] if generator.conditions is None else [generator.conditions.vectors(found.labels)]
    return found.images, np.concatenate([*asked, found.noise], axis=1)
