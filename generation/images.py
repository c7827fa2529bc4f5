"""What a generator that learns may be given. No Keras."""

from __future__ import annotations

import numpy as np

from data.errors import UserError


def checked(images: np.ndarray) -> np.ndarray:
    """Returns the images as an array.

    Raises:
        UserError: If they are not uint8 `(n, height, width, channels)`.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4:
        raise UserError(f"Images must be uint8 (n, height, width, channels). Received: {images.dtype} {images.shape}.")
    return images
