"""Which images of a published set are taken: classes by name, and the first few for a quick run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError, unknown
from data.imageset import ImageSet


def choose_classes(wanted: Sequence[int | str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """Returns the wanted classes in the publisher's order, so that the order in a spec changes nothing.

    Args:
        wanted: Names (a number stands for the name that is written like it), or `None` for all.
        known: The names that exist.

    Raises:
        UserError: For a name that does not exist, one that is given twice, or an empty list.
    """
    if wanted is None:
        return tuple(known)
    names = [str(name) for name in wanted]
    for name in names:
        if name not in known:
            raise unknown("class", name, known)
    if not names or len(set(names)) != len(names):
        raise UserError(f"Option 'classes' must name at least one class, each once. Received: classes={list(wanted)}.")
    return tuple(name for name in known if name in names)


def pick(
    labels: np.ndarray,
    known: Sequence[str],
    classes: Sequence[str],
    official: np.ndarray | None = None,
    limit: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the positions of the images to take and their new labels, indices into `classes`.

    Args:
        labels: int `(n,)`, indices into `known`.
        known: The names of the labels.
        classes: The names of those to take.
        official: str `(n,)`, the publisher's split. Defaults to `None`.
        limit: Takes only the first that many per official part. Defaults to `None`, all.
    """
    renumber = np.full(len(known), -1, np.int64)
    renumber[[list(known).index(name) for name in classes]] = np.arange(len(classes))
    index = np.flatnonzero(renumber[labels] >= 0)
    if limit is not None:
        index = index[first(limit, None if official is None else official[index], len(index))]
    return index, renumber[labels[index]]


def first(limit: int | None, official: np.ndarray | None, n: int) -> np.ndarray:
    """Returns the sorted positions of the first `limit` of `n` images in each official part (all, if `None`)."""
    if limit is None:
        return np.arange(n)
    if official is None:
        return np.arange(min(limit, n))
    return np.sort(np.concatenate([np.flatnonzero(official == part)[:limit] for part in np.unique(official)]))


def limit_note(limit: int | None, per_part: bool, part: str = "official part") -> tuple[str, ...]:
    """Returns the sentence that says that a set was cut short, if it was."""
    where = f" of each {part}" if per_part else ""
    return () if limit is None else (f"Cut short: the first {limit:,} images{where}.",)


def wider(source: Any, known: Sequence[str], folders: Sequence[Path], **options: Any) -> ImageSet | None:
    """Returns the images of all of a source's classes, or `None` if it takes all of them already.

    Args:
        source: With `classes` and a `limit` (or `None`), which counts per class: it is as many times higher as there
            are more classes.
        known: The names of all classes.
        folders: Where the source looks for its files.
        options: Its other options.
    """
    if len(source.classes) == len(known):
        return None
    limit = None if source.limit is None else source.limit * len(known) // len(source.classes)
    found: ImageSet = type(source)(limit=limit, **options).load(folders)
    return found
