"""The nearest image of a pool, and how much nearer it is than what else is near: what tells copies from likeness.

A flat or simple image has near neighbours everywhere, so a distance alone says little. Its ratio to the distance of the
tenth neighbour does (Lowe 2004, Distinctive image features from scale-invariant keypoints, IJCV 60, section 7.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import fft

from detection.features.frequency import grey

SIDE = 8  # cosine coefficients per direction: what is left of a copy that was coded, shifted or made noisy again
RANK = 10  # the neighbour that says what is near
CHUNK = 512  # rows whose distances are in memory together


@dataclass(frozen=True)
class Closest:
    """Of each image: int64 `(n,)`, its nearest in the pool, and float64 `(n,)`, the ratio, from 0 (a copy) to 1."""

    at: np.ndarray
    ratio: np.ndarray


def outlines(images: np.ndarray) -> np.ndarray:
    """Returns the lowest cosine coefficients of the luminance without the mean, of length 1: float32 `(n, s, s)`.

    Neither brightness nor contrast changes them. `s` is 8, or the image's smaller side. Those of a flat image are 0.
    """
    side = min(SIDE, *images.shape[1:3])
    found = np.empty((len(images), side, side), np.float32)
    for start in range(0, len(images), CHUNK):
        rows = slice(start, start + CHUNK)
        found[rows] = fft.dctn(grey(np.asarray(images[rows])), norm="ortho", axes=(1, 2))[:, :side, :side]
    found[:, 0, 0] = 0
    length = np.linalg.norm(found, axis=(1, 2), keepdims=True)
    return found / np.where(length > 1e-3, length, np.inf)


def by_outline(
    images: np.ndarray, pool: np.ndarray, units: np.ndarray | None = None, pool_units: np.ndarray | None = None
) -> Closest:
    """Finds the nearest by outline, whether it is mirrored, turned by 90 degrees, brighter, or a negative.

    Args:
        images: `outlines` of the images, `(n, s, s)`.
        pool: Those of the pool, `(m, s, s)`.
        units: int `(n,)`; an image of the pool with the same unit is not looked at. Defaults to none.
        pool_units: int `(m,)`.
    """
    flat = pool.reshape(len(pool), -1).T

    def distances(rows: slice) -> np.ndarray:
        alike = np.zeros((len(images[rows]), len(pool)), np.float32)
        for turned in _symmetries(images[rows]):
            np.maximum(alike, np.abs(turned.reshape(len(turned), -1) @ flat), out=alike)
        return np.sqrt(np.maximum(2 - 2 * alike, 0))

    return _closest(len(images), distances, units, pool_units)


def by_features(
    features: np.ndarray, pool: np.ndarray, units: np.ndarray | None = None, pool_units: np.ndarray | None = None
) -> Closest:
    """Finds the nearest by an extractor's features, float64 `(n, d)` and `(m, d)`; the rest as `by_outline`."""
    middle = pool.mean(axis=0)
    b = pool - middle

    def distances(rows: slice) -> np.ndarray:
        a = features[rows] - middle
        squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        return np.sqrt(np.maximum(squares, 0))

    return _closest(len(features), distances, units, pool_units)


def _symmetries(outline: np.ndarray) -> list[np.ndarray]:
    """Returns the coefficients of an image mirrored and turned in all eight ways: odd ones change their sign."""
    signs = np.where(np.arange(outline.shape[1]) % 2, -1, 1).astype(np.float32)
    mirrored = [outline, outline * signs, outline * signs[:, None], outline * signs * signs[:, None]]
    return mirrored + [one.transpose(0, 2, 1) for one in mirrored]


def _closest(
    n: int, distances: Callable[[slice], np.ndarray], units: np.ndarray | None, pool_units: np.ndarray | None
) -> Closest:
    at, ratio = np.empty(n, np.int64), np.empty(n)
    for start in range(0, n, CHUNK):
        rows = slice(start, min(start + CHUNK, n))
        found = distances(rows)
        if units is not None:
            found[units[rows, None] == pool_units] = np.inf
        rank = min(RANK, found.shape[1]) - 1
        at[rows] = found.argmin(axis=1)
        nearest, other = found.min(axis=1), np.partition(found, rank, axis=1)[:, rank]
        usable = np.isfinite(other) & (other > 0)
        ratio[rows] = np.where(usable, nearest / np.where(usable, other, 1), np.where(other > 0, 1.0, 0.0))
    return Closest(at, ratio)
