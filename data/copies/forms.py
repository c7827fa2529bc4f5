"""Copies below 32 pixels: a form of an image that is the same for every copy that keeps its pixels apart.

Small images of one kind, as digits are, look alike without being copies, and no limit on how far they agree tells them
apart. So only what can be undone exactly counts: mirroring, turns by 90 degrees, the negative, a move before an even
background, an even frame, and any change of brightness that leaves different grey levels different.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

LEVELS = 4  # that the picture must have at least, and
PIXELS = 16  # how many of them; less is a shape that many images have by chance
BATCH = 4096  # pictures of one shape that are looked at together


def forms(images: np.ndarray) -> list[bytes]:
    """Returns a form of each image, equal for copies; empty for an image with too little in it.

    Args:
        images: uint8 `(n, height, width, channels)`.
    """
    grey = images.sum(axis=3, dtype=np.int32)
    found = [b""] * len(grey)
    # the corners may differ, and a copy may have them elsewhere: each is tried as the background
    corners = grey[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    for at in range(corners.shape[1]):
        new = np.flatnonzero((corners[:, :at] != corners[:, at, None]).all(axis=1))
        for number, form in _on_background(grey[new], corners[new, at]):
            image = new[number]
            found[image] = min(found[image] or form, form)
    return found


def _on_background(grey: np.ndarray, background: np.ndarray) -> Iterator[tuple[int, bytes]]:
    """Yields the number of each image that has enough in it, and its form."""
    inside = grey != background[:, None, None]
    (top, bottom), (left, right) = (_reach(inside.any(axis=axis)) for axis in (2, 1))
    shapes = np.column_stack([bottom - top, right - left])
    for height, width in np.unique(shapes, axis=0):
        if height * width < PIXELS:
            continue
        same = np.flatnonzero((shapes == (height, width)).all(axis=1))
        for some in np.split(same, range(BATCH, len(same), BATCH)):
            pictures = np.stack([grey[i, top[i] : bottom[i], left[i] : right[i]] for i in some])
            ranks, levels = _ranked(pictures)
            if (rich := levels >= LEVELS).any():
                yield from zip(some[rich].tolist(), _least(ranks[rich], levels[rich]), strict=True)


def _reach(filled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns where what is left of each row begins and ends without the even rim, bool `(n, length)`."""
    some = filled.any(axis=1)
    return np.where(some, filled.argmax(axis=1), 0), np.where(some, filled.shape[1] - filled[:, ::-1].argmax(axis=1), 0)


def _ranked(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rank of each pixel among its picture's grey levels, uint16, and how many levels each has."""
    flat = pictures.reshape(len(pictures), -1)
    order = flat.argsort(axis=1, kind="stable")
    steps = np.diff(np.take_along_axis(flat, order, axis=1), axis=1, prepend=flat.min(axis=1, keepdims=True)) != 0
    ranks = np.empty(flat.shape, np.uint16)
    np.put_along_axis(ranks, order, steps.cumsum(axis=1).astype(np.uint16), axis=1)
    return ranks.reshape(pictures.shape), ranks.max(axis=1, initial=0).astype(int) + 1


def _least(ranks: np.ndarray, levels: np.ndarray) -> list[bytes]:
    """Returns the first in order of all that mirroring, turns and the negative make of each picture, with its shape."""
    negative = (levels[:, None, None] - 1 - ranks).astype(np.uint16)
    ways = (way for picture in (ranks, negative) for way in (picture, picture[:, :, ::-1]))
    turned = [np.rot90(way, turn, axes=(1, 2)) for way in ways for turn in range(4)]
    shape = min(way.shape for way in turned)
    best, *others = (way.reshape(len(ranks), -1) for way in turned if way.shape == shape)
    every = np.arange(len(ranks))
    for way in others:
        first = (way != best).argmax(axis=1)  # the first pixel that differs decides
        best = np.where((way[every, first] < best[every, first])[:, None], way, best)
    head = np.array(shape[1:], ">u2").tobytes()
    return [head + row.tobytes() for row in best.astype(">u2")]  # so that bytes are in the order of numbers
