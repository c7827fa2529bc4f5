"""Augmentation of images inside the training step, by explicit parameters: one function for each kind.

DiffAugment (Zhao et al. 2020) changes real and fake images alike before the discriminator sees them, in both networks'
updates, and the gradient passes through; so the generator learns the images as they are. Classical augmentation changes
the real images alone, so the generator learns the changed ones. Nothing is clipped, since a clipped value has no
gradient. Images are float `(batch, height, width, channels)`. Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

# Keras' own layers will not do: RandomBrightness clips, and RandomTranslation resamples what it moves. The first two
# shares are those of DiffAugment's code.
SHIFT = 0.125  # of translation, as a share of the side
HOLE = 0.5  # side of the cutout, as a share of the image's
ANGLE, ZOOM = 0.2618, 0.15  # 15 degrees in radians; at most this much larger or smaller
NUMBERS = {"color": 3, "translation": 2, "cutout": 2, "flip": 1, "rotation": 1, "scale": 1}  # that an image needs

Draw = Callable[[tuple[int, ...]], Any]


def diffaugment(images: Any, policies: Sequence[str], draw: Draw, span: float) -> Any:
    """Applies DiffAugment policies to each image with random numbers of its own.

    Args:
        images: Real or fake images.
        policies: Of `"color"`, `"translation"` and `"cutout"`, applied in this order.
        draw: Returns uniform numbers in [0, 1) in a shape.
        span: From the darkest to the brightest value: 2 for [-1, 1]. Brightness changes by up to half of it over 2.

    References:
        Zhao et al. (2020), Differentiable augmentation for data-efficient GAN training; the ranges of its code.
    """
    height, width = images.shape[1:3]
    for policy in policies:
        u = draw((images.shape[0], NUMBERS[policy]))
        if policy == "color":
            images = color(images, (u[:, 0] - 0.5) * span / 2, u[:, 1] * 2, u[:, 2] + 0.5)
        elif policy == "translation":
            rows, columns = (round(side * SHIFT) for side in (height, width))
            images = translate(images, _integer(u[:, 0], -rows, rows), _integer(u[:, 1], -columns, columns))
        else:
            images = cutout(images, _integer(u[:, 0], 0, height), _integer(u[:, 1], 0, width))
    return images


def classical(images: Any, policies: Sequence[str], draw: Draw) -> Any:
    """Applies classical augmentation to real images: `"flip"` (half of them), `"rotation"` and `"scale"`."""
    for policy in policies:
        u = draw((images.shape[0], 1))[:, 0]
        if policy == "flip":
            images = mirror(images, u < 0.5)
        elif policy == "rotation":
            images = affine(images, (2 * u - 1) * ANGLE, ops.ones_like(u))
        else:
            images = affine(images, ops.zeros_like(u), 1 + (2 * u - 1) * ZOOM)
    return images


def color(images: Any, brightness: Any, saturation: Any, contrast: Any) -> Any:
    """Adds to all values, then scales the distance from each pixel's mean over channels, then from the image's mean.

    Args:
        brightness: Added, `(batch,)`.
        saturation, contrast: Factors, `(batch,)`; 1 changes nothing.
    """
    brightness, saturation, contrast = (_column(value, images) for value in (brightness, saturation, contrast))
    images = images + brightness
    grey = ops.mean(images, axis=3, keepdims=True)
    images = (images - grey) * saturation + grey
    mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
    return (images - mean) * contrast + mean


def translate(images: Any, down: Any, right: Any) -> Any:
    """Shifts each image by whole pixels; what comes in is 0, the middle grey of [-1, 1].

    A shift is a product with a shifted identity matrix on either side, which every backend differentiates fast.

    Args:
        down, right: int32 `(batch,)`, negative for up and left.
    """
    rows, columns = (_shifts(images.shape[axis], by, images.dtype) for axis, by in ((1, down), (2, right)))
    batch, height, width, channels = images.shape
    moved = ops.reshape(ops.matmul(rows, ops.reshape(images, (batch, height, width * channels))), images.shape)
    moved = ops.reshape(ops.transpose(moved, (0, 2, 1, 3)), (batch, width, height * channels))
    moved = ops.reshape(ops.matmul(columns, moved), (batch, width, height, channels))
    return ops.transpose(moved, (0, 2, 1, 3))


def cutout(images: Any, row: Any, column: Any) -> Any:
    """Sets a rectangle of half the image's sides to 0.

    Args:
        row, column: int32 `(batch,)`, the pixel that it is centred on.
    """
    keep: Any = None
    for axis, centre in ((1, row), (2, column)):
        side = images.shape[axis]
        hole = int(side * HOLE + 0.5)
        start = ops.expand_dims(centre - hole // 2, 1)
        at = ops.expand_dims(ops.arange(side, dtype="int32"), 0)
        inside = ops.cast(ops.logical_and(at >= start, at < start + hole), images.dtype)
        inside = ops.expand_dims(inside, 2) if axis == 1 else ops.expand_dims(inside, 1)
        keep = inside if keep is None else keep * inside
    return images * ops.expand_dims(1 - keep, 3)


def mirror(images: Any, chosen: Any) -> Any:
    """Turns left and right of the chosen images, bool `(batch,)`."""
    return ops.where(_column(chosen, images), ops.flip(images, axis=2), images)


def affine(images: Any, angle: Any, zoom: Any) -> Any:
    """Turns each image about its centre and enlarges it, bilinear; beyond the border the border's value goes on.

    Args:
        angle: Radians, counter-clockwise as seen, `(batch,)`.
        zoom: Above 1 is larger, `(batch,)`.
    """
    height, width = images.shape[1:3]
    y, x = (ops.arange(side, dtype="float32") - (side - 1) / 2 for side in (height, width))
    y, x = ops.reshape(y, (1, height, 1)), ops.reshape(x, (1, 1, width))
    cos, sin = (ops.reshape(f(angle) / zoom, (-1, 1, 1)) for f in (ops.cos, ops.sin))
    return resample(images, cos * y + sin * x + (height - 1) / 2, cos * x - sin * y + (width - 1) / 2)


def resample(images: Any, row: Any, column: Any) -> Any:
    """Returns the images' values at positions in pixels, each float32 `(batch, height, width)`: bilinear.

    Beyond the border the border's value goes on.
    """
    batch, height, width, channels = images.shape
    row, column = ops.clip(row, 0, height - 1), ops.clip(column, 0, width - 1)
    top, left = ops.floor(row), ops.floor(column)
    flat = ops.reshape(images, (batch * height * width, channels))
    start = ops.reshape(ops.arange(batch, dtype="int32") * (height * width), (-1, 1, 1))
    total: Any = 0.0
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        at_row, at_column = ops.minimum(top + down, height - 1), ops.minimum(left + right, width - 1)
        index = start + ops.cast(at_row, "int32") * width + ops.cast(at_column, "int32")
        weight = (row - top if down else 1 - (row - top)) * (column - left if right else 1 - (column - left))
        total = total + ops.take(flat, index, axis=0) * ops.cast(ops.expand_dims(weight, 3), images.dtype)
    return total


def _shifts(side: int, by: Any, dtype: Any) -> Any:
    """`(batch, side, side)` matrices that move row `i - by` to row `i`."""
    at = ops.arange(side, dtype="int32")
    source = ops.reshape(at, (1, side, 1)) - ops.reshape(by, (-1, 1, 1))
    return ops.cast(ops.equal(source, ops.reshape(at, (1, 1, side))), dtype)


def _integer(uniform: Any, low: int, high: int) -> Any:
    """Uniform integers from `low` to `high`, both included."""
    return ops.cast(ops.floor(uniform * (high - low + 1)), "int32") + low


def _column(values: Any, images: Any) -> Any:
    values = ops.reshape(values, (-1, 1, 1, 1))
    return values if values.dtype == "bool" else ops.cast(values, images.dtype)
