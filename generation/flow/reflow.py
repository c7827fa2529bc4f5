"""A reflow: a flow learns the pairs of noise and image that a trained one makes, and so its ways become straighter.

Imports Keras when it is first used.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.errors import UserError
from generation.flow.settings import Sampling
from generation.flow.trained import TrainedFlow
from generation.latents import draw
from generation.learner import Told
from generation.training.weights import UNREADABLE, read_options

if TYPE_CHECKING:
    from generation.flow.generator import Flow

FILE = "pairs.npz"  # in the folder of the resumable state
OWN = {"times", "condition_dropout"}  # options that every saved flow has, and no other generator
APART = 2**33  # added to the seed: samples of no seed of a spec begin as noise that was learned from
AT_ONCE = 512


@dataclass(frozen=True)
class Pairs:
    """What a trained flow makes of noise: uint8 `images (n, height, width, channels)`, the float32 `noise` that each
    began as, flat, the `labels` that it was asked for, and the `weights` of that flow."""

    images: np.ndarray
    noise: np.ndarray
    labels: np.ndarray | None
    weights: list[np.ndarray]


def pairs(generator: Flow, folder: Path, n: int, labels: np.ndarray | None, told: Told) -> Pairs:
    """Returns the pairs of a saved flow; they are made once, and kept beside the resumable state.

    Args:
        generator: The flow that is to learn them.
        folder: Of the saved flow.
        n: How many training images there are.
        labels: Of them, or their attributes; each is asked for equally often.
        told: Where the state is kept, and who is told of the progress.

    Raises:
        UserError: If the folder holds no flow, or one of other layers, images or conditions.

    References:
        Liu, Gong, Liu (2023), Flow straight and fast, algorithm 1.
    """
    teacher = _teacher(generator, folder)
    n *= generator.settings.reflow_pairs
    asked = None if labels is None else np.resize(labels, (n, *labels.shape[1:]))
    noise = draw(n, teacher.latents(1).shape[1], (generator.random_state or 0) + APART)
    weights = teacher.values()
    key = _key(weights, noise, asked, generator.settings.reflow_steps)
    images = _kept(told.folder, key)
    if images is None:
        parts = []
        for start in range(0, n, AT_ONCE):
            if told.progress is not None:
                told.progress(0, n, f"drawing pairs, {start} of {n}")
            rows = slice(start, start + AT_ONCE)
            parts.append(teacher.draw(noise[rows], None if asked is None else asked[rows]))
        images = np.concatenate(parts)
        if told.folder is not None:
            _keep(told.folder, key, images)
    return Pairs(images, noise, asked, weights)


def _teacher(generator: Flow, folder: Path) -> TrainedFlow:
    try:
        saved = read_options(folder)
    except UNREADABLE as error:
        raise UserError(f"reflow: {folder} holds no trained flow ({error}).") from error
    if not saved.keys() >= OWN:
        raise UserError(f"reflow: {folder} holds no trained flow. Received: a generator of another kind.")
    if saved.get("loss", "velocity") != generator.settings.loss:
        raise UserError(f'reflow learns from a flow with loss = "velocity". Received: {folder}, {saved["loss"]!r}.')
    teacher = TrainedFlow(generator.settings, Sampling(generator.settings.reflow_steps, "heun"))
    try:
        teacher.load(folder)
    except UserError as error:
        raise UserError(f"reflow: {error}") from error
    if teacher.image_shape != generator.image_shape:
        raise UserError(
            f"reflow: the flow in {folder} makes images {teacher.image_shape}. Expected {generator.image_shape}."
        )
    theirs, ours = teacher.conditions, generator.conditions
    if theirs is not None and ours is not None:
        same = theirs.attributes or np.array_equal(theirs.seen, ours.seen)
        if theirs.names != ours.names or theirs.attributes != ours.attributes or not same:
            raise UserError(
                f"reflow: the flow in {folder} draws {', '.join(theirs.names)}. Expected the same classes or "
                f"attributes, in this order: {', '.join(ours.names)}."
            )
    return teacher


def _key(weights: list[np.ndarray], noise: np.ndarray, labels: np.ndarray | None, steps: int) -> str:
    sha = hashlib.sha256(str((noise.shape, steps)).encode())
    for array in (*weights, noise, *([] if labels is None else [np.asarray(labels)])):
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def _kept(folder: Path | None, key: str) -> np.ndarray | None:
    """Returns the images that an interrupted training had made, if they are of this key."""
    if folder is None or not (folder / FILE).exists():
        return None
    try:
        with open(folder / FILE, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            return np.asarray(file["images"]) if str(file["key"]) == key else None
    except UNREADABLE:
        return None


def _keep(folder: Path, key: str, images: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / f"{FILE}.part"
    with open(half, "wb") as stream:
        np.savez(stream, key=np.array(key), images=images)
    os.replace(half, folder / FILE)
