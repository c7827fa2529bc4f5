"""Random views of faces for a swap autoencoder: a smooth warp of the input, and a turn that input and target share.

An autoencoder that sees a face twisted and is asked for the straight one cannot copy its input: it has to know what
faces of that side look like. Every parameter is explicit, and all parameters zero give the image back bit for bit.
Images are float `(batch, height, width, channels)`. Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from generation.training.augment import resample

# As in the public face-swap programs of 2018: 5 control points, 10 degrees, a twentieth of size and side.
POINTS = 5  # control points of the warp on either axis
NUMBERS = 5  # uniform numbers that a view needs beside the warp's
WARP = 0.03125  # standard deviation of a control point's shift at strength 1, as a share of the side: 2 px of 64
ANGLE, ZOOM, SHIFT = 0.1745, 0.05, 0.05  # at strength 1: 10 degrees, a twentieth larger or smaller, of the side

Draw = Callable[[tuple[int, ...]], Any]


@dataclass(frozen=True)
class View:
    """The parameters of a batch of views, float32.

    Attributes:
        warp: Displacements of the control points, `(batch, POINTS, POINTS, 2)`: down and right, in pixels.
        angle: Radians, `(batch,)`.
        zoom: Added to the size 1, `(batch,)`; 0.05 is a twentieth larger.
        shift: `(batch, 2)`, down and right, in pixels.
        mirrored: `(batch,)`, 1 for left and right exchanged and 0 for not.
    """

    warp: Any
    angle: Any
    zoom: Any
    shift: Any
    mirrored: Any

    def targets(self, images: Any) -> Any:
        """Returns the images turned, enlarged, shifted and mirrored, but not warped."""
        return _seen(images, self, 0.0, 0.0)

    def inputs(self, images: Any) -> Any:
        """Returns what `targets` returns, warped; the image is sampled once."""
        height, width = images.shape[1:3]
        down, right = (upsampled(self.warp[..., axis], (height, width)) for axis in (0, 1))
        return _seen(images, self, down, right)


def draw_view(
    n: int, side: tuple[int, int], uniform: Draw, normal: Draw, warp: float, transform: float, *, mirror: bool
) -> View:
    """Draws the parameters of a batch.

    Args:
        n: Images of the batch.
        side: `(height, width)` of the images.
        uniform: Returns uniform numbers in [0, 1) in a shape.
        normal: Returns standard normal numbers in a shape.
        warp: Strength of the warp; 0 is none.
        transform: Strength of turn, zoom and shift; 0 is none.
        mirror: Whether half of the images are mirrored.
    """
    sides = np.array(side, np.float32)
    points = normal((n, POINTS, POINTS, 2)) * (WARP * warp * sides)
    u = 2 * uniform((n, NUMBERS)) - 1
    shift = u[:, 2:4] * (SHIFT * transform * sides)
    mirrored = ops.cast(u[:, 4] < 0, "float32") if mirror else ops.zeros_like(u[:, 4])
    return View(points, u[:, 0] * (ANGLE * transform), u[:, 1] * (ZOOM * transform), shift, mirrored)


def upsampled(points: Any, size: tuple[int, int]) -> Any:
    """Returns values on a grid of control points, `(batch, k, k)`, between them: bilinear, `(batch, height, width)`.

    The outermost points lie on the outermost pixels.
    """
    rows, columns = (_between(side, points.shape[1]) for side in size)
    return ops.matmul(ops.matmul(rows, points), np.ascontiguousarray(columns.T))


def _seen(images: Any, view: View, down: Any, right: Any) -> Any:
    """Samples the images where each pixel of the view comes from: displaced first, then turned about the centre."""
    height, width = images.shape[1:3]
    y = np.arange(height, dtype=np.float32).reshape(1, height, 1) - (height - 1) / 2 + down
    x = np.arange(width, dtype=np.float32).reshape(1, 1, width) - (width - 1) / 2 + right
    angle, size = (ops.reshape(value, (-1, 1, 1)) for value in (view.angle, 1.0 + view.zoom))
    cos, sin = ops.cos(angle) / size, ops.sin(angle) / size
    row = cos * y + sin * x - ops.reshape(view.shift[:, 0], (-1, 1, 1))
    column = cos * x - sin * y - ops.reshape(view.shift[:, 1], (-1, 1, 1))
    column = column * (1.0 - 2.0 * ops.reshape(view.mirrored, (-1, 1, 1)))
    return resample(images, row + (height - 1) / 2, column + (width - 1) / 2)


def _between(side: int, points: int) -> np.ndarray:
    """Returns float32 `(side, points)`: how much each pixel takes from each control point."""
    at = np.linspace(0, points - 1, side)
    return np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(points))).astype(np.float32)
