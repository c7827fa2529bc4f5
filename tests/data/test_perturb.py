"""Compression and blur are of the strength that they say, whatever the image."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import laplace

from data.errors import UserError
from data.perturb import blur, jpeg, jpeg_file

# Annex K.1 and K.2 of ITU-T T.81 (1992), row by row
LUMINANCE = """16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62 18 22 37
56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99"""
CHROMINANCE = """17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99 99"""
ZIGZAG = sorted(range(64), key=lambda k: (k // 8 + k % 8, k // 8 if (k // 8 + k % 8) % 2 else k % 8))

seeds = st.integers(0, 2**32 - 1)
shapes = st.tuples(st.integers(8, 24), st.integers(8, 24), st.sampled_from([1, 3]))
some = settings(max_examples=25, deadline=None)


def photo(seed: int, shape: tuple[int, int, int] = (24, 24, 3), n: int = 1) -> np.ndarray:
    """Coarse shapes and noise, as photographs have both."""
    rng = np.random.default_rng(seed)
    height, width, channels = shape
    coarse = rng.integers(40, 216, (n, -(-height // 8), -(-width // 8), channels)).repeat(8, axis=1).repeat(8, axis=2)
    noisy = coarse[:, :height, :width] + rng.normal(0, 12, (n, *shape))
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def tables(data: bytes) -> list[list[int]]:
    """The quantisation tables of a JPEG file, read from its bytes, each in zigzag order."""
    found, at = {}, 2
    while data[at + 1] != 0xDA:  # the scan
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xDB:
            content = data[at + 4 : at + 2 + length]
            for start in range(0, len(content), 65):
                assert content[start] >> 4 == 0, "8-bit entries"
                found[content[start] & 15] = list(content[start + 1 : start + 65])
        at += 2 + length
    return [found[key] for key in sorted(found)]


def scaled(base: str, quality: int) -> list[int]:
    """The scale of the Independent JPEG Group, in zigzag order."""
    factor = 5000 // quality if quality < 50 else 200 - 2 * quality
    values = [int(word) for word in base.split()]
    return [min(255, max(1, (values[k] * factor + 50) // 100)) for k in ZIGZAG]


@some
@given(seed=seeds, quality=st.integers(1, 100), channels=st.sampled_from([1, 3]))
def test_the_tables_in_the_file_are_those_of_the_quality(seed, quality, channels):
    image = photo(seed, (16, 16, channels))[0]
    found = tables(jpeg_file(image, quality))
    assert found == [scaled(LUMINANCE, quality), scaled(CHROMINANCE, quality)][: 1 if channels == 1 else 2]
    pillows = io.BytesIO()
    Image.fromarray(image.squeeze()).save(pillows, "JPEG", quality=quality)
    assert found == tables(pillows.getvalue())
    with Image.open(io.BytesIO(jpeg_file(image, quality))) as opened:
        assert [sorted(table) for table in opened.quantization.values()] == [sorted(table) for table in found]


@some
@given(seed=seeds, shape=shapes, low=st.integers(1, 80), more=st.integers(20, 60))
def test_files_and_errors_follow_the_quality(seed, shape, low, more):
    images, high = photo(seed, shape, n=16), min(100, low + more)  # one tiny image may be lucky with its table
    small, large = (sum(len(jpeg_file(image, q)) for image in images) for q in (low, high))
    assert small < large
    worse, better = (((jpeg(images, q).astype(float) - images) ** 2).mean() for q in (low, high))
    assert worse > better


@some
@given(seed=seeds, shape=shapes, quality=st.integers(1, 100), sigma=st.floats(0, 4))
def test_both_repeat_and_leave_their_input(seed, shape, quality, sigma):
    images = photo(seed, shape, n=3)
    images.flags.writeable = False
    for function, strength in ((jpeg, quality), (blur, sigma)):
        out = function(images, strength)
        assert out.dtype == np.uint8
        assert out.shape == images.shape
        np.testing.assert_array_equal(out, function(images.copy(), strength))
        np.testing.assert_array_equal(out[1], function(images[1:2], strength)[0])  # alone or with others
        mixed = function(images, [strength, 1, strength])
        np.testing.assert_array_equal(mixed[[0, 2]], out[[0, 2]])
        np.testing.assert_array_equal(mixed[1], function(images[1:2], 1)[0])
    for out in (jpeg(images, None), blur(images, 0)):
        np.testing.assert_array_equal(out, images)
        assert not np.shares_memory(out, images)


@some
@given(seed=seeds, shape=shapes, sigma=st.floats(0.4, 1.5), factor=st.floats(1.5, 2))
def test_blur_lowers_the_laplacian_and_keeps_the_mean(seed, shape, sigma, factor):
    images = photo(seed, shape, n=8)

    def energy(images):
        return float((laplace(images.astype(float), mode="reflect", axes=(1, 2)) ** 2).sum())

    once, more = blur(images, sigma), blur(images, sigma * factor)
    assert energy(more) < energy(once) < energy(images)
    np.testing.assert_allclose(once.mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=0.5)  # a mirrored border


def test_a_point_spreads_as_a_gaussian_along_both_axes_and_within_its_channel():
    images = np.zeros((1, 41, 31, 3), np.uint8)
    images[0, 25, 12, 1] = 255  # off the centre and the diagonal
    out = blur(images, 1.5)[0].astype(float)
    assert out[..., [0, 2]].max() == 0
    rows, columns = np.indices((41, 31))
    there = np.exp(-((rows - 25) ** 2 + (columns - 12) ** 2) / (2 * 1.5**2)) / (2 * np.pi * 1.5**2)
    np.testing.assert_allclose(out[..., 1], 255 * there, atol=0.6)
    assert out[25, 12, 1] == out.max() == round(255 / (2 * np.pi * 1.5**2))


@some
@given(seed=seeds, shape=shapes, quality=st.integers(1, 100), sigma=st.floats(0.3, 2))
def test_rows_are_rows_and_channels_are_channels(seed, shape, quality, sigma):
    images = photo(seed, shape, n=2)
    out = blur(images, sigma)
    np.testing.assert_array_equal(blur(images.transpose(0, 2, 1, 3), sigma), out.transpose(0, 2, 1, 3))
    for channel in range(shape[2]):
        np.testing.assert_array_equal(blur(images[..., [channel]], sigma), out[..., [channel]])
    row = np.repeat(images[:, :1], shape[0], axis=1)  # nothing changes from row to row, so nothing may
    np.testing.assert_array_equal(np.ptp(blur(row, sigma), axis=1), 0)
    colour = jpeg(np.repeat(images[..., :1], 3, axis=3), quality)  # grey as colour stays grey, by the same tables
    grey = jpeg(images[..., :1], quality)
    assert np.abs(colour.astype(int) - grey).max() <= 1


@pytest.mark.parametrize("quality", [0, 101, -3, 75.0, "high", [50, 0], [50, 50]])
def test_a_quality_out_of_range_is_refused(quality):
    with pytest.raises(UserError, match="JPEG quality"):
        jpeg(photo(0, n=3), quality)


@pytest.mark.parametrize("sigma", [-0.1, np.nan, np.inf, [1, 1]])
def test_a_sigma_out_of_range_is_refused(sigma):
    with pytest.raises(UserError, match="sigma"):
        blur(photo(0, n=3), sigma)


@pytest.mark.parametrize("images", [photo(0)[0], photo(0).astype(float), photo(0)[..., :2]])
def test_other_arrays_are_refused(images):
    for function in (jpeg, blur):
        with pytest.raises(UserError, match="Expected uint8 images"):
            function(images, 1)
