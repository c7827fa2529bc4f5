"""JPEG, as Pillow writes and reads it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from data.errors import UserError
from data.perturb.checks import check_images


def jpeg(images: np.ndarray, quality: int | Sequence[int] | np.ndarray | None) -> np.ndarray:
    """Returns images after JPEG compression and decoding, as Pillow does both.

    Colour is stored at half the resolution (4:2:0), Pillow's default and that of most programs; the tables are those of
    the Independent JPEG Group's scale. Grey images have no colour to reduce.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels (RGB). They are not changed.
        quality: 1 (worst) to 100, of all images or of each. `None` leaves the images as they are.

    Returns:
        uint8 of the same shape, a new array.

    Raises:
        UserError: For other images, or a quality that is no whole number from 1 to 100.
    """
    check_images(images)
    if quality is None:
        return images.copy()
    qualities = np.asarray(quality)
    if qualities.dtype.kind not in "iu" or (qualities < 1).any() or (qualities > 100).any():
        raise UserError(f"A JPEG quality must be a whole number from 1 to 100. Received: {quality}.")
    out = np.empty_like(images)
    for at, (image, q) in enumerate(zip(images, each(qualities, len(images), "JPEG quality"), strict=True)):
        with Image.open(io.BytesIO(jpeg_file(image, int(q)))) as decoded:
            out[at] = np.asarray(decoded).reshape(image.shape)
    return out


def jpeg_file(image: np.ndarray, quality: int) -> bytes:
    """Returns the JPEG file of one uint8 image `(height, width, channels)`, as `jpeg` decodes it."""
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "JPEG", quality=quality)
    return file.getvalue()


def each(values: np.ndarray, n: int, name: str) -> np.ndarray:
    """Returns one value for each of `n` images, from one for all or from so many.

    Raises:
        UserError: For another number of them.
    """
    if values.ndim and values.shape != (n,):
        raise UserError(f"Expected one {name}, or one for each of {n} images. Received: shape {values.shape}.")
    return np.broadcast_to(values, (n,))
