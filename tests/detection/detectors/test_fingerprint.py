"""The noise fingerprint: its denoiser, its correlation, and a planted pattern that it must find."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import wiener as scipy_wiener

from detection.detectors.fingerprint import Fingerprint, mean_residual, normalised_correlation, residual, wiener
from detection.selection import auc_of

DENOISERS = ("wiener", "gaussian", "median")


def scenes(n, seed, pattern=None):
    """Smooth images with sensor noise of 4 grey levels; fakes, the second half, carry the pattern as well."""
    rng = np.random.default_rng(seed)
    down, right = np.meshgrid(np.linspace(0, 1, 16), np.linspace(0, 1, 16), indexing="ij")
    slopes = rng.uniform(-60, 60, (n, 2, 1, 1, 3))
    images = 128 + slopes[:, 0] * down[..., None] + slopes[:, 1] * right[..., None] + rng.normal(0, 4, (n, 16, 16, 3))
    is_fake = np.arange(n) >= n // 2
    if pattern is not None:
        images[is_fake] += pattern
    return np.clip(np.rint(images), 0, 255).astype(np.uint8), is_fake


def test_the_wiener_filter_is_scipys_inside_the_border():
    image = np.random.default_rng(0).normal(100, 20, (12, 14))
    ours = wiener(image[None, ..., None])[0, ..., 0]
    padded = np.pad(image, 1, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    theirs = scipy_wiener(image, 3, noise=windows.var(axis=(2, 3)).mean())
    np.testing.assert_allclose(ours[1:-1, 1:-1], theirs[1:-1, 1:-1], atol=1e-9)


@pytest.mark.parametrize("denoiser", DENOISERS)
def test_residuals_are_of_one_channel_and_one_image(denoiser):
    images = np.zeros((2, 9, 9, 3), np.uint8)
    images[0, 4, 4, 1] = 90
    found = residual(images, denoiser)
    assert found[0, ..., 1].any()
    assert not found[0, ..., (0, 2)].any()
    assert not found[1].any()
    flat = residual(np.full((1, 8, 8, 1), 77, np.uint8), denoiser)
    np.testing.assert_allclose(flat, 0, atol=1e-12)


def test_the_median_residual_of_one_bright_pixel_is_that_pixel():
    images = np.full((1, 8, 8, 1), 10, np.uint8)
    images[0, 3, 5, 0] = 200
    expected = np.zeros((1, 8, 8, 1))
    expected[0, 3, 5, 0] = 190
    np.testing.assert_array_equal(residual(images, "median"), expected)


def test_the_correlation_by_hand():
    pattern = np.array([[1.0, 2.0], [3.0, 6.0]])[..., None]  # less its mean of 3: -2, -1, 0, 3
    other = np.array([[0.0, 4.0], [0.0, 0.0]])[..., None]  # less its mean of 1: -1, 3, -1, -1
    rows = np.stack([pattern, 5 * pattern + 7, -pattern, other, np.full((2, 2, 1), 8.0)])
    expected = [1, 1, -1, (2 - 3 + 0 - 3) / np.sqrt(14 * 12), 0]
    np.testing.assert_allclose(normalised_correlation(rows, pattern), expected, atol=1e-15)


@pytest.mark.parametrize("denoiser", DENOISERS)
def test_the_fingerprint_is_the_mean_residual(denoiser):
    images, _ = scenes(300, 1)  # more than one block
    np.testing.assert_allclose(
        mean_residual(images, denoiser), np.mean([residual(i[None], denoiser)[0] for i in images], axis=0), atol=1e-9
    )


@pytest.mark.parametrize("denoiser", DENOISERS)
def test_a_planted_pattern_is_found_and_nothing_where_there_is_none(denoiser):
    pattern = 1.5 * np.random.default_rng(9).choice([-1.0, 1.0], (16, 16, 3))  # against noise of 4
    detector = Fingerprint(denoiser=denoiser).fit(*scenes(400, 2, pattern), validation=scenes(100, 3, pattern))
    images, is_fake = scenes(400, 4, pattern)
    assert auc_of(detector.decision_function(images), is_fake) > 0.97
    assert normalised_correlation(detector._state()["fakes"][None], pattern)[0] > 0.7
    assert abs(normalised_correlation(detector._state()["reals"][None], pattern)[0]) < 0.2
    images, is_fake = scenes(400, 5)
    assert 0.4 < auc_of(detector.decision_function(images), is_fake) < 0.6


def test_what_both_classes_share_does_not_count():
    """With one fingerprint alone, every image that carries the shared pattern would look fake."""
    shared = 6 * np.random.default_rng(8).choice([-1.0, 1.0], (16, 16, 3))
    images, is_fake = scenes(400, 6)
    images = np.clip(np.rint(images + shared), 0, 255).astype(np.uint8)
    scores = Fingerprint().fit(images, is_fake).decision_function(images)
    assert np.abs(scores).max() < 0.2
    assert normalised_correlation(residual(images, "wiener"), mean_residual(images[is_fake], "wiener")).min() > 0.6
