"""Near-duplicates: spectra propose pairs of images and how one lies on the other, their pixels' details decide.

Found are other sizes, compressions, brightnesses, contrasts and noise, mirror images, turns by 90 degrees and by a few,
negatives, exchanged or missing colours, crops from four fifths on, frames, captions, and pictures that have moved by a
tenth. The limits were set by eye on 4,000 training images of the CIFAR-10 classes airplane, automobile, bird, frog,
horse and ship, whose makers had taken out copies with nearly equal pixels; what is left of a picture are other crops,
brightnesses and compressions (Barz and Denzler, "Do We Train on Test Data?", J. Imaging 2020).
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from data.copies.align import agreement, oriented
from data.copies.propose import proposed
from data.copies.spectra import FLAT, SIDE

LIMIT = 0.78  # of the agreement; from 0.75 on, 51 of 52 pairs of those images surely showed one picture
ALIKE = 0.85  # for aligned faces: 208 of 209 such pairs of CelebA are of one person, at 0.75 to 0.78 70 of 102
EQUAL = 0.995  # correlation of pixels below 32 of a side; different digits of MNIST reach 0.986, of 8 pixels 0.992
CHUNK = 512  # images reduced together

RULE = (
    "Copies have equal pixels, or are near: reduced to {side} x {side} grey pixels and moved, turned by a few degrees, "
    "mirrored, turned by 90 degrees, inverted, or cropped to four fifths, until they lie on each other, their details "
    "correlate, less the standard error, at {limit} or more over three quarters of the blocks, with or without the "
    "rim. Near copies are chained."
)
SMALL = (
    "Copies have equal pixels, or (below {side} pixels) have them once they are mirrored, turned by 90 degrees, "
    "inverted, moved before an even background, freed of an even frame, or their grey levels are changed without "
    "joining two; or their pixels, mirrored, turned or inverted, correlate at {limit} or more. Near copies are chained."
)


def rule(alike: bool, small: bool = False) -> str:
    """Returns the rule in words, see `near_duplicates`; `small` for images below 32 pixels."""
    if small:
        return SMALL.format(side=SIDE, limit=EQUAL)
    return RULE.format(side=SIDE, limit=ALIKE if alike else LIMIT)


def near_duplicates(images: np.ndarray, *, alike: bool = False) -> np.ndarray:
    """Returns int64 `(m, 2)`: pairs of images that show the same picture, enough to chain all that belong together.

    Args:
        images: uint8 `(n, height, width, channels)`, at least 32 pixels high and wide.
        alike: Whether different images look much alike, as aligned faces do; then nearer ones only count. Defaults to
            `False`.
    """
    grey, at = reduced(images)
    pairs = proposed(grey)
    near = agreement(grey, grey[:0], pairs) >= (ALIKE if alike else LIMIT)
    ends = np.sort(at[np.stack([pairs.first, pairs.second], axis=1)[near]], axis=1)
    return ends[np.lexsort(ends.T[::-1])]


def near_small(images: np.ndarray) -> np.ndarray:
    """Returns int64 `(m, 2)`: pairs of images below 32 pixels whose pixels are nearly equal, up to brightness.

    They may be mirrored, turned by 90 degrees or inverted; nothing else is tried, since small images of one kind look
    alike.

    Args:
        images: uint8 `(n, height, width, channels)`.
    """
    grey, at = reduced(images)
    pairs = proposed(grey, zooms=(1.0,))
    first, second = at[pairs.first], at[pairs.second]
    near = equal_small(images, images, first, second, pairs.code)
    return np.sort(np.stack([first, second], axis=1)[near], axis=1)


def equal_small(
    images: np.ndarray, others: np.ndarray, first: np.ndarray, second: np.ndarray, code: np.ndarray
) -> np.ndarray:
    """Returns bool `(m,)`: whether `images[first]` and `others[second]`, turned by `code`, are nearly equal."""
    near = np.zeros(len(first), bool)
    for start in range(0, len(first), CHUNK):
        some = slice(start, start + CHUNK)
        a, b = _standard(images[first[some]]), _standard(others[second[some]])
        if images.shape[1] == images.shape[2]:
            b = oriented(b, code[some])
        near[some] = np.abs((a * b).mean(axis=(1, 2))) >= EQUAL
    return near


def _standard(images: np.ndarray) -> np.ndarray:
    grey = images.mean(axis=3, dtype=np.float32)
    grey -= grey.mean(axis=(1, 2), keepdims=True)
    return grey / np.maximum(grey.std(axis=(1, 2), keepdims=True), 1e-6)


def reduced(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns float16 `(k, 32, 32)`, the images in grey, and int64 `(k,)`, which: flat ones have nothing to compare.

    Grey is the mean of the channels, which is the same in whatever order they are.
    """
    chunks = [_reduce(images[start : start + CHUNK]).mean(axis=3) for start in range(0, len(images), CHUNK)]
    grey = np.concatenate([chunk.astype(np.float16) for chunk in chunks])
    at = np.flatnonzero(np.concatenate([chunk.std(axis=(1, 2)) >= FLAT for chunk in chunks]))
    return grey[at], at


def _reduce(images: np.ndarray) -> np.ndarray:
    """Returns float32 `(n, 32, 32, c)`, each value the mean of the area it stands for."""
    n, height, width, channels = images.shape
    if (height, width) == (SIDE, SIDE):
        return images.astype(np.float32)
    if height % SIDE == 0 and width % SIDE == 0:
        blocks = images.reshape(n, SIDE, height // SIDE, SIDE, width // SIDE, channels)
        return blocks.mean(axis=(2, 4), dtype=np.float32)
    if SIDE % height == 0 and SIDE % width == 0:
        return images.repeat(SIDE // height, axis=1).repeat(SIDE // width, axis=2).astype(np.float32)
    small = np.empty((n, SIDE, SIDE, channels), np.float32)
    for i, image in enumerate(images):
        pixels = Image.fromarray(image if channels == 3 else image[:, :, 0])
        small[i] = np.asarray(pixels.resize((SIDE, SIDE), Image.Resampling.BOX)).reshape(SIDE, SIDE, channels)
    return small
