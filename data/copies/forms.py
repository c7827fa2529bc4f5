"""Copies below 32 pixels: a form of an image that is the same for every copy that keeps its pixels apart.

Small images of one kind, as digits are, look alike without being copies, and no limit on how far they agree tells them
apart. So only what can be undone exactly counts: mirroring, turns by 90 degrees, the negative, a move before an even
background, an even frame, and any change of brightness that leaves different grey levels different.
"""

from __future__ import annotations

import numpy as np

LEVELS = 4  # that the picture must have at least, and
PIXELS = 16  # how many of them; less is a shape that many images have by chance


def forms(images: np.ndarray) -> list[bytes]:
    """Returns a form of each image, equal for copies; empty for an image with too little in it.

    Args:
        images: uint8 `(n, height, width, channels)`.
    """
    return [_form(image) for image in images.sum(axis=3, dtype=np.int32)]


def _form(grey: np.ndarray) -> bytes:
    # the corners may differ, and a copy may have them elsewhere: each is tried as the background
    corners = np.unique(grey[[0, 0, -1, -1], [0, -1, 0, -1]])
    found = [form for corner in corners if (form := _least(_trimmed(grey, corner)))]
    return min(found, default=b"")


def _least(picture: np.ndarray) -> bytes:
    levels, ranks = np.unique(picture, return_inverse=True)
    if len(levels) < LEVELS or picture.size < PIXELS:
        return b""
    ranks = ranks.reshape(picture.shape).astype(np.uint16)
    return min(_packed(np.rot90(way, turn)) for way in _ways(ranks, len(levels) - 1) for turn in range(4))


def _trimmed(grey: np.ndarray, background: int) -> np.ndarray:
    """Returns what is left without the rows and columns at the rim that have one value everywhere."""
    inside = grey != background
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return grey[:0]
    return grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _ways(ranks: np.ndarray, highest: int) -> list[np.ndarray]:
    return [ranks, ranks[:, ::-1], highest - ranks, highest - ranks[:, ::-1]]


def _packed(ranks: np.ndarray) -> bytes:
    return np.array(ranks.shape, np.uint16).tobytes() + np.ascontiguousarray(ranks).tobytes()
