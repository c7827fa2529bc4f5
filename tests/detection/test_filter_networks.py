"""The networks that look through a filter, against their papers; the contract is tested elsewhere."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import fft
from sklearn.metrics import roc_auc_score

from detection.detectors.dct_cnn import DCTCNN, moments_of_log_dct
from detection.detectors.npr import NPR
from detection.detectors.patch import Patch
from detection.detectors.residual import CONSTRAINED, ResidualBayar, ResidualSRM

ALL = [NPR(), NPR(network="published"), Patch(receptive_field=5), ResidualSRM(), ResidualBayar(), DCTCNN()]
names = [f"{type(detector).__name__}{i}" for i, detector in enumerate(ALL)]


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def checkered(n: int, shape: tuple[int, int, int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noise; the left half of the fakes carries a faint pattern of period 2."""
    images = np.random.default_rng(seed).integers(60, 180, (n, *shape))
    is_fake = np.arange(n) % 2 == 0
    images[is_fake, ::2, : shape[1] // 2 : 2] += 60
    return images.astype(np.uint8), is_fake


def trained_weights(network) -> int:
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def convolutions(network) -> list:
    import keras

    return [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]


@pytest.mark.parametrize("detector", ALL, ids=names)
@pytest.mark.parametrize("shape", [(8, 8, 1), (33, 20, 3)], ids=["8x8x1", "33x20x3"])
def test_each_size_has_a_network_whose_weights_come_from_the_seed(detector, shape):
    one, two, other = (detector.build(shape, seed) for seed in (1, 1, 2))
    assert one.output.shape == (None, 1)
    same = [np.array_equal(a, b) for a, b in zip(one.get_weights(), two.get_weights(), strict=True)]
    assert all(same)
    for layer, its in zip(convolutions(one), convolutions(other), strict=True):
        assert not np.array_equal(layer.get_weights()[0], its.get_weights()[0])


def test_each_says_which_paper_it_follows():
    years = {type(detector).__name__: detector.paper.split(",")[-2][-4:] for detector in ALL}
    assert years == {"NPR": "2024", "Patch": "2020", "ResidualSRM": "2012", "ResidualBayar": "2016", "DCTCNN": "2020"}


def test_published_npr_has_the_papers_parameters_and_maps():
    network = NPR(network="published").build((224, 224, 3), 0)
    assert trained_weights(network) == 1_437_761
    sides = [layer.output.shape[1:] for layer in network.layers if type(layer).__name__ in ("MaxPooling2D", "Add")]
    assert sides == [(56, 56, 64)] + 3 * [(56, 56, 256)] + 4 * [(28, 28, 512)]


def test_npr_sees_two_thirds_of_the_difference_in_units_of_imagenets_deviation():
    import keras

    network = NPR().build((8, 8, 3), 0)
    rescaling = next(layer for layer in network.layers if type(layer).__name__ == "Rescaling")
    image = np.zeros((1, 8, 8, 3), np.float32)
    image[0, 1, 1] = 255
    seen = np.asarray(keras.Model(network.input, rescaling.output).predict_on_batch(image))
    np.testing.assert_allclose(seen[0, 1, 1], 2 / 3 / np.array([0.229, 0.224, 0.225]), rtol=1e-5)
    assert np.count_nonzero(seen) == 3


@pytest.mark.parametrize("detector", [NPR(), ResidualSRM(), ResidualBayar(), Patch()], ids=lambda d: type(d).__name__)
def test_the_first_convolution_keeps_the_full_resolution(detector):
    first = convolutions(detector.build((32, 32, 3), 0))[0]
    assert first.strides == (1, 1)
    assert first.output.shape[1] >= 28


@pytest.mark.parametrize("field", [5, 9, 17])
def test_a_patch_logit_sees_exactly_its_receptive_field(field):
    import keras

    side = 2 * field + 1  # the patches around one pixel, and at least one more on each side
    detector = Patch(receptive_field=field)
    network = detector.build((side, side, 1), 0)
    patches = keras.Model(network.input, network.layers[-1].input)
    images = noise(8, side, side, 1).astype(np.float32)
    before = np.asarray(patches.predict_on_batch(images))
    images[:, field, field] = 255 - images[:, field, field]
    changed = (np.asarray(patches.predict_on_batch(images)) != before).any(axis=(0, 3))
    expected = np.zeros((side - field + 1, side - field + 1), bool)
    expected[1:-1, 1:-1] = True
    assert expected.sum() == field**2
    np.testing.assert_array_equal(changed, expected)
    assert detector.min_size == max(8, field)


def test_patches_start_from_differences_of_pixels():
    first, *_ = convolutions(Patch().build((12, 12, 3), 0))
    kernel = first.get_weights()[0]
    assert np.abs(kernel).max() > 0.1
    np.testing.assert_allclose(kernel.sum(axis=(0, 1)), 0, atol=1e-6)


@cache
def trained(kind):
    """Each trained once, on colour images that are not square."""
    options = {Patch: {"receptive_field": 5}, DCTCNN: {"epochs": 30, "patience": 30}}.get(kind, {})
    common = {"epochs": 6, "batch_size": 32, "shift": 0, "mirror": False, "learning_rate": 0.003}
    images, is_fake = checkered(160, (12, 14, 3))
    detector = kind(random_state=0, **{**common, **options})
    return detector.fit(images, is_fake, validation=checkered(60, (12, 14, 3), seed=1))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [NPR, Patch, ResidualSRM, ResidualBayar, DCTCNN])
def test_each_finds_a_faint_pattern(kind):
    images, is_fake = checkered(200, (12, 14, 3), seed=2)
    assert roc_auc_score(is_fake, trained(kind).decision_function(images)) > 0.95


@pytest.mark.slow
def test_patch_maps_average_to_the_score_and_show_where_the_pattern_is():
    images, is_fake = checkered(60, (12, 14, 3), seed=3)
    maps = trained(Patch).explain(images)
    assert maps.shape == (60, 12, 14)
    assert maps.dtype == np.float64
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), trained(Patch).decision_function(images), atol=1e-5)
    np.testing.assert_allclose(maps[:, 2:-2, 2:-2].mean(axis=(1, 2)), maps[:, 0, 0], atol=1e-5)
    left, right = maps[is_fake, 2:-2, 2:6].mean(), maps[is_fake, 2:-2, 9:-2].mean()
    assert left > right + 1
    assert maps[~is_fake, 2:-2, 2:6].mean() < left - 1
    changed = images[:1].copy()
    changed[0, 6, 11] ^= 255  # a pixel moves the patches around it, and the border with the score
    moved = (trained(Patch).explain(changed) != maps[:1])[0, 2:-2, 2:-2]
    assert moved[:, 7:].any()
    assert not moved[:, :7].any()


@pytest.mark.slow
@pytest.mark.parametrize("balance", ["none", "weights"])
def test_the_loop_trains_each_patch_by_the_label_of_its_image(balance):
    import keras

    images, is_fake = checkered(8, (8, 9, 1))[0], np.arange(8) < 2
    options = {"epochs": 1, "batch_size": 8, "shift": 0, "mirror": False, "learning_rate": 1e-12, "balance": balance}
    detector = Patch(receptive_field=5, **options).fit(images, is_fake, validation=(images, is_fake))
    network = detector.build((8, 9, 1), 0)
    patches = keras.Model(network.input, network.layers[-1].input)
    logits = keras.ops.convert_to_numpy(patches(images.astype(np.float32), training=True))[..., 0]
    weights = np.where(is_fake, 2, 2 / 3) if balance == "weights" else np.ones(8)

    def loss(logits):
        return np.mean(weights[:, None] * np.logaddexp(0, np.where(is_fake[:, None], -logits, logits)))

    assert detector.history.loss[0] == pytest.approx(loss(logits.reshape(8, -1)), rel=1e-4)
    assert detector.history.loss[0] != pytest.approx(loss(logits.mean(axis=(1, 2))[:, None]), rel=1e-3)


@pytest.mark.slow
def test_the_bayar_constraint_holds_after_training_and_the_kernel_has_moved():
    detector = trained(ResidualBayar)
    kernel = convolutions(detector._network)[0].get_weights()[0].astype(np.float64)
    assert kernel.shape == (5, 5, 3, CONSTRAINED)
    np.testing.assert_array_equal(kernel[2, 2], -1)
    np.testing.assert_allclose(kernel.sum(axis=(0, 1)), 0, atol=1e-6)
    start = convolutions(detector.build((12, 14, 3), 0))[0].get_weights()[0]
    assert np.abs(kernel - start).max() > 1e-3


@pytest.mark.slow
def test_cosine_coefficients_are_standardised_by_the_training_images_alone(tmp_path):
    images, _ = checkered(160, (12, 14, 3))
    coefficients = np.log(np.abs(fft.dctn(images.astype(float), norm="ortho", axes=(1, 2))) + 0.01)
    detector = trained(DCTCNN)
    detector.save(tmp_path)
    for its in (detector, DCTCNN(**detector._options()).load(tmp_path)):
        layer = next(layer for layer in its._network.layers if type(layer).__name__ == "Standardisation")
        mean, deviation = layer.get_weights()
        np.testing.assert_allclose(mean, coefficients.mean(axis=0), atol=1e-3)
        np.testing.assert_allclose(deviation, coefficients.std(axis=0), atol=1e-3)
    assert not layer.trainable_weights


def test_a_constant_coefficient_gets_the_deviation_one():
    mean, deviation = moments_of_log_dct(np.full((300, 8, 9, 3), 77, np.uint8))
    np.testing.assert_array_equal(deviation, 1)
    np.testing.assert_allclose(mean[0, 0], np.log(77 * np.sqrt(72)), rtol=1e-5)


def test_the_source_network_follows_the_coefficients():
    network = DCTCNN().build((32, 32, 3), 0)
    assert [layer.output.shape[1:] for layer in convolutions(network)] == [
        (32, 32, 3),
        (32, 32, 8),
        (16, 16, 16),
        (8, 8, 32),
    ]
