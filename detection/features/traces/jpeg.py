"""JPEG: coefficients of 8 x 8 blocks that are multiples of the steps of one quality."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import fft

from detection.features.frequency import grey
from detection.features.traces.found import Found, best_cut

QUALITIES = np.arange(50, 97)  # of the scale of the Independent JPEG Group; above, the steps are too small to be told
NONE = 101.0  # the quality of an image that shows no trace of any
EVIDENCE = 25.0  # nats: pixels without the trace reach it by chance once in e**25 for each quality
NOISE = 0.35  # grey levels that rounding leaves of a coefficient that was a multiple
FREEDOM = 1.5  # coefficients that one clipped value may fit
ODD = 0.02  # share of coefficients that are no multiples for other reasons, such as clipping
UNCLIPPED = 3  # times that clipped values are put back beyond 0 and 255
MOST_BLOCKS = 25  # of an image
FEW_IMAGES, FEW_BLOCKS = 16, 4  # of each side that all 64 offsets are tried on
TOGETHER = 8  # offsets
SCREENED, KEPT = 4, 5  # blocks that all qualities are tried on, and the best of those that are tried on all blocks

# Annex K.1 of ITU-T T.81 (1992)
LUMINANCE_STEPS = np.array(
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
        51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
        120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]
)  # fmt: skip
# whole numbers in flat or stepped blocks, whatever was done to them: they prove nothing
WHOLE = [0, 4, 32, 36]


class Jpeg:
    """Luminance that was once a JPEG: its coefficients lie on multiples of one quality's steps.

    The likelihood ratio of that against coefficients that lie anywhere between two multiples, over those that were not
    rounded to zero: smooth images have few, and say nothing. Values that were clipped at 0 and 255 are clipped again.
    All 64 places of the grid are tried. Tables that are not of the usual scale, and images of fewer than 8 pixels a
    side, are not seen.

    Source: Fan and de Queiroz, "Identification of bitmap compression history: JPEG detection and quantizer
    estimation" (2003), section IV, for the likelihood of a step.
    """

    def find(self, reals: np.ndarray, fakes: np.ndarray) -> Found | None:
        """Looks for the place of the grid and the quality that differ most."""
        if min(reals.shape[1:3]) < 8:
            return None
        offset = _offset(reals, fakes)
        qualities = jpeg_quality(reals, offset), jpeg_quality(fakes, offset)
        cut = float(min(best_cut(*qualities), QUALITIES[-1]))
        words = "" if offset == (0, 0) else f", its blocks from row {offset[0]} and column {offset[1]} on"
        return Found(
            f"at quality {cut:.0f} or below{words}",
            lambda images: (jpeg_quality(images, offset) <= cut).astype(float),
            (qualities[0] <= cut, qualities[1] <= cut),
        )


def jpeg_quality(images: np.ndarray, offset: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Returns the quality of the JPEG that each image was, float64 `(n,)`, or `NONE`.

    Args:
        images: uint8 `(n, h, w, c)`, 8 pixels or more a side.
        offset: Row and column where the first whole block begins, 0 to 7 each.
    """
    blocks = _blocks(grey(images), offset, MOST_BLOCKS)
    ratios = _ratios(blocks)
    best = ratios.argmax(axis=1)
    return np.where(ratios.max(axis=1) >= EVIDENCE, QUALITIES[best], NONE)


def _offset(reals: np.ndarray, fakes: np.ndarray) -> tuple[int, int]:
    """Returns the place of the grid at which most images of one side were JPEGs; the corner where none is better."""
    height, width = reals.shape[1:3]
    few = grey(np.concatenate([reals[:FEW_IMAGES], fakes[:FEW_IMAGES]]))
    first = int(shows(few, ((0, 0),)).sum())
    if first >= FEW_IMAGES // 4:
        return 0, 0
    others = tuple(product(range(min(8, height - 7)), range(min(8, width - 7))))[1:]
    seen = shows(few, others).sum(axis=0)
    return others[int(seen.argmax())] if others and seen.max() > first + 1 else (0, 0)


def shows(luminance: np.ndarray, offsets: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Says of each image whether a few of its blocks were a JPEG's at places of the grid, bool `(n, offsets)`."""
    found = np.zeros((len(luminance), len(offsets)), bool)
    blocks = [_blocks(luminance, offset, FEW_BLOCKS) for offset in offsets]
    for many in {each.shape[1] for each in blocks}:  # as many of the places together as have as many blocks
        at = [k for k, each in enumerate(blocks) if each.shape[1] == many]
        for start in range(0, len(at), TOGETHER):
            some = at[start : start + TOGETHER]
            most = _ratios(np.concatenate([blocks[k] for k in some])).max(axis=1)
            found[:, some] = (most >= EVIDENCE).reshape(len(some), -1).T
    return found


def _blocks(luminance: np.ndarray, offset: tuple[int, int], most: int) -> np.ndarray:
    """Returns whole blocks of each image, evenly spread if there are more, float32 `(n, blocks, 64)`."""
    n, height, width = luminance.shape
    rows, columns = (height - offset[0]) // 8, (width - offset[1]) // 8
    cut = luminance[:, offset[0] : offset[0] + 8 * rows, offset[1] : offset[1] + 8 * columns]
    blocks = cut.reshape(n, rows, 8, columns, 8).swapaxes(2, 3).reshape(n, rows * columns, 64)
    return blocks[:, np.unique(np.linspace(0, rows * columns - 1, most).round().astype(int))].astype(np.float32)


def _ratios(blocks: np.ndarray) -> np.ndarray:
    """Returns the log likelihood ratio of each quality for each image, float64 `(n, qualities)`.

    All qualities are tried on a few blocks, and only the best of them on all; the others get minus infinity.
    """
    few = blocks[:, np.unique(np.linspace(0, blocks.shape[1] - 1, SCREENED).round().astype(int))]
    known = _Known.of(few)  # once for all qualities
    first = np.stack([_ratio(known, quality) for quality in range(len(QUALITIES))], axis=1)
    if few.shape[1] == blocks.shape[1]:
        return first
    kept = first >= np.sort(first, axis=1)[:, [-KEPT]]
    found = np.full(first.shape, -np.inf)
    for quality in range(len(QUALITIES)):
        at = np.flatnonzero(kept[:, quality])
        if len(at):
            found[at, quality] = _ratio(_Known.of(blocks[at]), quality)
    return found


class _Known(NamedTuple):
    """What is known of blocks whatever the quality: those with clipped values are looked at again."""

    shape: tuple[int, int]  # images, and blocks of each
    pixels: np.ndarray  # float32 (blocks, 64), and their coefficients
    coefficients: np.ndarray
    clipped: np.ndarray  # which blocks have values at 0 or 255, and which of their values those are
    edge: np.ndarray

    @classmethod
    def of(cls, blocks: np.ndarray) -> _Known:
        n, k, _ = blocks.shape
        pixels = blocks.reshape(n * k, 64)
        edge = (pixels == 0) | (pixels == 255)
        clipped = np.flatnonzero(edge.any(axis=1))
        return cls((n, k), pixels, (pixels - 128) @ _cosines().T, clipped, edge[clipped])


def _ratio(known: _Known, quality: int) -> np.ndarray:
    """Returns the log likelihood ratio of one quality, float64 `(n,)`."""
    (n, k), pixels, coefficients, some, edge = known
    cosines, steps = _cosines(), _steps()[quality]
    multiple = np.rint(coefficients / steps)
    again = np.rint((multiple * steps) @ cosines + 128)
    if len(some):
        multiple[some], again[some] = _unclipped(pixels[some], edge, multiple[some], again[some], steps)
    counts = (multiple != 0) & _telling()[quality]
    at = np.flatnonzero(counts)  # most coefficients are rounded to zero
    off = ((pixels - np.clip(again, 0, 255)) @ cosines.T).ravel()[at]
    peak = _peaks()[quality][at & 63] * np.exp(-0.5 * (off / NOISE) ** 2)
    ratios = np.bincount(at >> 6, np.log(peak + ODD), n * k)
    if len(some):
        # a value put back beyond the range is as free as a coefficient is held: what is left is evidence
        free = (edge & ((again[some] < 0) | (again[some] > 255))).sum(axis=1)
        held = np.maximum(0, 1 - FREEDOM * free / 64)
        ratios[some] = np.where(ratios[some] > 0, ratios[some] * held, ratios[some])
    found: np.ndarray = ratios.reshape(n, k).sum(axis=1)
    return found


def _unclipped(
    pixels: np.ndarray, edge: np.ndarray, multiple: np.ndarray, again: np.ndarray, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns multiples and values of blocks where those at the edge may have been beyond it."""
    cosines = _cosines()
    for turn in range(UNCLIPPED):
        # where a value was clipped, what it was before is as far beyond as the multiples say
        beyond = np.where(edge & (np.clip(again, 0, 255) == pixels), again, pixels)
        before, multiple = multiple, np.rint(((beyond - 128) @ cosines.T) / steps)
        if turn and np.array_equal(before, multiple):
            break  # and so would the next ones be
        again = np.rint((multiple * steps) @ cosines + 128)
    return multiple, again


@cache
def _cosines() -> np.ndarray:
    """Returns the orthonormal transform of a block as one matrix, float32 `(64, 64)`."""
    one = fft.dct(np.eye(8), axis=0, norm="ortho")
    return np.kron(one, one).astype(np.float32)


@cache
def _steps() -> np.ndarray:
    """Returns the luminance steps of each quality, float32 `(qualities, 64)`; as the library scales them."""
    scale = 200 - 2 * QUALITIES  # of 50 and above
    return np.clip((LUMINANCE_STEPS * scale[:, None] + 50) // 100, 1, 255).astype(np.float32)


@cache
def _telling() -> np.ndarray:
    """Says which coefficients can tell anything of each quality, bool `(qualities, 64)`."""
    telling = _steps() >= 2
    telling[:, WHOLE] = False
    return telling


@cache
def _peaks() -> np.ndarray:
    """Returns how much likelier a multiple itself is than any value, for each quality, float32 `(qualities, 64)`."""
    return (1 - ODD) * _steps() / (NOISE * np.sqrt(2 * np.pi))
