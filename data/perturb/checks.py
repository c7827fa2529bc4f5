"""What every perturbation asks of images, and how each image gets random numbers of its own."""

from __future__ import annotations

import hashlib

import numpy as np

from data.errors import UserError


def check_images(images: np.ndarray) -> None:
    """Checks that images are uint8 `(n, height, width, channels)` with 1 or 3 channels.

    Raises:
        UserError: If not.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        raise UserError(
            "Expected uint8 images of shape (n, height, width, channels) with 1 or 3 channels. "
            f"Received: {images.dtype} of shape {images.shape}."
        )


def whole_levels(values: np.ndarray) -> np.ndarray:
    """Returns values as uint8: the nearest grey level, those beyond 0 and 255 at the end of the scale."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def own_numbers(image: np.ndarray, purpose: str) -> np.random.Generator:
    """Returns random numbers that depend on what an image shows and on nothing else.

    So they are the same in any batch and at any place in it, and an image processed twice is the same twice.

    Args:
        image: uint8 `(height, width, channels)`.
        purpose: What they are for, so that two uses do not share them.
    """
    digest = hashlib.sha256(f"{purpose} {image.shape}".encode() + image.tobytes()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))
