"""Colour that was stored at half the resolution and enlarged again."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from PIL import Image

from detection.features.frequency import grey
from detection.features.traces.found import Found

FLOOR = 0.45  # grey levels that rounding to RGB leaves of chroma that was enlarged
RATIO = 2.0  # by which chroma on its own grid fits better than one pixel beside it
KINDS = (
    Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS,
)  # fmt: skip


class Chroma:
    """Colour that was stored at half the size, as most JPEG files do: it fits a grid of two pixels and no other.

    A generator that only draws smooth colour fits each grid equally well, and is not seen.
    """

    def find(self, reals: np.ndarray, fakes: np.ndarray) -> Found | None:
        """Looks at colour images of 8 pixels or more a side."""
        if reals.shape[-1] != 3 or min(reals.shape[1:3]) < 8:
            return None
        return Found("at half the resolution", lambda images: chroma_halved(images).astype(float))


def chroma_halved(images: np.ndarray) -> np.ndarray:
    """Says of each RGB image whether its colour was stored at half the width, or half of both, bool `(n,)`."""
    red, _, blue = np.moveaxis(images.astype(np.float64), -1, 0)
    light = grey(images)
    halved = _enlarged(np.stack([(blue - light) / 1.772, (red - light) / 1.402], axis=1))
    if halved.any():  # an image that was enlarged as a whole is no question of colour
        halved[halved] = ~_enlarged(light[halved, None])
    return halved


def _enlarged(planes: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.any([_fits(planes, kind, up) for kind, up in product(KINDS, (False, True))], axis=0)
    return found


def _fits(planes: np.ndarray, kind: Image.Resampling, upright: bool) -> np.ndarray:
    """Says whether planes `(n, p, h, w)` were enlarged twofold, across or `upright` too, and not just smooth."""
    phases = list(product((0, 1) if upright else (None,), (0, 1)))
    fits = np.zeros(len(planes), bool)
    # medians are slow: they are taken of planes of which half of the values are near enough to some grid
    fast, floor = planes.astype(np.float32), FLOOR + 1e-3  # beyond what float32 rounds
    near = [(_rest(fast, kind, phase) <= floor * _unit(planes.shape, kind, phase)).mean(axis=1) for phase in phases]
    some = np.flatnonzero(np.max(near, axis=0) >= 0.5 - 1e-9)
    if len(some):
        few = planes[some]
        rest = [np.median(_rest(few, kind, phase), axis=1) / _unit(planes.shape, kind, phase) for phase in phases]
        first, second = np.sort(rest, axis=0)[:2]
        fits[some] = (first <= FLOOR) & (second >= RATIO * np.maximum(first, 0.2))
    return fits


def _rest(planes: np.ndarray, kind: Image.Resampling, phase: tuple[int | None, int]) -> np.ndarray:
    """Returns by how much each value of planes is off from ones that were enlarged twofold, `(n, p * h * w)`."""
    height, width = planes.shape[2:]
    fitted = planes @ _projector(width, kind, phase[1]).T.astype(planes.dtype)
    if phase[0] is not None:
        fitted = _projector(height, kind, phase[0]).astype(planes.dtype) @ fitted
    return np.abs(planes - fitted).reshape(len(planes), -1)


def _unit(shape: tuple[int, ...], kind: Image.Resampling, phase: tuple[int | None, int]) -> float:
    """Returns the median rest of values that fit no grid and spread by one grey level."""
    height, width = shape[2:]
    down = height if phase[0] is None else np.trace(_projector(height, kind, phase[0]))
    # 0.6745 is that of a normal distribution; the median, since a few values may have been clipped
    return float(0.6745 * np.sqrt(1 - down * np.trace(_projector(width, kind, phase[1])) / (height * width)))


@cache
def _projector(n: int, kind: Image.Resampling, phase: int) -> np.ndarray:
    """Returns the projection onto lines of n pixels that were enlarged twofold from a grid that begins at `phase`."""
    small = n // 2 + 2
    unit = Image.fromarray(np.eye(small, dtype=np.float32))
    enlarged = np.asarray(unit.resize((small, 2 * small), kind), np.float64)
    at = enlarged[2 - phase : 2 - phase + n]
    if phase == 0 and n % 2 == 0:  # the line's own ends, as the enlargement treats them
        unit = Image.fromarray(np.eye(n // 2, dtype=np.float32))
        at = np.asarray(unit.resize((n // 2, n), kind), np.float64)
    return at @ np.linalg.pinv(at)
