from __future__ import annotations

import keras
import numpy as np
import pytest
from scipy import fft, signal

from detection.features.filters import srm_bank
from detection.networks import layers


def run(layer, x) -> np.ndarray:
    return keras.ops.convert_to_numpy(layer(np.asarray(x, dtype=np.float32)))


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


def test_neighbouring_pixels_by_hand_odd_sides_included():
    image = np.array([[10, 12, 50, 40, 7], [9, 20, 60, 55, 7], [3, 3, 3, 3, 3]], dtype=np.float32)
    expected = [[0, 2, 0, -10], [-1, 10, 10, 5]]
    out = run(layers.NeighbouringPixels(), np.stack([image, 2 * image], axis=-1)[None])
    np.testing.assert_array_equal(out[0, ..., 0], expected)
    np.testing.assert_array_equal(out[0, ..., 1], 2 * np.array(expected))


def test_neighbouring_pixels_vanish_where_pixels_were_doubled():
    doubled = noise(2, 6, 7, 3).repeat(2, axis=1).repeat(2, axis=2)
    assert not run(layers.NeighbouringPixels(), doubled).any()
    assert run(layers.NeighbouringPixels(), np.roll(doubled, 1, axis=2)).any()


def test_rich_residuals_are_correlations_with_the_bank_truncated_channel_by_channel():
    images = noise(2, 9, 11, 3) / 32
    out = run(layers.SpatialRichResiduals(truncation=3.0), images)
    assert out.shape == (2, 5, 7, 90)
    expected = [signal.correlate2d(images[1, ..., c], kernel, mode="valid") for c in range(3) for kernel in srm_bank()]
    np.testing.assert_allclose(out[1], np.clip(np.stack(expected, axis=-1), -3, 3), atol=1e-4)
    assert np.abs(expected).max() > 3
    assert np.abs(run(layers.SpatialRichResiduals(), noise(1, 8, 8, 1))).max() == 2


def test_rich_residuals_of_flat_images_are_zero():
    assert np.abs(run(layers.SpatialRichResiduals(), np.full((1, 8, 8, 3), 255))).max() < 1e-4


def sums(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights of the centres, and the sums of the others."""
    centre = kernel[kernel.shape[0] // 2, kernel.shape[1] // 2]
    return centre, kernel.astype(np.float64).sum(axis=(0, 1)) - centre


def test_the_constraint_divides_neighbours_by_their_sum_and_sets_the_centre():
    kernel = np.random.default_rng(1).uniform(0, 1, (5, 5, 3, 4)).astype(np.float32)
    out = run(layers.PredictionError(), kernel)
    centre, others = sums(out)
    np.testing.assert_array_equal(centre, -1)
    np.testing.assert_allclose(others, 1, atol=1e-6)
    _, total = sums(kernel)
    np.testing.assert_allclose(out[0, 0], kernel[0, 0] / total, rtol=1e-5)
    np.testing.assert_allclose(run(layers.PredictionError(), out), out, atol=1e-6)


@pytest.mark.parametrize("total", [0.0, 1e-30, -1e-4])
def test_the_constraint_is_safe_where_the_neighbours_sum_to_nothing(total):
    kernel = np.zeros((5, 5, 1, 2), np.float32)
    kernel[0, 0], kernel[4, 4] = 0.5, -0.5 + total
    kernel[2, 2] = 7
    out = run(layers.PredictionError(), kernel)
    centre, others = sums(out)
    np.testing.assert_array_equal(centre, -1)
    np.testing.assert_allclose(others, 1, atol=1e-6)
    assert np.abs(out).max() <= 1
    np.testing.assert_allclose(out[0, 0] - out[4, 4], 1, atol=1e-3)  # the shape is kept: all are shifted alike


def test_the_first_kernel_obeys_the_constraint_and_its_seed():
    one, two, other = (keras.ops.convert_to_numpy(layers.NearAverage(s)((5, 5, 3, 6))) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    assert len(np.unique(one)) > 400
    centre, others = sums(one)
    np.testing.assert_array_equal(centre, -1)
    np.testing.assert_allclose(others, 1, atol=1e-6)


def test_log_dct_is_scipys():
    images = noise(2, 9, 12, 3)
    images[1] = 128  # all coefficients but one vanish
    coefficients = fft.dctn(images.astype(np.float64), type=2, norm="ortho", axes=(1, 2))
    out = run(layers.LogDCT(), images)
    np.testing.assert_allclose(out, np.log(np.abs(coefficients) + layers.FLOOR), atol=0.02)
    np.testing.assert_allclose(out[1, 0, 0], np.log(128 * np.sqrt(9 * 12)), rtol=1e-5)
    np.testing.assert_allclose(np.exp(out[0]) - layers.FLOOR, np.abs(coefficients[0]), atol=1e-3)


def test_rounding_stays_below_the_floor_of_the_logarithm_at_128_pixels():
    out = run(layers.LogDCT(), np.full((1, 128, 128, 1), 255))
    out[0, 0, 0] = np.log(layers.FLOOR)
    np.testing.assert_allclose(out, np.log(layers.FLOOR), atol=0.5)


def test_every_layer_survives_keras_own_format_in_safe_mode(tmp_path):
    inputs = keras.Input((16, 17, 3))
    standardise = layers.Standardisation()
    x = layers.LogDCT()(layers.NeighbouringPixels()(inputs))
    x = standardise(layers.SpatialRichResiduals(truncation=1.5)(x))
    standardise.set(np.full((12, 12, 90), 0.25), np.full((12, 12, 90), 2.0))
    x = keras.layers.Conv2D(1, 5, kernel_initializer=layers.NearAverage(3), kernel_constraint=layers.PredictionError())(
        x
    )
    network = keras.Model(inputs, layers.MeanPatchLogit()(x))
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    images = noise(3, 16, 17, 3)
    np.testing.assert_array_equal(again.predict_on_batch(images), network.predict_on_batch(images))
    assert again.count_params() == network.count_params()
    assert isinstance(again.layers[-2].kernel_constraint, layers.PredictionError)
