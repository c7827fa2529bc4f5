"""The ledger's dealing of units to two parts, repeated: what could have been, if nothing but chance had dealt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from data.imageset import ImageSet

DRAWS = 1999
BLOCK = 250  # deals of all units that are in memory together


def deals(
    chosen: np.ndarray, units: np.ndarray, labels: np.ndarray, *,
    moved: np.ndarray | None = None, at: np.ndarray | None = None, draws: int = DRAWS, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Deals units to two parts again and again, as `data.apportion.draw` does.

    Where units are of unequal sizes, this differs much from dealing as many units: the ledger fills the first part up
    to its number of images, so that large units are rare in the last one and small ones fill what is left.

    Args:
        chosen: bool `(n,)`, the images of that part of the two which the ledger fills first, in the order of
            `data.apportion.PARTS`; those of one unit are all in one part.
        units: int `(n,)`.
        labels: int `(n,)`, which are spread evenly; a unit has that of its first image.
        moved: bool `(n,)`, the images that are dealt; the others stay where they are. Defaults to `None`, all.
        at: int `(m,)`, the images whose deals are returned. Defaults to `None`, all.
        draws: How often. Defaults to `1999`.
        seed: Of the draws. Defaults to `0`.

    Returns:
        bool `(draws + 1, m)`; the first row is that of `chosen`.

    Example:
        >>> import numpy as np
        >>> chosen = np.array([True, True, False, False])
        >>> deals(chosen, np.array([7, 7, 8, 9]), np.zeros(4, int), draws=2).sum(axis=1).tolist()
        [2, 2, 2]
    """
    _, first, index, size = np.unique(units, return_index=True, return_inverse=True, return_counts=True)
    wanted = index.reshape(-1) if at is None else index.reshape(-1)[at]
    dealt = np.flatnonzero(np.ones(len(first), bool) if moved is None else moved[first])
    label, size, before = labels[first][dealt], size[dealt], chosen[first]
    rng = np.random.default_rng(seed)
    blocks = [before[None][:, wanted]]
    for start in range(0, draws, BLOCK):
        after = np.repeat(before[None], min(BLOCK, draws - start), axis=0)
        if len(size) and (size == size[0]).all():  # then it is as many units of each label, in a third of the time
            for value in np.unique(label):
                same = dealt[label == value]
                after[:, same] = rng.permuted(after[:, same], axis=1)
        else:
            after[:, dealt] = _filled(_orders(label, size, len(after), rng), size, int(size[before[dealt]].sum()))
        blocks.append(after[:, wanted])
    return np.concatenate(blocks)


def dealt_by_ledger(images: ImageSet, at: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Returns which images the ledger has dealt to two parts: those of a publisher's part that is in both of them.

    A publisher's validation images stay in their part, whatever the ledger's seed, beside its training images.

    Args:
        images: The image set.
        at: int `(n,)`, positions in it.
        chosen: bool `(n,)`, the images of the first part.

    Returns:
        bool `(n,)`.

    Example:
        >>> import numpy as np
        >>> from data.imageset import ImageSet
        >>> black, label, name = np.zeros((3, 2, 2, 1), np.uint8), np.zeros(3, int), np.array(["a", "b", "c"])
        >>> official = np.array(["train", "train", "validation"])
        >>> images = ImageSet("three", black, label, name, ("one",), official=official)
        >>> dealt_by_ledger(images, np.arange(3), np.array([True, False, False])).tolist()
        [True, True, False]
    """
    if images.official is None:
        return np.ones(len(at), bool)
    official = images.official[at]
    return np.isin(official, np.intersect1d(official[chosen], official[~chosen]))


def _orders(labels: np.ndarray, sizes: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Returns int `(n, units)`: random orders in which each label is spread evenly, as in `data.apportion`."""
    place = np.empty((n, len(labels)))
    for value in np.unique(labels):
        same = rng.permuted(np.tile(np.flatnonzero(labels == value), (n, 1)), axis=1)
        stretch = sizes[same]
        middle = (np.cumsum(stretch, axis=1) - stretch / 2) / stretch[0].sum()
        np.put_along_axis(place, same, middle, axis=1)
    return np.argsort(place + 1e-9 * rng.random(place.shape), axis=1)  # labels that are level take turns by chance


def _filled(orders: np.ndarray, sizes: np.ndarray, room: int) -> np.ndarray:
    """Returns bool `(n, units)`, who is in the first part: each that still fits goes there, or else into the second.

    What fits into neither goes to the one that lacks the larger share.
    """
    whole = np.array([room, sizes.sum() - room])
    left = np.tile(whole, (len(orders), 1))
    rows, first, late = np.arange(len(orders)), np.zeros(orders.shape, bool), np.zeros(orders.shape, bool)
    for column in range(orders.shape[1]):
        unit = orders[:, column]
        here = sizes[unit] <= left[:, 0]
        there = ~here & (sizes[unit] <= left[:, 1])
        left[:, 0] -= sizes[unit] * here
        left[:, 1] -= sizes[unit] * there
        first[rows, unit] = here
        late[:, column] = ~(here | there)
    for row, column in np.argwhere(late):
        unit = orders[row, column]
        part = int((left[row] / np.maximum(whole, 1)).argmax())
        left[row, part] -= sizes[unit]
        first[row, unit] = part == 0
    return first
