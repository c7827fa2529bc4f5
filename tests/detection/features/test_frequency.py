from __future__ import annotations

import numpy as np
import pytest

from detection.features import frequency as features


def cosine_plane(size: int, row: int, column: int) -> np.ndarray:
    at = (2 * np.arange(size) + 1) * np.pi / (2 * size)
    return np.outer(np.cos(row * at), np.cos(column * at))


def random_images(n: int, side: int, channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, side, side, channels), dtype=np.uint8)


def test_grey_uses_the_luminance_weights_and_keeps_one_channel_as_it_is():
    colours = np.array([[[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]]], dtype=np.uint8)
    np.testing.assert_allclose(features.grey(colours)[0, 0], [0.299 * 255, 0.587 * 255, 0.114 * 255, 9.0])
    single = random_images(2, 8, 1)
    np.testing.assert_array_equal(features.grey(single), single[..., 0])


def test_planes_lie_in_minus_one_to_one_and_follow_the_colour_policy():
    images = np.zeros((2, 8, 9, 3), dtype=np.uint8)
    images[1] = 255
    assert features.planes(images, "channels").shape == (2, 3, 8, 9)
    grey = features.planes(images, "grey")
    assert grey.shape == (2, 1, 8, 9)
    np.testing.assert_allclose(grey[:, 0, 0, 0], [-1, 1])


@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 0), (2, 5), (7, 7)])
def test_a_pure_cosine_lights_one_dct_coefficient(row, column):
    plane = cosine_plane(8, row, column)
    coefficients = features.dct(plane[None, None])[0, 0]
    assert np.unravel_index(np.abs(coefficients).argmax(), (8, 8)) == (row, column)
    assert coefficients[row, column] == pytest.approx(np.linalg.norm(plane))
    coefficients[row, column] = 0
    assert np.abs(coefficients).max() < 1e-12


def test_dct_equals_its_matrix():
    at = (2 * np.arange(12) + 1) * np.pi / 24
    matrix = np.cos(np.arange(12)[:, None] * at) * np.sqrt(2 / 12)
    matrix[0] /= np.sqrt(2)
    x = np.random.default_rng(0).normal(size=(2, 3, 12, 12))
    np.testing.assert_allclose(features.dct(x), matrix @ x @ matrix.T, atol=1e-12)


def test_transforms_keep_the_energy():
    x = np.random.default_rng(1).normal(size=(3, 1, 8, 8))
    energy = (x**2).sum(axis=(1, 2, 3))
    np.testing.assert_allclose((features.dct(x) ** 2).sum(axis=(1, 2, 3)), energy)
    half = features.fft_magnitude(x) ** 2
    twice = np.array([1, 2, 2, 2, 1])  # columns 1 to 3 stand for their mirror images too
    np.testing.assert_allclose((half * twice).sum(axis=(1, 2, 3)), energy)


def test_fft_magnitude_is_half_of_numpys_transform():
    x = np.random.default_rng(2).normal(size=(2, 3, 12, 10))
    whole = np.abs(np.fft.fft2(x)) / np.sqrt(120)
    np.testing.assert_allclose(features.fft_magnitude(x), whole[..., :6], atol=1e-12)


@pytest.mark.parametrize(
    ("log", "plain"), [(features.log_dct, features.dct), (features.log_fft, features.fft_magnitude)]
)
def test_logarithms_are_finite_where_a_coefficient_vanishes(log, plain):
    flat = np.full((1, 1, 8, 8), 0.5)
    assert np.isfinite(log(flat)).all()
    x = np.random.default_rng(3).normal(size=(1, 1, 8, 8))
    np.testing.assert_allclose(np.exp(log(x)), np.abs(plain(x)), atol=1e-11)


@pytest.mark.parametrize("kind", features.FEATURES)
@pytest.mark.parametrize(("colour", "count"), [("channels", 3), ("grey", 1)])
def test_extract_gives_one_row_per_image(kind, colour, count):
    images = random_images(4, 12, 3)
    width = 7 if "fft" in kind else 12
    values = features.extract(images, kind, colour)
    assert values.shape == (4, count * 12 * width)
    assert values.dtype == np.float64
    np.testing.assert_allclose(features.extract(images[2:3], kind, colour)[0], values[2])


def test_log_spectrum_has_its_zero_frequency_in_the_centre():
    images = np.full((1, 8, 10, 1), 100, dtype=np.uint8)
    spectrum = features.log_spectrum(images)[0]
    assert spectrum[4, 5] == pytest.approx(20 * np.log10(100 * 80))
    spectrum[4, 5] = -np.inf
    assert spectrum.max() < -100


@pytest.mark.parametrize("side", [8, 9, 32])
def test_azimuthal_mean_of_a_ring_is_that_ring(side):
    rings = features.radii(side, side)
    for radius in range(rings.max() + 1):
        mean = features.azimuthal_mean((rings == radius)[None].astype(float))[0]
        np.testing.assert_allclose(mean, np.arange(rings.max() + 1) == radius)


def test_azimuthal_mean_equals_a_count_by_hand():
    spectra = np.random.default_rng(4).normal(size=(2, 8, 8))
    rows, columns = np.indices((8, 8)) - 4
    distance = np.sqrt(rows**2 + columns**2).astype(int)
    expected = [[s[distance == r].mean() for r in range(distance.max() + 1)] for s in spectra]
    np.testing.assert_allclose(features.azimuthal_mean(spectra), expected)


def test_a_grating_lights_the_ring_of_its_frequency():
    x = np.arange(32)
    grating = 127 + 100 * np.cos(2 * np.pi * 10 * x / 32)
    images = np.broadcast_to(grating, (32, 32)).astype(np.uint8)[None, ..., None]
    mean = features.azimuthal_mean(features.log_spectrum(images))[0]
    # rounding to bytes leaves harmonics, but nothing on the rings beside
    assert mean[10] > mean[9]
    assert mean[10] > mean[11]


def test_radii_of_an_oblong_image_measure_cycles_per_pixel():
    rings = features.radii(8, 16)
    assert rings[4, 8] == 0
    assert rings[0, 8] == rings[4, 0] == 4


def test_scipy_and_numpy_agree_on_the_spectrum():
    images = random_images(2, 12, 3)
    expected = np.fft.fftshift(np.abs(np.fft.fft2(features.grey(images))), axes=(1, 2))
    np.testing.assert_allclose(10 ** (features.log_spectrum(images) / 20), expected + 1e-8, rtol=1e-9)
