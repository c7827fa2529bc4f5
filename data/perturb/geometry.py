"""What moves pixels: resize and crop, which give an image back at its size, and cut and scale, which do not.

All are Pillow's bicubic, which takes in all pixels that one stands for where an image gets smaller (antialiased).
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from data.perturb.checks import check_images


def resize(images: np.ndarray, factor: float) -> np.ndarray:
    """Returns images made smaller, and larger again to the size that they had.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        factor: The share of each side that is left between the two, in (0, 1].
    """
    check_images(images)
    height, width = images.shape[1:3]
    return sampled(scale(images, factor), (height, width))


def crop(images: np.ndarray, share: float) -> np.ndarray:
    """Returns the middle of images, scaled to the size that they had: crop and scale.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        share: Of each side that is kept, in (0, 1]; rounded to whole pixels.
    """
    check_images(images)
    height, width = images.shape[1:3]
    return sampled(cut(images, share), (height, width))


def cut(images: np.ndarray, share: float) -> np.ndarray:
    """Returns the middle of images as it is, which is smaller.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        share: Of each side that is kept, in (0, 1]; rounded to whole pixels.
    """
    check_images(images)
    (height, width), (tall, wide) = images.shape[1:3], _size(images, share)
    top, left = (height - tall) // 2, (width - wide) // 2
    return images[:, top : top + tall, left : left + wide].copy()


def scale(images: np.ndarray, factor: float) -> np.ndarray:
    """Returns images made smaller.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        factor: The share of each side that is left, in (0, 1]; rounded to whole pixels.
    """
    check_images(images)
    return sampled(images, _size(images, factor))


def sampled(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns images at another size, of a height and a width."""
    (tall, wide), channels = size, images.shape[3]
    if size == images.shape[1:3]:
        return images.copy()
    out = np.empty((len(images), tall, wide, channels), np.uint8)
    for at, image in enumerate(images):
        pixels = Image.fromarray(np.ascontiguousarray(image[..., 0] if channels == 1 else image))
        out[at] = np.asarray(pixels.resize((wide, tall), Image.Resampling.BICUBIC)).reshape(tall, wide, channels)
    return out


def _size(images: np.ndarray, share: float) -> tuple[int, int]:
    height, width = (max(1, round(side * share)) for side in images.shape[1:3])
    return height, width
