"""How a swap autoencoder is trained: its program in the loop, its checkpoints, and what it makes of held-out faces.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from generation import fitting
from generation.learner import Told
from generation.swap.faces import Faces
from generation.swap.program import Swap
from generation.swap.sampler import SwapSampler
from generation.swap.step import ADVERSARIAL
from generation.swap.trained import read_networks
from generation.training.state import digest, saved_epoch
from generation.training.trainer import Trainer, Turns

if TYPE_CHECKING:
    from generation.swap.generator import Autoencoder

MEASURED = 256  # faces of a side and kind, at most, that the reconstruction is measured on


def turns(generator: Autoencoder, images: np.ndarray, faces: Faces, told: Told) -> Turns:
    """Trains an autoencoder, as its `fit` says, while someone else does the steps."""
    settings, seed = generator.settings, generator.random_state or 0
    program = Swap(settings, images.shape[1:], faces.trained, seed=seed)
    positions = (np.asarray(at, np.int64) for at in (*faces.trained, *faces.held_out))
    content = digest((images.shape, faces.labels), images, *positions)
    options = {**generator.options(), "images": content, "seed": seed}
    if generator.warm_start is not None:
        # One that was saved without a discriminator leaves a new one that is to learn as it is.
        lacks = () if settings.train == "autoencoder" else ("discriminator",)
        place = Path(generator.warm_start)
        options["warm_start"] = fitting.warm_start(program, place, generator.kind, read=read_networks, may_lack=lacks)
    # Before the trainer asks for the step: a training that goes on has the discriminator that it had.
    program.joined = settings.joins is not None and saved_epoch(told.folder) >= settings.joins
    measured: list[dict[str, Any]] = []
    alarms: list[dict[str, Any]] = []
    shown: list[Any] = []  # names of the checkpoints that are done
    trainer = Trainer(
        program,
        images,
        np.zeros((len(images), 0), np.float32),
        epochs=settings.epochs,
        options=options,
        notes={"reconstruction": measured, "alarms": alarms, "checkpoints": shown},
        advice=f" A smaller learning_rate may help. Received: learning_rate={settings.learning_rate}.",
    )
    sampler = generator.make_sampler()

    def watch(epoch: int) -> list[str]:
        if epoch == settings.joins:
            program.joined = True
            trainer.renew()
        return []

    def take(name: str) -> None:
        weights = {key: [np.asarray(v) for v in network.variables] for key, network in program.networks.items()}
        sampler.set(weights)
        generator.use(sampler, weights)
        measured[:] = [row for row in measured if row["checkpoint"] != name]
        measured.extend({"checkpoint": name, **row} for row in reconstruction(sampler, images, faces))

    def report() -> None:
        history = trainer.history
        without = np.ones(len(history), bool) if settings.joins is None else history["epoch"] <= settings.joins
        history.loc[np.asarray(without), list(ADVERSARIAL)] = np.nan
        generator.history, generator.reconstruction = history, pd.DataFrame(measured)

    def logged(first: int, columns: dict[str, np.ndarray]) -> None:
        if told.on_logs is not None:
            told.on_logs(first, {k: v for k, v in columns.items() if program.joined or k not in ADVERSARIAL})

    return fitting.turns(
        generator, trainer, replace(told, on_logs=logged), shown=shown, alarms=alarms, take=take, watch=watch,
        report=report,
    )  # fmt: skip


def reconstruction(sampler: SwapSampler, images: np.ndarray, faces: Faces) -> list[dict[str, Any]]:
    """Returns how near each side's straight faces come back through their own decoder, trained on and held out."""
    rows = []
    for side, name in enumerate(faces.names):
        for kind, at in (("trained", faces.trained[side]), ("held_out", faces.held_out[side])):
            chosen = np.sort(np.random.default_rng(0).permutation(at)[:MEASURED])
            found = sampler.reconstruction(np.asarray(images[chosen]), side)
            rows.append({"side": "ab"[side], "group": name, "faces": kind, "n": len(chosen), **found})
    return rows
