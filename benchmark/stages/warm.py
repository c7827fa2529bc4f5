"""Whether what a warm start has seen may be seen by this run's generator, and what its own followers must know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.plan.warm import OPTIONS, SEEN
from data.errors import UserError

if TYPE_CHECKING:
    from data.imageset import ImageSet
    from data.ledger import Ledger


def refuse_overlap(seen: list[str], images: ImageSet, ledger: Ledger, option: str = "warm_start") -> None:
    """Checks that nothing that an earlier training saw is in a part of this run's detectors, nor a copy of it.

    Args:
        seen: Folders of the stages `prepare` whose `generator-train` images were seen.
        images, ledger: This run's.
        option: Which named the earlier run, for messages. Defaults to `"warm_start"`.

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
            raise UserError(f"{option}: the earlier run's images are no longer in its store at {folder}.")
        if why := Store(Path(folder).parent.parent).damage("prepare", Path(folder).name):
            raise UserError(f"{option}: the earlier run's images at {folder} are damaged: {why}.")
        other = ImageSet.load(Path(folder) / "images")
        at = Ledger.load(Path(folder), other).parts["generator-train"]
        if other.shape != images.shape:
            raise UserError(f"{option}: the earlier run's images are {other.shape}. Expected {images.shape}.")
        copies = find_copies(np.concatenate([mine, np.array(other.images[at])]), alike=images.groups is not None)
        shared = len(np.unique(copies.near[len(mine) :][copies.near[len(mine) :] < len(mine)]))
        if shared:
            raise UserError(
                f"{option}: the earlier run learned from images that this run's detectors are trained or tested on, "
                f"or from copies of them: {shared} of {len(mine)}. Expected none: choose other classes, or the same "
                f"ledger_seed and classes."
            )
        if images.groups is not None and other.groups is not None and other.name == images.name:
            seen_of, held_of = other.groups[at], images.groups[held]
            people = np.intersect1d(seen_of[seen_of >= 0], held_of[held_of >= 0])
            if len(people):
                raise UserError(f"{option}: {len(people)} identities of this run's detector parts were seen before.")


def named(options: dict[str, Any]) -> str:
    """Returns the option that names the earlier run."""
    return next(name for name in OPTIONS if options.get(name) is not None)


def note(folder: Path, seen: list[Any]) -> None:
    """Writes into a training's folder what it saw by way of its warm start, for those that start from it in turn."""
    (folder / SEEN).write_text(json.dumps(seen))
