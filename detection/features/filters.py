"""Fixed filters, as numbers: the high-pass bank of the spatial rich model and the matrix of the cosine transform."""

from __future__ import annotations

from functools import cache

import numpy as np

LINES = ((0, 1), (1, 1), (1, 0), (1, -1))  # right, down right, down, down left: (rows, columns) of one step
FIRST = {0: -1, 1: 1}
SECOND = {-1: 1, 0: -2, 1: 1}
THIRD = {-1: 1, 0: -3, 1: 3, 2: -1}
SQUARE_3 = np.outer((1, -2, 1), (-1, 2, -1))
SQUARE_5 = np.array([[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]])


@cache
def srm_bank() -> np.ndarray:
    """Returns the 30 linear filters of the spatial rich model, float64 `(30, 5, 5)`; each sums to 0.

    A residual is a prediction of a pixel from its neighbours less the pixel, whose weight is -1 here: the source's
    integer filters are divided by their order, which is its smallest quantisation step. In order: 8 of first order, one
    for each neighbour; 4 of second order, one for each line through the pixel; 8 of third order; the square of 3 x 3
    pixels and its 4 halves (edges); the square of 5 x 5 and its 4 halves.

    Source: Fridrich, Kodovsky, "Rich models for steganalysis of digital images" (2012), section II.A and figure 1. The
    source's minima and maxima of several residuals are left out: a network can form them.
    """
    both = LINES + tuple((-down, -right) for down, right in LINES)
    bank = [_line(FIRST, step) for step in both]
    bank += [_line(SECOND, step) / 2 for step in LINES]
    bank += [_line(THIRD, step) / 3 for step in both]
    for square in (np.pad(SQUARE_3, 1) / 4, SQUARE_5 / 12):
        half = square.copy()
        half[3:] = 0
        bank += [square, *(np.rot90(half, turns) for turns in range(4))]
    return np.stack(bank)


def _line(weights: dict[int, int], step: tuple[int, int]) -> np.ndarray:
    kernel = np.zeros((5, 5))
    for at, weight in weights.items():
        kernel[2 + at * step[0], 2 + at * step[1]] = weight
    return kernel


@cache
def dct_matrix(side: int) -> np.ndarray:
    """Returns the orthonormal matrix of the cosine transform (DCT-II) of `side` values, float64 `(side, side)`.

    Row `k` is `cos(pi k (2 i + 1) / (2 side))` over positions `i`, scaled to length 1. The transform of an image is
    `rows @ image @ columns.T`.
    """
    k, i = np.arange(side)[:, None], np.arange(side)
    matrix = np.cos(np.pi * k * (2 * i + 1) / (2 * side)) * np.sqrt(2 / side)
    matrix[0] /= np.sqrt(2)
    return matrix
