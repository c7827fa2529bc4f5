"""Structural similarity of images. Imports Keras: import this inside functions only."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

# All four as in the paper below, section III.
WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03


def ssim(first: Any, second: Any) -> Any:
    """Returns the structural similarity of pairs of images, float32 `(batch,)`: 1 for equal ones, in [-1, 1].

    The mean over channels and over all places where a Gaussian window of 11 x 11 pixels (of fewer, an odd number, on
    smaller images) lies wholly inside.

    Args:
        first, second: Float `(batch, height, width, channels)` in [0, 1].

    References:
        Wang, Bovik, Sheikh, Simoncelli (2004), Image quality assessment: from error visibility to structural
        similarity, section III-B, equation 13.
    """
    x, y = (ops.transpose(ops.cast(images, "float32"), (0, 3, 1, 2)) for images in (first, second))
    mean_x, mean_y, xx, yy, xy = ops.split(_filtered(ops.concatenate([x, y, x * x, y * y, x * y])), 5)
    var_x, var_y, cov = xx - mean_x * mean_x, yy - mean_y * mean_y, xy - mean_x * mean_y
    c1, c2 = K1**2, K2**2
    likeness = (2 * mean_x * mean_y + c1) * (2 * cov + c2)
    likeness = likeness / ((mean_x * mean_x + mean_y * mean_y + c1) * (var_x + var_y + c2))
    return ops.mean(likeness, axis=(1, 2, 3))


def window(side: int) -> int:
    """Returns the side of the window on images whose shorter side is `side`."""
    return min(WINDOW, side - 1 + side % 2)


def _filtered(maps: Any) -> Any:
    """Weighs `(n, channels, height, width)` by the window: two products with banded matrices, fast on every backend."""
    height, width = maps.shape[2:]
    size = window(min(height, width))
    rows = ops.matmul(maps, _band(width, size))
    return ops.matmul(ops.transpose(rows, (0, 1, 3, 2)), _band(height, size))


def _band(side: int, size: int) -> np.ndarray:
    """Returns float32 `(side, side - size + 1)`: the weights of each place's window."""
    weights = np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * SIGMA**2))
    band = np.zeros((side, side - size + 1))
    for place in range(side - size + 1):
        band[place : place + size, place] = weights / weights.sum()
    return band.astype(np.float32)
