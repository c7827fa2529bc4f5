"""What a training keeps to go on from: its resumable state, one file, written whole or not at all, and its last
checkpoint beside it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError

FILE = "state.npz"
LAST = "last"  # folder, beside the state, of the last checkpoint
ROWS = 1000  # images that are read at once


@dataclass(frozen=True)
class State:
    """A training after `epoch` epochs: float32 `logs`, one row per step, the variables' `values` in their order,
    `notes`, lists of JSON values by name, and whether it has `ended`, be it before its last epoch."""

    epoch: int
    logs: np.ndarray
    values: list[np.ndarray]
    notes: dict[str, list[Any]] = field(default_factory=dict)
    ended: bool = False


def save_state(folder: Path, state: State, options: dict[str, Any]) -> None:
    """Replaces the state in `folder`. A kill at any moment leaves the old one or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / (FILE + ".part")
    with open(half, "wb") as file:
        named: dict[str, Any] = {f"v{position:04d}": value for position, value in enumerate(state.values)}
        np.savez(
            file,
            options=np.array(json.dumps(options, sort_keys=True)),
            notes=np.array(json.dumps(state.notes)),
            epoch=np.array(state.epoch),
            ended=np.array(state.ended),
            logs=state.logs,
            **named,
        )
        # On the disk before the name is its: else a power cut could leave an empty file under it.
        file.flush()
        os.fsync(file.fileno())
    os.replace(half, folder / FILE)


def load_state(folder: Path, options: dict[str, Any], shapes: Sequence[tuple[int, ...]]) -> State | None:
    """Returns the state in `folder`, or `None` when there is none.

    Args:
        folder: Where `save_state` wrote.
        options: Those of the training that is to go on.
        shapes: Shapes of its variables.

    Raises:
        UserError: If the state belongs to other options, with the differences, or cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            saved = json.loads(str(file["options"]))
            names = sorted(name for name in file.files if name.startswith("v"))
            notes = json.loads(str(file["notes"]))
            values, ended = [file[name] for name in names], bool(file["ended"])
            state = State(int(file["epoch"]), file["logs"], values, notes, ended)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"The training state {path} cannot be read ({error}). Delete it to start again.") from error
    _refuse_changes(path, saved, options)
    if [value.shape for value in state.values] != [tuple(shape) for shape in shapes]:
        raise UserError(f"The training state {path} belongs to other networks. Delete it to start again.")
    return state


def saved_epoch(folder: Path | None) -> int:
    """Returns after which epoch the state in `folder` is; 0 without one that can be read."""
    if folder is None or not (folder / FILE).exists():
        return 0
    try:
        with open(folder / FILE, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            return int(file["epoch"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return 0


def keep(generator: Any, folder: Path) -> None:
    """Saves a generator as the last checkpoint in `folder`, for a training that diverges or is rolled back after a
    kill."""
    half = folder / f"{LAST}.part"
    shutil.rmtree(half, ignore_errors=True)
    generator.save(half)
    # A kill here leaves none; the state is written later, so the epochs up to this checkpoint are done again.
    shutil.rmtree(folder / LAST, ignore_errors=True)
    half.rename(folder / LAST)


def digest(about: Any, images: np.ndarray, *beside: np.ndarray) -> str:
    """Returns the sha256 of images and of the arrays beside them.

    The images are read in parts: they may be a memory map larger than the memory.

    Args:
        about: What goes in first, as text.
        images: uint8 `(n, height, width, channels)`.
        beside: More arrays.
    """
    sha = hashlib.sha256(str(about).encode())
    for start in range(0, len(images), ROWS):
        sha.update(np.ascontiguousarray(images[start : start + ROWS]).data)
    for array in beside:
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def _refuse_changes(path: Path, saved: dict[str, Any], options: dict[str, Any]) -> None:
    # as it comes back from the file, where tuples are lists
    now = json.loads(json.dumps(options))
    names = [name for name in sorted({*saved, *now}) if saved.get(name) != now.get(name)]
    if names:
        changes = ", ".join(f"{name} was {saved.get(name)!r} and is {now.get(name)!r}" for name in names)
        raise UserError(
            f"The training in {path.parent} was begun with other options: {changes}. Delete it to start anew."
        )
