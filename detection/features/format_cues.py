"""Traces of file formats and processing that an honest generator has in common with the real images.

Every cue here is zero for an image without the trace, and stays zero for small differences: a generator's own
artefacts (soft borders from zero padding, periodic patterns from upsampling) are for the detectors to find,
and are no proof of unequal treatment.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from detection.features.frequency import grey

CUES = ("values off the grid", "framed sides", "copied border lines", "JPEG blocks")

# a level counts as absent where its neighbours lead one to expect this many pixels and there are none
SCARCE = 20.0
WINDOW = 40  # grey levels to either side that are its neighbours
FEW = 8
STEP = 1.5  # a frame's edge is this many times as steep as the steepest line inside
NEAR_ZERO = 0.6  # grey levels: rounding RGB or grey to bytes leaves DCT noise of about 0.2 to 0.3
DEAD_ZONE = 0.2  # what the share of vanishing coefficients may differ between offsets without a JPEG grid
HIGH = np.add.outer(np.arange(8), np.arange(8)) >= 6  # coefficients that JPEG quantises most coarsely


def format_cues(images: np.ndarray, absent: np.ndarray) -> np.ndarray:
    """Returns the cues of uint8 images `(n, h, w, c)`, float64 `(n, 4)`, in the order of `CUES`.

    Args:
        images: uint8 `(n, height, width, channels)`.
        absent: bool `(256,)` from `absent_levels`.
    """
    luminance = grey(images)
    return np.column_stack(
        [
            np.sqrt(absent[images].mean(axis=(1, 2, 3))),
            framed_sides(luminance),
            copied_lines(images),
            jpeg_blocks(luminance),
        ]
    )


def absent_levels(images: np.ndarray) -> np.ndarray:
    """Says of each of the 256 levels whether these real images leave it out, bool `(256,)`.

    A level that is merely rare is not left out: its neighbours must be common enough, the commonest of them
    aside, for its absence to mean something. Where at most eight levels occur at all, every other one is left
    out.
    """
    counts = np.bincount(images.ravel(), minlength=256).astype(np.float64)
    if (counts > 0).sum() <= FEW and counts.sum() >= SCARCE * 256:
        return counts == 0
    padded = np.pad(counts, WINDOW, constant_values=np.nan)
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * WINDOW + 1)
    expected = (np.nansum(near, axis=1) - np.nanmax(near, axis=1)) / (np.isfinite(near).sum(axis=1) - 1)
    return (counts == 0) & (expected >= SCARCE)


def framed_sides(luminance: np.ndarray) -> np.ndarray:
    """Counts the sides with a frame, float64 `(n,)` in 0..4, for luminance `(n, height, width)`.

    A frame is one level along the whole border, up to a sixteenth of the side deep, that ends in a step
    larger than 1.5 times every step between neighbouring lines further in.
    """
    count = np.zeros(len(luminance))
    for lines in four_sides(luminance):
        steps = np.abs(np.diff(lines, axis=1)).mean(axis=2)
        flat = np.ptp(lines, axis=2) == 0
        framed = np.zeros(len(lines), dtype=bool)
        for depth in range(1, max(1, lines.shape[1] // 16) + 1):
            even = flat[:, :depth].all(axis=1) & (steps[:, : depth - 1] == 0).all(axis=1)
            inside = steps[:, depth : steps.shape[1] - depth].max(axis=1)  # the far side may have a frame too
            framed |= even & (steps[:, depth - 1] > STEP * inside)
        count += framed
    return count


def copied_lines(images: np.ndarray) -> np.ndarray:
    """Counts the sides whose outermost line repeats one of the next two exactly, float64 `(n,)` in 0..4.

    Lines with fewer than four different values, and images that repeat lines further in as well, do not
    count.
    """
    count = np.zeros(len(images))
    for lines in four_sides(images):
        flat = lines.reshape(*lines.shape[:2], -1)
        varied = (np.diff(np.sort(flat[:, 0], axis=1), axis=1) > 0).sum(axis=1) >= 3
        copied = (flat[:, 0] == flat[:, 1]).all(axis=1) | (flat[:, 0] == flat[:, 2]).all(axis=1)
        usual = (flat[:, 3:-3] == flat[:, 4:-2]).all(axis=2).any(axis=1)
        count += varied & copied & ~usual
    return count


def jpeg_blocks(luminance: np.ndarray) -> np.ndarray:
    """Measures the 8 x 8 grid that JPEG leaves, float64 `(n,)` in [0, 1], for luminance `(n, height, width)`.

    On its own grid a decompressed JPEG has many high coefficients that vanish, since they were quantised to
    zero; cut at another offset it has fewer. The cue is by how much the share of vanishing coefficients at
    the best of the eight diagonal offsets exceeds the mean of the others, beyond a dead zone. Blocks without
    detail say nothing and do not count. Images that hold only one offset (below 9 pixels a side) get 0.

    Source: Fan and de Queiroz, "Identification of bitmap compression history: JPEG detection and quantizer
    estimation" (2003), for the principle of comparing blocks on and off the grid.
    """
    shares = np.stack(_vanishing_shares(luminance), axis=1)
    if shares.shape[1] < 2:
        return np.zeros(len(luminance))
    best = shares.argmax(axis=1)
    top = shares[np.arange(len(shares)), best]
    others = (shares.sum(axis=1) - top) / (shares.shape[1] - 1)
    return np.maximum(0.0, top - others - DEAD_ZONE)


def _vanishing_shares(luminance: np.ndarray) -> list[np.ndarray]:
    n, height, width = luminance.shape
    shares = []
    for offset in range(min(8, min(height, width) - 7)):
        rows, columns = (height - offset) // 8, (width - offset) // 8
        cut = luminance[:, offset : offset + 8 * rows, offset : offset + 8 * columns]
        blocks = cut.reshape(n, rows, 8, columns, 8).swapaxes(2, 3).reshape(n, rows * columns, 8, 8)
        detailed = np.ptp(blocks, axis=(2, 3)) > 8
        small = np.abs(fft.dctn(blocks, norm="ortho", axes=(-2, -1))[..., HIGH]) < NEAR_ZERO
        shares.append((small.mean(axis=2) * detailed).sum(axis=1) / np.maximum(1, detailed.sum(axis=1)))
    return shares


def four_sides(images: np.ndarray) -> list[np.ndarray]:
    """Returns four views `(n, lines, along, ...)` whose line 0 is the top, bottom, left and right border."""
    turned = images.swapaxes(1, 2)
    return [images, images[:, ::-1], turned, turned[:, ::-1]]
