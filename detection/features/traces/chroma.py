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
    planes = np.stack([(blue - light) / 1.772, (red - light) / 1.402], axis=1)
    halved = _halved(planes)
    if halved.any():  # an image that was enlarged as a whole is no question of colour
        halved[halved] = ~_halved(light[halved][:, None])
    return halved


def _halved(planes: np.ndarray) -> np.ndarray:
    """Says of planes `(n, p, h, w)` whether they were enlarged twofold in any of the usual ways, bool `(n,)`."""
    found = np.zeros(len(planes), bool)
    for kind, upright in product(KINDS, (False, True)):
        found |= _fits(planes, kind, upright)
    return found


def _fits(planes: np.ndarray, kind: Image.Resampling, upright: bool) -> np.ndarray:
    """Says whether planes `(n, p, h, w)` were enlarged twofold, across or `upright` too, and not just smooth."""
    phases = list(product((0, 1) if upright else (None,), (0, 1)))
    rest = np.sort(np.stack([_misfit(planes, kind, phase) for phase in phases], axis=1), axis=1)
    fits: np.ndarray = (rest[:, 0] <= FLOOR) & (rest[:, 1] >= RATIO * np.maximum(rest[:, 0], 0.2))
    return fits


def _misfit(planes: np.ndarray, kind: Image.Resampling, phase: tuple[int | None, int]) -> np.ndarray:
    """Returns how far planes `(n, p, h, w)` are from ones that were enlarged twofold, in grey levels."""
    height, width = planes.shape[2:]
    across = _projector(width, kind, phase[1])
    down = np.eye(height) if phase[0] is None else _projector(height, kind, phase[0])
    rest = np.abs(planes - down @ planes @ across.T)
    free = 1 - np.trace(down) * np.trace(across) / (height * width)
    # the median, since a few values may have been clipped; 0.6745 is that of a normal distribution
    return np.median(rest.reshape(len(planes), -1), axis=1) / 0.6745 / np.sqrt(free)


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
