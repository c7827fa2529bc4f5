"""What images go through on their way: JPEG compression and Gaussian blur, each really of the strength that it says."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from data.errors import UserError, shown, unknown


def apply(images: np.ndarray, name: str) -> np.ndarray:
    """Returns images after what a name says: `"jpeg-75"` at quality 75, `"blur-1.5"` with a sigma of 1.5 pixels.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        name: The kind and its strength.

    Returns:
        uint8 of the same shape, a new array.

    Raises:
        UserError: For other images, an unknown kind, or a strength out of range.
    """
    kind, _, strength = name.partition("-")
    if kind not in KINDS:
        raise unknown("perturbation", kind, KINDS)
    try:
        amount = int(strength) if kind == "jpeg" else float(strength)
    except ValueError:
        raise UserError(
            f"A perturbation is a kind and its strength, such as jpeg-75. Received: '{shown(name)}'."
        ) from None
    return KINDS[kind](images, amount)


def check(name: str) -> None:
    """Checks the name of a perturbation, see `apply`.

    Raises:
        UserError: For an unknown kind, or a strength out of range.
    """
    apply(np.zeros((1, 8, 8, 1), np.uint8), name)


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
    _check(images)
    if quality is None:
        return images.copy()
    qualities = np.asarray(quality)
    if qualities.dtype.kind not in "iu" or (qualities < 1).any() or (qualities > 100).any():
        raise UserError(f"A JPEG quality must be a whole number from 1 to 100. Received: {quality}.")
    out = np.empty_like(images)
    for at, (image, q) in enumerate(zip(images, _each(qualities, len(images), "JPEG quality"), strict=True)):
        with Image.open(io.BytesIO(jpeg_file(image, int(q)))) as decoded:
            out[at] = np.asarray(decoded).reshape(image.shape)
    return out


def jpeg_file(image: np.ndarray, quality: int) -> bytes:
    """Returns the JPEG file of one uint8 image `(height, width, channels)`, as `jpeg` decodes it."""
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "JPEG", quality=quality)
    return file.getvalue()


def blur(images: np.ndarray, sigma: float | Sequence[float] | np.ndarray) -> np.ndarray:
    """Returns images blurred by a Gaussian, each channel on its own, the border mirrored (its line repeated).

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        sigma: Standard deviation in pixels, of all images or of each; 0 leaves an image as it is.

    Returns:
        uint8 of the same shape, rounded to the nearest grey level, a new array.

    Raises:
        UserError: For other images, or a sigma that is negative or not finite.
    """
    _check(images)
    sigmas = np.asarray(sigma, dtype=np.float64)
    if not np.isfinite(sigmas).all() or (sigmas < 0).any():
        raise UserError(f"The sigma of a blur must be a finite number of pixels, 0 or more. Received: {sigma}.")
    out = images.copy()
    for at, s in enumerate(_each(sigmas, len(images), "sigma")):
        if s > 0:
            out[at] = np.rint(gaussian_filter(images[at].astype(np.float64), s, mode="reflect", axes=(0, 1)))
    return out


def _each(values: np.ndarray, n: int, name: str) -> np.ndarray:
    if values.ndim and values.shape != (n,):
        raise UserError(f"Expected one {name}, or one for each of {n} images. Received: shape {values.shape}.")
    return np.broadcast_to(values, (n,))


def _check(images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        raise UserError(
            "Expected uint8 images of shape (n, height, width, channels) with 1 or 3 channels. "
            f"Received: {images.dtype} of shape {images.shape}."
        )


KINDS: dict[str, Callable[[np.ndarray, Any], np.ndarray]] = {"jpeg": jpeg, "blur": blur}
