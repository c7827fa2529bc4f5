"""Which faces a swap autoencoder trains on, and which it holds out. No Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.errors import UserError
from generation.images import checked_labels

TWO = (
    'Expected two groups, such as dataset.label = "Male" or dataset.identities = [82, 209] for celeba, two classes, '
    "or a folder with two sub-folders"
)


@dataclass(frozen=True)
class Faces:
    """Positions of the faces of side A and side B, sorted, and the two labels.

    Attributes:
        labels: The labels of side A and of side B, the smaller one first.
        names: Their names.
        trained: Positions of the faces that are trained on, for either side.
        held_out: Positions of those that never are.
    """

    labels: tuple[int, int]
    names: tuple[str, str]
    trained: tuple[np.ndarray, np.ndarray]
    held_out: tuple[np.ndarray, np.ndarray]


def divide(labels: Any, classes: Sequence[str], *, n: int, share: float, half: int, seed: int) -> Faces:
    """Divides faces into two sides and sets a part of each aside.

    Args:
        labels: int `(n,)`, two different ones.
        classes: Names of the labels; their numbers if there are none.
        n: How many faces there are.
        share: Of each side that is held out, at least one face.
        half: Faces of a side in a batch.
        seed: Of the choice.

    Raises:
        UserError: Without exactly two labels, one for each face, or with fewer faces of a side than half a batch and
            one to hold out.
    """
    labels = np.zeros(0, np.int64) if labels is None else checked_labels(labels, n, classes)
    found = np.unique(labels)
    if len(found) != 2:
        shown = ", ".join(str(classes[label] if len(classes) else label) for label in found[:5])
        raise UserError(
            f"The autoencoder swaps faces between two groups. {TWO}. Received: {len(found)} ({shown or 'no labels'})."
        )
    first, second = (int(label) for label in found)
    names = [str(classes[label]) if len(classes) else str(label) for label in (first, second)]
    trained, held = [], []
    for at, label in enumerate((first, second)):
        side = np.flatnonzero(labels == label)
        out = max(1, round(share * len(side)))
        if len(side) - out < half:
            raise UserError(
                f"A side needs {half} faces for its half of a batch, beside the {out} held out. Expected a smaller "
                f"batch_size or more images. Received: {len(side)} of '{names[at]}'."
            )
        order = np.random.default_rng([seed, at]).permutation(side)
        held.append(np.sort(order[:out]))
        trained.append(np.sort(order[out:]))
    return Faces((first, second), (names[0], names[1]), (trained[0], trained[1]), (held[0], held[1]))
