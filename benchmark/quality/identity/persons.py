"""Whose faces the embedding learns from, and whose faces swaps are scored on: no person is in both.

A swap's score says how a generator treats a person, so the embedding must know neither the persons that the generator
was trained on nor those that it is scored on, or it would recognise its own training. It follows:

* Where the source names identities (`groups`), the ledger keeps every person in one part. The embedding learns from
  `detector-train`; the sources of the swaps, and the real images that they are compared with, are
  `detector-validation`. `generator-train` is the generator's. `test` is used for nothing, as in all of quality: these
  figures may choose a checkpoint.
* Where every label is one person, all parts show the same persons. The embedding then learns from other persons, if the
  source has a method `strangers`: those that the publisher calls training, and those called validation say how well it
  has learned. The swaps' sources are all of `detector-train` and `detector-validation`, which the generator never saw.
  Who has a copy of a run's picture under another number is no stranger: none of that number's pictures is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from benchmark.quality.references import HELD_PARTS, SEED
from data.duplicates import find_copies, units_of
from data.imageset import ImageSet
from data.ledger import Ledger
from detection.frozen.embedding import FEWEST, several

FEWEST_CHECKED = 5  # identities with two images that show how well the embedding has learned
MOST_LEARNED = 20_000  # images that the embedding learns from and is checked on, which are in memory together
CHECKED, CHECKED_EACH = 100, 20  # identities, and images of each, at most
FILE = "persons.npz"
ARRAYS = ("at", "identity", "label", "copy", "unit")  # of `Scored`
Kind = Literal["groups", "identities"]


@dataclass(frozen=True)
class Scored:
    """The real faces that swaps are made from and compared with.

    Attributes:
        kind: `"groups"` where a label is a group of persons, `"identities"` where it is one person.
        at: int64 `(n,)`, positions in the run's image set.
        identity: int64 `(n,)`, who each shows.
        label: int64 `(n,)`, of which there are two.
        copy: int64 `(n,)`, equal for copies and near copies of one picture.
        unit: int64 `(n,)`, the ledger's: equal for faces that are not independent.
    """

    kind: Kind
    at: np.ndarray
    identity: np.ndarray
    label: np.ndarray
    copy: np.ndarray
    unit: np.ndarray

    def save(self, folder: Path) -> None:
        """Writes it into a folder."""
        with open(folder / FILE, "wb") as file:
            arrays = {name: getattr(self, name) for name in ARRAYS}
            np.savez(file, allow_pickle=False, kind=np.array(self.kind), **arrays)

    @classmethod
    def load(cls, folder: Path) -> Scored:
        """Reads what `save` wrote."""
        with np.load(folder / FILE, allow_pickle=False) as file:
            return cls(str(file["kind"]), *(file[name] for name in ARRAYS))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Chosen:
    """What the stage `train_embedding` works with.

    Attributes:
        learn: Images of the persons that the embedding learns from; `groups` says who they show.
        check: Images of others, which show how well it has learned.
        copy: int64 `(n,)` of `check`, as in `Scored`.
        unit: int64 `(n,)` of `check`: what of one person, and of persons with copies of one picture.
        scored: The faces of the swaps.
    """

    learn: ImageSet
    check: ImageSet
    copy: np.ndarray
    unit: np.ndarray
    scored: Scored


def choose(
    images: ImageSet, ledger: Ledger, strangers: Callable[[int], ImageSet | None], *, limit: int
) -> Chosen | str:
    """Chooses whose faces serve what.

    Args:
        images: The run's image set.
        ledger: Which image serves which part.
        strangers: Gives up to so many images of persons that are not in the run, with `groups` and `official`, or
            `None`; it is asked only where the image set has no groups.
        limit: Most faces that swaps are made from; persons stay whole where a label is a group of them.

    Returns:
        The choice; or why there is none, in words for a reader of the results.
    """
    if len(np.unique(images.labels)) != 2:
        return f"a swap goes between two groups, and there are {len(images.classes)}"
    if images.groups is not None:
        found = _by_groups(images, images.groups, ledger, limit)
    else:
        others = strangers(MOST_LEARNED)
        if others is None or others.groups is None or others.official is None:
            return "the source does not say who its images show"
        found = _by_persons(images, ledger, others, limit)
    shown = len(np.unique(found.scored.label))
    if shown != 2:
        return f"the faces that swaps would be made from show {shown} of the two groups"
    for part, least, what in ((found.learn, FEWEST, "learn from"), (found.check, FEWEST_CHECKED, "check it on")):
        groups = np.asarray(part.groups)
        count = len(np.unique(groups[several(groups)]))
        if count < least:
            return f"{count} identities with two images to {what} are too few: expected {least} or more"
    return found


def _by_groups(images: ImageSet, groups: np.ndarray, ledger: Ledger, limit: int) -> Chosen:
    parts = ledger.parts
    scored = parts["detector-validation"][several(groups[parts["detector-validation"]])]
    scored = scored[_whole(groups[scored], limit)]
    kept_out = np.concatenate([parts["generator-train"], parts["test"], parts["detector-validation"]])
    learn = parts["detector-train"][~np.isin(groups[parts["detector-train"]], groups[kept_out])]
    learn = learn[several(groups[learn])]
    learn = learn[_whole(groups[learn], MOST_LEARNED)]
    shown = groups[scored], images.labels[scored], _copies(ledger, scored), ledger.units[scored]
    faces = Scored("groups", scored, *shown)
    some = _few(faces.identity)
    return Chosen(images.take(learn), images.take(scored[some]), faces.copy[some], faces.unit[some], faces)


def _by_persons(images: ImageSet, ledger: Ledger, others: ImageSet, limit: int) -> Chosen:
    scored = np.concatenate([ledger.parts[part] for part in HELD_PARTS])
    scored = np.sort(np.random.default_rng(SEED).permutation(scored)[:limit])
    labels = images.labels[scored]
    faces = Scored("identities", scored, labels, labels, _copies(ledger, scored), ledger.units[scored])
    copies = find_copies(np.concatenate([images.images, others.images]), alike=True)
    groups, official = np.asarray(others.groups), np.asarray(others.official)
    units = units_of(copies, np.concatenate([np.full(images.n, -1), groups]))[images.n :]
    wrong = units < images.n  # the run's persons under another number
    train = (official == "train") & ~wrong
    learn = np.flatnonzero(train & several(np.where(train, groups, -1)))
    rest = np.flatnonzero((official == "validation") & ~wrong & ~np.isin(units, units[learn]))
    rest = rest[several(groups[rest])]
    rest = rest[_few(groups[rest])]
    return Chosen(others.take(learn), others.take(rest), copies.near[images.n :][rest], units[rest], faces)


def _whole(groups: np.ndarray, limit: int) -> np.ndarray:
    """Returns bool `(n,)`: as many whole groups, in random order, as `limit` images allow; at least one."""
    names, index, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(SEED).permutation(len(names))
    taken = order[: max(1, int((np.cumsum(counts[order]) <= limit).sum()))]
    return np.isin(index, taken)


def _few(groups: np.ndarray) -> np.ndarray:
    """Returns sorted positions of at most 20 images of at most 100 persons, which are two million pairs at most."""
    rng = np.random.default_rng(SEED)
    names = rng.permutation(np.unique(groups))[:CHECKED]
    chosen = [rng.permutation(np.flatnonzero(groups == name))[:CHECKED_EACH] for name in names]
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)


def _copies(ledger: Ledger, at: np.ndarray) -> np.ndarray:
    """Returns int64 `(n,)`, equal for images that the ledger calls copies of one another."""
    table = ledger.table
    names = np.where(table["copy_of"] == "", table["id"], table["copy_of"]).astype(str)
    return np.unique(names, return_inverse=True)[1][at].astype(np.int64)
