from __future__ import annotations

import numpy as np
import pytest
from scipy import fft

from detection.features import filters

ONE_OF_EACH = {  # written by hand from the paper's figure 1, times the filter's order
    "first": (0, 1, [[0, 0, 0], [0, -1, 1], [0, 0, 0]]),
    "second": (8, 2, [[0, 0, 0], [1, -2, 1], [0, 0, 0]]),
    "third": (12, 3, [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, -3, 3, -1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]),
    "square of 3": (20, 4, [[-1, 2, -1], [2, -4, 2], [-1, 2, -1]]),
    "edge of 3": (21, 4, [[-1, 2, -1], [2, -4, 2], [0, 0, 0]]),
    "edge of 5": (
        26,
        12,
        [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
    ),
}


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_the_bank_holds_the_papers_filters(kind):
    at, order, kernel = ONE_OF_EACH[kind]
    expected = np.pad(kernel, (5 - len(kernel)) // 2)
    np.testing.assert_allclose(filters.srm_bank()[at] * order, expected, atol=1e-12)


def test_the_banks_filters_sum_to_zero_weigh_their_pixel_by_minus_one_and_differ():
    bank = filters.srm_bank()
    assert bank.shape == (30, 5, 5)
    np.testing.assert_allclose(bank.sum(axis=(1, 2)), 0, atol=1e-12)
    np.testing.assert_array_equal(bank[:, 2, 2], -1)
    assert len(np.unique(bank, axis=0)) == 30
    turned = np.unique(np.rot90(bank, axes=(1, 2)), axis=0)  # a quarter turn maps the bank to itself
    np.testing.assert_allclose(turned, np.unique(bank, axis=0), atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_filter_of_an_order_kills_polynomials_below_it(order):
    bank = {1: filters.srm_bank()[:8], 2: filters.srm_bank()[8:12], 3: filters.srm_bank()[12:20]}[order]
    rows, columns = np.mgrid[:5, :5]
    for degree in range(order):
        image = (rows + 2.0 * columns) ** degree
        np.testing.assert_allclose((bank * image).sum(axis=(1, 2)), 0, atol=1e-9)
    assert np.abs((bank * (rows + 2.0 * columns) ** order).sum(axis=(1, 2))).min() > 0.1


def test_the_cosine_matrix_is_scipys_transform_and_orthonormal():
    matrix = filters.dct_matrix(9)
    np.testing.assert_allclose(matrix, fft.dct(np.eye(9), norm="ortho", axis=0), atol=1e-12)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(9), atol=1e-12)
