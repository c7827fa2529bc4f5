"""Heat maps and weights against arithmetic done by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import fft

from data.errors import UserError
from detection.detectors.linear import LinearDCT, LinearFFT, LinearPixel
from detection.features.frequency import fft_magnitude, whole_spectrum
from detection.networks.gradcam import GradCAM, enlarged

KERNEL = np.array([[0.5, -1.0, 2.0]], dtype=np.float32)  # one channel in, three out
DENSE = np.array([[3.0], [-2.0], [-0.5]], dtype=np.float32)


def network(pool: int = 1):
    """A convolution of one pixel, a global mean and one dense layer, with known weights and a bias of 7."""
    import keras

    inputs = keras.Input((4, 6, 1))
    x = keras.layers.Conv2D(3, 1, use_bias=False)(inputs)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.AveragePooling2D(pool)(x))
    built = keras.Model(inputs, keras.layers.Dense(1)(x))
    built.set_weights([KERNEL[None, None], DENSE, np.array([7.0], dtype=np.float32)])
    return built


def images(n: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 4, 6, 1)).astype(np.uint8)


def test_one_convolution_and_a_mean_give_the_class_activation_map():
    # The logit is sum_k w_k mean(A_k) + 7, so each channel's weight is w_k / 24, and A_k = kernel_k times the image.
    by_hand = images()[..., 0].astype(float) * (0.5 * 3 + -1.0 * -2 + 2.0 * -0.5) / 24
    built = network()
    heat = GradCAM(built, signed=True)(images())
    np.testing.assert_allclose(heat, by_hand, rtol=1e-5)
    logits = np.asarray(built(images().astype(np.float32)))[:, 0]
    np.testing.assert_allclose(heat.sum(axis=(1, 2)) + 7, logits, rtol=1e-5)


def test_a_sequential_network_is_read_like_a_functional_one():
    import keras

    built = network()
    fresh = [type(layer).from_config(layer.get_config()) for layer in built.layers[1:]]
    sequence = keras.Sequential([keras.Input((4, 6, 1)), *fresh])
    sequence.set_weights(built.get_weights())
    np.testing.assert_array_equal(GradCAM(sequence)(images()), GradCAM(built)(images()))


def test_relu_keeps_the_evidence_for_fake_alone():
    import keras

    x = images()[..., 0].astype(float)
    by_hand = (3.0 * np.maximum(0.5 * x - 60, 0) - 2.0 * np.maximum(60 - 0.5 * x, 0)) / 24
    inputs = keras.Input((4, 6, 1))
    mixed = keras.layers.Conv2D(2, 1, activation="relu")(inputs)
    built = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(mixed)))
    kernel = np.array([0.5, -0.5], dtype=np.float32).reshape(1, 1, 1, 2)
    built.set_weights([kernel, np.array([-60.0, 60.0], "f"), np.array([[3.0], [-2.0]], "f"), np.zeros(1, "f")])
    np.testing.assert_allclose(GradCAM(built, signed=True)(images()), by_hand, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(GradCAM(built)(images()), np.maximum(by_hand, 0), rtol=1e-4, atol=1e-5)
    assert by_hand.min() < 0 < by_hand.max()


def test_maps_of_a_smaller_feature_map_lie_over_their_pixels():
    grid = np.array([[[0.0, 4.0]]])  # two places of four pixels each
    np.testing.assert_allclose(enlarged(grid, 2, 8)[0, 0], [0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4])
    heat = GradCAM(network(pool=2), signed=True)(images())
    pooled = images()[..., 0].reshape(3, 2, 2, 3, 2).mean(axis=(2, 4)) * 2.5 / 6
    np.testing.assert_allclose(heat, enlarged(pooled, 4, 6), rtol=1e-5)


def test_a_network_without_a_feature_map_is_refused():
    import keras

    inputs = keras.Input((4, 6, 1))
    flat = keras.layers.Dense(1)(keras.layers.Flatten()(inputs))
    with pytest.raises(UserError, match="needs a network with a feature map"):
        GradCAM(keras.Model(inputs, flat))


def problem(shape: tuple[int, ...] = (8, 9, 3), n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    values, is_fake = rng.integers(0, 200, (n, *shape)), np.arange(n) % 2 == 0
    values[is_fake, 2, 5] += 55  # what gives the fakes away: one pixel
    return values.astype(np.uint8), is_fake


@pytest.mark.parametrize("colour", ["channels", "grey"])
def test_the_parts_of_a_linear_score_add_up(colour):
    values, is_fake = problem()
    detector = LinearPixel(colour=colour).fit(values, is_fake)
    heat = detector.explain(values)
    assert heat.shape == (200, 8, 9)
    scores = detector.decision_function(values)
    np.testing.assert_allclose(heat.sum(axis=(1, 2)) + detector._model.intercept, scores, rtol=1e-9, atol=1e-9)
    mean = heat[is_fake].mean(axis=0)
    assert np.unravel_index(mean.argmax(), mean.shape) == (2, 5)


def test_weights_are_what_a_unit_of_the_feature_adds():
    values, is_fake = problem()
    detector = LinearPixel().fit(values, is_fake)
    weights = detector.weights_image()
    assert weights.shape == (3, 8, 9)
    assert np.unravel_index(weights.sum(axis=0).argmax(), (8, 9)) == (2, 5)
    darker, lighter = np.full((2, 1, 8, 9, 3), 100, np.uint8)
    lighter[0, 2, 5, 0] = 151  # two fifths of the unit, half of the range of grey levels
    rise = detector.decision_function(lighter) - detector.decision_function(darker)
    np.testing.assert_allclose(rise, 0.4 * weights[0, 2, 5])


@pytest.mark.parametrize("shape", [(8, 9, 1), (8, 8, 1), (9, 12, 3)])
def test_the_whole_spectrum_mirrors_its_half(shape):
    x = np.random.default_rng(2).normal(size=(2, shape[2], *shape[:2]))
    whole = np.abs(fft.fftshift(fft.fft2(x, norm="ortho", axes=(-2, -1)), axes=(-2, -1)))
    np.testing.assert_allclose(whole_spectrum(fft_magnitude(x), shape[1]), whole)


@pytest.mark.parametrize(("kind", "place"), [(LinearDCT, (0, 0)), (LinearFFT, (4, 5))])
def test_frequency_weights_have_their_zero_where_they_say(kind, place):
    rng = np.random.default_rng(3)
    values, is_fake = rng.integers(130, 170, (60, 8, 10, 1)), np.arange(60) % 2 == 0
    values[is_fake] += 20  # the mean alone tells
    detector = kind().fit(values.astype(np.uint8), is_fake)
    weights = detector.weights_image()[0]
    flat = np.full((2, 8, 10, 1), 200, np.uint8)
    flat[1] += 10
    rise = np.diff(detector.decision_function(flat))[0]  # only the zero frequency differs: by 10 / 127.5 * sqrt(80)
    np.testing.assert_allclose(rise, weights[place] * 10 / 127.5 * np.sqrt(80))
    assert weights.shape == (8, 10)


def test_maps_are_of_what_was_asked():
    values, is_fake = problem()
    detector = LinearPixel().fit(values, is_fake)
    assert detector.explain(values[:0]).shape == (0, 8, 9)
    with pytest.raises(UserError, match="trained size"):
        detector.explain(values[:, :8, :8])
    for method in (LinearPixel().weights_image, lambda: LinearPixel().explain(values)):
        with pytest.raises(UserError, match="is not trained"):
            method()
