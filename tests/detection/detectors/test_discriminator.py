"""A generator's own discriminator as a detector: what it is asked, what it answers, what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import UserError
from detection.detectors.discriminator import Discriminator
from detection.networks.gradcam import NoFeatureMap

pytestmark = pytest.mark.slow  # Keras networks are made and read

SHAPE = (8, 8, 3)


def saved(folder, make, name="discriminator.keras"):
    import keras

    inputs, outputs = make(keras.layers)
    keras.Model(inputs, outputs).save(folder / name)
    return folder / name


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A network whose logit is the sum of all inputs, so that what it was given can be told."""

    def make(layers):
        flow = layers.Flatten()(images := layers.Input(SHAPE))
        return images, layers.Dense(1, use_bias=False, kernel_initializer="ones")(flow)

    return saved(tmp_path_factory.mktemp("networks"), make)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (20, *SHAPE), dtype=np.uint8), np.arange(20) % 2 == 0


def test_the_score_is_minus_the_logit_of_images_from_minus_one_to_one(file, images):
    detector = Discriminator().fit(*images, validation=images, discriminator=file)
    expected = -(images[0] / 127.5 - 1).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(detector.decision_function(images[0]), expected, atol=1e-4)
    ends = np.stack([np.zeros(SHAPE, np.uint8), np.full(SHAPE, 255, np.uint8)])
    np.testing.assert_array_equal(detector.decision_function(ends), [192.0, -192.0])  # 8 x 8 x 3 times -1 and 1
    assert detector.parameters == 192


def test_the_file_is_kept_as_it_was(file, images, tmp_path):
    detector = Discriminator().fit(*images, validation=images, discriminator=file)
    detector.save(tmp_path)
    assert (tmp_path / "discriminator.keras").read_bytes() == file.read_bytes()
    again = Discriminator().load(tmp_path)
    np.testing.assert_array_equal(again.predict_proba(images[0]), detector.predict_proba(images[0]))

    def other(layers):
        flow = layers.Flatten()(images := layers.Input(SHAPE))
        return images, layers.Dense(1, kernel_initializer="zeros")(flow)

    saved(tmp_path, other)
    with pytest.raises(UserError, match="is not the one that was saved"):
        Discriminator().load(tmp_path)


def test_other_networks_are_refused(images, file, tmp_path):
    def conditional(layers):
        images, condition = layers.Input(SHAPE), layers.Input((10,))
        flow = layers.Concatenate()([layers.Flatten()(images), condition])
        return [images, condition], layers.Dense(1)(flow)

    def two_logits(layers):
        flow = layers.Flatten()(images := layers.Input(SHAPE))
        return images, layers.Dense(2)(flow)

    def code(layers):
        flow = layers.Flatten()(images := layers.Input(SHAPE))
        return images, layers.Lambda(lambda x: x[:, :1])(flow)

    for make, words in (
        (conditional, "takes 2 inputs, so it was trained with a condition"),
        (two_logits, r"must take images of \(8, 8, 3\) to one logit. Received: \(8, 8, 3\) to \(2,\)"),
        (code, "cannot be loaded in safe mode"),
    ):
        with pytest.raises(UserError, match=words):
            Discriminator().fit(*images, discriminator=saved(tmp_path, make, f"{make.__name__}.keras"))
    (tmp_path / "torn.keras").write_bytes(file.read_bytes()[:500])
    with pytest.raises(UserError, match=r"torn\.keras cannot be loaded in safe mode"):
        Discriminator().fit(*images, discriminator=tmp_path / "torn.keras")
    with pytest.raises(UserError, match="cannot be read: No such file"):
        Discriminator().fit(*images, discriminator=tmp_path / "none.keras")
    with pytest.raises(UserError, match=r"must take images of \(8, 9, 3\)"):
        Discriminator().fit(np.pad(images[0], ((0, 0), (0, 0), (0, 1), (0, 0))), images[1], discriminator=file)


def test_a_trained_dcgans_own_discriminator_is_read(tmp_path):
    """The file that `fauxbench networks` writes, spectral normalisation folded into it."""
    from generation.dcgan import studies
    from generation.dcgan.networks import build_discriminator, folded

    study = replace(studies.STUDIES["stable"], discriminator_width=8)
    network = folded(build_discriminator(study, (16, 16, 1), 2, seed=4))
    network.save(tmp_path / "discriminator.keras")
    rng = np.random.default_rng(1)
    images, is_fake = rng.integers(0, 256, (20, 16, 16, 1), dtype=np.uint8), np.arange(20) % 2 == 0
    detector = Discriminator().fit(images, is_fake, discriminator=tmp_path / "discriminator.keras")
    logits = np.asarray(network.predict_on_batch(images.astype(np.float32) / 127.5 - 1))[:, 0]
    np.testing.assert_allclose(detector.decision_function(images), -logits, rtol=1e-4, atol=1e-5)
    assert detector.explain(images).std() > 0


def test_heat_maps_are_of_the_negated_logit(images, tmp_path):
    def make(layers):
        flow = layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones")(given := layers.Input(SHAPE))
        return given, layers.Dense(1, use_bias=False, kernel_initializer="ones")(layers.Flatten()(flow))

    detector = Discriminator().fit(*images, validation=images, discriminator=saved(tmp_path, make))
    heat = detector.explain(images[0])
    np.testing.assert_allclose(heat, -(images[0] / 127.5 - 1).sum(axis=3), atol=1e-5)
    np.testing.assert_allclose(heat.sum(axis=(1, 2)), detector.decision_function(images[0]), atol=1e-4)


def test_a_sequential_discriminator_draws_heat_maps_too(images, tmp_path):
    import keras

    layers = [keras.layers.Conv2D(2, 1), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)]
    keras.Sequential([keras.Input(SHAPE), *layers]).save(tmp_path / "discriminator.keras")
    detector = Discriminator().fit(*images, validation=images, discriminator=tmp_path / "discriminator.keras")
    maps = detector.explain(images[0])
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), detector.decision_function(images[0]), atol=1e-4)


def test_a_discriminator_without_a_feature_map_has_no_heat_maps(file, images):
    detector = Discriminator().fit(*images, validation=images, discriminator=file)
    with pytest.raises(NoFeatureMap, match="without one"):
        detector.explain(images[0])
