"""What changes grey levels and leaves every pixel where it is: blur, noise, brightness, contrast and saturation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from data.errors import UserError
from data.perturb.checks import check_images, own_numbers, whole_levels
from data.perturb.files import each

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as JPEG and Pillow make grey of colour
BLOCK = 256  # images that are worked on as floats at once


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
    check_images(images)
    sigmas = np.asarray(sigma, dtype=np.float64)
    if not np.isfinite(sigmas).all() or (sigmas < 0).any():
        raise UserError(f"The sigma of a blur must be a finite number of pixels, 0 or more. Received: {sigma}.")
    out = images.copy()
    for at, s in enumerate(each(sigmas, len(images), "sigma")):
        if s > 0:
            out[at] = np.rint(gaussian_filter(images[at].astype(np.float64), s, mode="reflect", axes=(0, 1)))
    return out


def noise(images: np.ndarray, sigma: float) -> np.ndarray:
    """Returns images with Gaussian noise, independent in every pixel and channel.

    The noise of an image comes from the image itself (`checks.own_numbers`), and is the same but for its size at every
    strength: what two strengths do to an image differs by the strength alone.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        sigma: Standard deviation in grey levels.
    """
    check_images(images)
    out = images.copy()
    for at, image in enumerate(images) if sigma else ():
        out[at] = whole_levels(image + sigma * own_numbers(image, "noise").standard_normal(image.shape))
    return out


def brightness(images: np.ndarray, factor: float) -> np.ndarray:
    """Returns images whose grey levels are `factor` times as high.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        factor: 1 leaves images as they are, below 1 they get darker.
    """
    check_images(images)
    check_images(images)
    return whole_levels(np.arange(256) * factor)[images]


def contrast(images: np.ndarray, factor: float) -> np.ndarray:
    """Returns images whose distance from their own mean grey is `factor` times as large.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        factor: 1 leaves images as they are, below 1 they get flatter.
    """
    return _away(images, factor, lambda grey: grey.mean(axis=(1, 2, 3), keepdims=True))


def saturation(images: np.ndarray, factor: float) -> np.ndarray:
    """Returns images whose colours are `factor` times as far from grey; grey images as they are.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        factor: 1 leaves images as they are, 0 makes them grey.
    """
    return _away(images, factor, lambda grey: grey)


def _away(images: np.ndarray, factor: float, centre_of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Moves every level away from a centre that is made of the image's greys."""
    check_images(images)
    out = images.copy()
    for start in range(0, len(images) if factor != 1 else 0, BLOCK):
        some = images[start : start + BLOCK].astype(np.float64)
        grey = some if some.shape[-1] == 1 else some @ LUMA[:, None]
        centre = centre_of(grey)
        out[start : start + BLOCK] = whole_levels(centre + factor * (some - centre))
    return out
