"""Values as colours: signed evidence from blue (real) over near white to orange (fake), and spectra in grey.

Blue and orange stay apart for all common colour vision deficiencies, and both get darker with the value's size.
"""

from __future__ import annotations

import numpy as np

from detection.features.frequency import grey

ANCHORS = np.array(
    [[0x0B, 0x3C, 0x5D], [0x2B, 0x6C, 0x99], [0xF7, 0xF6, 0xF2], [0xC9, 0x54, 0x1F], [0x7A, 0x2A, 0x08]], dtype=float
)  # at -1, -1/2, 0, 1/2 and 1
STRONGEST = 0.99  # the share of values that have colours of their own; the others share the darkest
OPACITY = 0.8  # of the strongest value over an image
PALE = 64, 0.5  # the grey of black below a heat map, and what is left of the contrast, so that both colours show


def limit_of(values: np.ndarray) -> float:
    """Returns the size of value that has the darkest colour: positive, and exceeded by one value in a hundred."""
    limit = float(np.quantile(np.abs(values), STRONGEST)) if values.size else 0.0
    return limit or float(np.abs(values).max(initial=0.0)) or 1.0


def diverging(values: np.ndarray, limit: float) -> np.ndarray:
    """Returns uint8 `(..., 3)` for values `(...)`, whose colours end at `-limit` and `limit`."""
    places = np.clip(values / limit, -1, 1) * 2 + 2
    channels = [np.interp(places, np.arange(5), ANCHORS[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def shades(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Returns uint8 `(..., 3)` for values `(...)`: black at `low`, white at `high`."""
    level = np.clip((values - low) / max(high - low, 1e-12), 0, 1) * 255
    return np.repeat(np.rint(level).astype(np.uint8)[..., None], 3, axis=-1)


def overlaid(images: np.ndarray, maps: np.ndarray, limit: float) -> np.ndarray:
    """Lays heat maps over the paled luminance of images; the stronger the evidence, the more it covers.

    Args:
        images: uint8 `(n, h, w, c)`.
        maps: float `(n, h, w)`.
        limit: As in `diverging`.

    Returns:
        uint8 `(n, h, w, 3)`.
    """
    share = OPACITY * np.clip(np.abs(maps) / limit, 0, 1)[..., None]
    below = PALE[0] + PALE[1] * grey(images)[..., None]
    mixed = share * diverging(maps, limit) + (1 - share) * below
    return np.rint(mixed).astype(np.uint8)
