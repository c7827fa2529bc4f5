"""Warm starts: where an earlier run's networks lie, and whether what they saw may be seen by this run's generator."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import UserError
from data.reading import paths

if TYPE_CHECKING:
    from data.imageset import ImageSet
    from data.ledger import Ledger

SEEN = "seen.json"  # in the folder of a training that was warm-started: what it saw by way of others


@dataclass(frozen=True)
class Warm:
    """An earlier run's networks.

    Attributes:
        folder: Of the checkpoint.
        digest: Of its files.
        seen: Folders of the stages `prepare` whose `generator-train` images it has seen, its own first.
    """

    folder: Path
    digest: str
    seen: list[str]


def locate(place: str, base: Path | None = None) -> Warm:
    """Finds what the option `warm_start` names: `"RUN_FOLDER"` or `"RUN_FOLDER:GENERATOR"`.

    The run's only generator that is no control is meant when none is named; of several training runs the first, and of
    its checkpoints the last.

    Raises:
        UserError: If there is no such run or generator, or its store no longer holds it.
    """
    from benchmark.stages.checkpoints import Checkpoints
    from benchmark.store import digest
    from benchmark.use.stored_run import StoredRun

    folder, name = _split(place, base)
    run = StoredRun(folder)
    if name is None:
        own = [row for row in run.generators if not run.generator_row(row).get("control")]
        if len(own) != 1:
            raise UserError(f'{folder} holds several generators: warm_start = "{place}:GENERATOR", one of {own}.')
        (name,) = own
    trained = run.training(name, run.training_seed(None))
    checkpoint = Checkpoints(trained).folder()
    before = json.loads((trained / SEEN).read_text()) if (trained / SEEN).exists() else []
    return Warm(checkpoint, digest.of_path(checkpoint), [str(run.prepared), *before])


def refuse_overlap(seen: list[str], images: ImageSet, ledger: Ledger) -> None:
    """Checks that nothing that an earlier training saw is in a part of this run's detectors, nor a copy of it.

    Raises:
        UserError: If something is, with how much.
    """
    from benchmark.store.store import Store
    from data.duplicates import find_copies
    from data.imageset import ImageSet
    from data.ledger import Ledger

    held = np.sort(np.concatenate([at for part, at in ledger.parts.items() if part != "generator-train"]))
    mine = np.array(images.images[held])
    for folder in seen:
        if not Path(folder).exists():
            raise UserError(f"warm_start: the earlier run's images are no longer in its store at {folder}.")
        if why := Store(Path(folder).parent.parent).damage("prepare", Path(folder).name):
            raise UserError(f"warm_start: the earlier run's images at {folder} are damaged: {why}.")
        other = ImageSet.load(Path(folder) / "images")
        at = Ledger.load(Path(folder), other).parts["generator-train"]
        if other.shape != images.shape:
            raise UserError(f"warm_start: the earlier run's images are {other.shape}. Expected {images.shape}.")
        copies = find_copies(np.concatenate([mine, np.array(other.images[at])]), alike=images.groups is not None)
        shared = len(np.unique(copies.near[len(mine) :][copies.near[len(mine) :] < len(mine)]))
        if shared:
            raise UserError(
                f"warm_start: the earlier run learned from images that this run's detectors are trained or tested on, "
                f"or from copies of them: {shared} of {len(mine)}. Expected none: choose other classes, or the same "
                f"ledger_seed and classes."
            )
        if images.groups is not None and other.groups is not None and other.name == images.name:
            people = np.intersect1d(other.groups[at], images.groups[held])
            if len(people):
                raise UserError(f"warm_start: {len(people)} identities of this run's detector parts were seen before.")


def _split(place: str, base: Path | None) -> tuple[Path, str | None]:
    whole = paths.place(place, "run folder of warm_start", base).resolve()
    if whole.is_dir():
        return whole, None
    folder, colon, name = place.rpartition(":")
    if not colon:
        raise UserError(f"warm_start: there is no run folder {whole}.")
    return paths.place(folder, "run folder of warm_start", base).resolve(), name


def note(folder: Path, seen: list[Any]) -> None:
    """Writes into a training's folder what it saw by way of its warm start, for those that start from it in turn."""
    (folder / SEEN).write_text(json.dumps(seen))
