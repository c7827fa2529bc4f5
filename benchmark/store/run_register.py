"""Which run folders use a store: a small file for each, so that `fauxbench store prune` knows what is needed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.store.folder_lock import is_held
from benchmark.store.store import Store
from data.run_folder import MANIFEST

RUNS = "runs"
PART = ".part-"  # how a registration begins that is being written
NAME = "[0-9a-f]" * 16 + ".json"
LOCK = "registrations"  # held while one is written, and while what none names is removed
Stages = set[tuple[str, str]]  # a stage's name and its key


@dataclass(frozen=True)
class Registration:
    """A run folder that a store knows of.

    Attributes:
        file: In the store.
        folder: The run folder, as it was called where the run was made.
        stages: What the run uses of the store: of one that has ended, what its manifest names.
        state: `"running"`, `"finished"`, or `"gone"`, if there is no manifest any more and so nothing that is used.
    """

    file: Path
    folder: str
    stages: Stages
    state: str


@contextlib.contextmanager
def registered(store: Store, folder: Path, stages: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Registers a run folder with all stages of its plan, as one that is running until this ends.

    A run that fails before its folder has a manifest is forgotten.
    """
    place = _place(store, folder)
    text = json.dumps({"folder": str(folder.resolve()), "stages": sorted(stages)}, indent=1)
    with contextlib.ExitStack() as stack:
        with store.lock(LOCK):
            place.parent.mkdir(parents=True, exist_ok=True)
            handle, half = tempfile.mkstemp(dir=place.parent, prefix=PART)
            file = stack.enter_context(os.fdopen(handle, "w", encoding="utf-8"))
            fcntl.flock(file, fcntl.LOCK_EX)  # its new name keeps it
            file.write(text)
            file.flush()
            os.chmod(half, 0o644)
            os.replace(half, place)
        try:
            yield
        finally:
            if not (folder / MANIFEST).is_file():
                place.unlink(missing_ok=True)


def is_registered(store: Store, folder: Path) -> bool:
    """Says whether a store knows of a run folder."""
    return _place(store, folder).is_file()


def registrations(store: Store) -> list[Registration]:
    """Returns what a store knows of the runs that use it."""
    return [_registration(file) for file in sorted((store.root / RUNS).glob(NAME)) if not file.is_symlink()]


def used_by(folder: Path) -> Stages | None:
    """Returns the stages that a run folder's manifest names, or `None` if it cannot be read."""
    try:
        return _pairs(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["stages"], "stage", "key")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _registration(file: Path) -> Registration:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        folder, planned = str(said["folder"]), _pairs(said["stages"], 0, 1)
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        return Registration(file, f"unreadable {file.name}", set(), "gone")
    if is_held(file):
        return Registration(file, folder, planned | (used_by(Path(folder)) or set()), "running")
    if not (Path(folder) / MANIFEST).is_file():
        return Registration(file, folder, planned, "gone")
    named = used_by(Path(folder))
    return Registration(file, folder, planned if named is None else named, "finished")  # damaged: what it did use


def _pairs(rows: Any, first: Any, second: Any) -> Stages:
    return {(str(row[first]), str(row[second])) for row in rows}


def _place(store: Store, folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return store.root / RUNS / f"{name}.json"
