"""Images as the Inception network takes them: 299 x 299, three channels, in [-1, 1]."""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmark.quality.inception.network import SIDE


def prepared(images: np.ndarray) -> np.ndarray:
    """Returns float32 `(n, 299, 299, 3)` in [-1, 1] of uint8 images `(n, height, width, channels)`.

    They are resized bilinearly, pixels being squares whose centres lie at half numbers, without a low-pass filter
    before a reduction; a grey image is repeated in three channels. Published FIDs come from programs that resize like
    this (PyTorch's `align_corners=False`: pytorch-fid), or as TensorFlow 1 did, whose pixels are points at whole
    numbers (TTUR, torch-fidelity): that shifts an image by a part of a pixel, and figures differ slightly. Nothing is
    rounded in between.

    It is done in NumPy, so that every backend gives the network the same numbers.

    Raises:
        ValueError: For images of another type.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        raise ValueError(f"Expected uint8 images (n, height, width, 1 or 3). Received: {images.dtype} {images.shape}.")
    images = np.repeat(images, 3 // images.shape[3], axis=3)
    n, height, width, channels = images.shape
    unit = images.astype(np.float32) / np.float32(255)
    rows = _weights(height) @ unit.reshape(n, height, width * channels)
    across = _weights(width) @ rows.reshape(n * SIDE, width, channels)
    return 2 * across.reshape(n, SIDE, SIDE, channels) - 1


@cache
def _weights(length: int) -> np.ndarray:
    """Returns what each of `length` pixels of a line gives to each of 299, float32 `(299, length)`."""
    centres = np.maximum((np.arange(SIDE) + 0.5) * (length / SIDE) - 0.5, 0.0)
    left = np.minimum(centres.astype(np.int64), length - 1)
    right = np.minimum(left + 1, length - 1)
    share = centres - left
    weights = np.zeros((SIDE, length))
    np.add.at(weights, (np.arange(SIDE), left), 1 - share)
    np.add.at(weights, (np.arange(SIDE), right), share)
    return weights.astype(np.float32)
