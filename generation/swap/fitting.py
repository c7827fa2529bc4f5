"""How a swap autoencoder is trained: its program in the loop, its checkpoints, and what it makes of held-out faces.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from data.errors import UserError
from generation.swap.faces import Faces
from generation.swap.program import Swap
from generation.swap.sampler import SwapSampler
from generation.swap.step import ADVERSARIAL
from generation.swap.trained import read_networks
from generation.training.state import LAST, digest, keep, saved_epoch
from generation.training.trainer import Diverged, OnLogs, Trainer
from generation.training.weights import UNREADABLE, give

if TYPE_CHECKING:
    from generation.swap.generator import Autoencoder

MEASURED = 256  # faces of a side and kind, at most, that the reconstruction is measured on


def fit(
    generator: Autoencoder,
    images: np.ndarray,
    faces: Faces,
    *,
    folder: Path | None,
    on_checkpoint: Callable[[str, Autoencoder], None] | None,
    progress: Callable[[int, int, str], None] | None,
    on_logs: OnLogs | None,
) -> None:
    """Trains an autoencoder, as its `fit` says."""
    settings, seed = generator.settings, generator.random_state or 0
    program = Swap(settings, images.shape[1:], faces.trained, seed=seed)
    positions = (np.asarray(at, np.int64) for at in (*faces.trained, *faces.held_out))
    content = digest((images.shape, faces.labels), images, *positions)
    options = {**generator.options(), "images": content, "seed": seed}
    if generator.warm_start is not None:
        options["warm_start"] = warm_start(program, Path(generator.warm_start))
    # Before the trainer asks for the step: a training that goes on has the discriminator that it had.
    program.joined = settings.joins is not None and saved_epoch(folder) >= settings.joins
    measured: list[dict[str, Any]] = []
    trainer = Trainer(
        program,
        images,
        np.zeros((len(images), 0), np.float32),
        epochs=settings.epochs,
        options=options,
        notes={"reconstruction": measured},
        advice=f" A smaller learning_rate may help. Received: learning_rate={settings.learning_rate}.",
    )
    sampler = generator.make_sampler()
    # asked now, since the training itself writes that folder
    resumed = folder is not None and (folder / LAST / "options.json").exists()

    def on_epoch(epoch: int) -> bool:
        if epoch == settings.joins:
            program.joined = True
            trainer.renew()
        return True

    def checkpoint(name: str) -> None:
        weights = {key: [np.asarray(v) for v in network.variables] for key, network in program.networks.items()}
        sampler.set(weights)
        generator.use(sampler, weights)
        measured[:] = [row for row in measured if row["checkpoint"] != name]
        measured.extend({"checkpoint": name, **row} for row in reconstruction(sampler, images, faces))
        _report(generator, trainer, measured)
        if folder is not None:
            keep(generator, folder)
        if on_checkpoint is not None:
            on_checkpoint(name, generator)

    def logged(first: int, columns: dict[str, np.ndarray]) -> None:
        if on_logs is not None:
            on_logs(first, {k: v for k, v in columns.items() if program.joined or k not in ADVERSARIAL})

    where: dict[str, Any] = {"folder": folder, "display_interval": generator.display_interval}
    told: dict[str, Any] = {"progress": progress, "on_logs": logged}
    try:
        trainer.train(**where, on_checkpoint=checkpoint, on_epoch=on_epoch, **told)
    except Diverged as error:
        if generator.parameters is None and not resumed:
            raise
        alarm = {"alarm": "diverged", "epoch": trainer.epoch + 1, "value": float("nan"), "note": str(error)}
        generator.alarms.append(alarm)
    if generator.parameters is None and folder is not None:
        generator.load(folder / LAST)
    _report(generator, trainer, measured)


def reconstruction(sampler: SwapSampler, images: np.ndarray, faces: Faces) -> list[dict[str, Any]]:
    """Returns how near each side's straight faces come back through their own decoder, trained on and held out."""
    rows = []
    for side, name in enumerate(faces.names):
        for kind, at in (("trained", faces.trained[side]), ("held_out", faces.held_out[side])):
            chosen = np.sort(np.random.default_rng(0).permutation(at)[:MEASURED])
            found = sampler.reconstruction(np.asarray(images[chosen]), side)
            rows.append({"side": "ab"[side], "group": name, "faces": kind, "n": len(chosen), **found})
    return rows


def warm_start(program: Swap, folder: Path) -> str:
    """Gives the networks the weights of a saved autoencoder, and returns a digest of them.

    One that was saved without a discriminator leaves a new one that is to learn as it is.

    Raises:
        UserError: If there is none, or its layers differ.
    """
    try:
        saved = read_networks(folder)
    except UNREADABLE as error:
        raise UserError(f"warm_start: {folder} holds no trained autoencoder ({error}).") from error
    sha = hashlib.sha256()
    for name, network in program.networks.items():
        if name not in saved and name == "discriminator" and program.settings.train != "autoencoder":
            continue
        give(network, saved.get(name, []), name, folder, sha)
    return sha.hexdigest()


def _report(generator: Autoencoder, trainer: Trainer, measured: list[dict[str, Any]]) -> None:
    history = trainer.history
    joins = generator.settings.joins
    without = np.ones(len(history), bool) if joins is None else (history["epoch"] <= joins).to_numpy()
    history.loc[without, list(ADVERSARIAL)] = np.nan
    generator.history = history
    generator.reconstruction = pd.DataFrame(measured)
