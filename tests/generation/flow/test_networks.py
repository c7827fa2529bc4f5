"""The U-Net: its parts by arithmetic, its twin of Keras' own layers, and the sizes that it can halve."""

import dataclasses

import numpy as np
import pytest

from data.errors import UserError
from generation.flow.generator import Flow
from generation.flow.settings import allowed_sizes, halvings

TINY = {"width": 4, "batch_size": 8, "epochs": 1}


def _random(network, seed=0):
    """Gives a network weights of which none is zero, and returns it."""
    for at, variable in enumerate(network.trainable_variables):
        variable.assign(np.random.default_rng([seed, at]).normal(0, 0.3, variable.shape) + ("gamma" in variable.path))
    return network


@pytest.mark.parametrize("channels", [1, 6, 16])
def test_group_normalisation_is_keras_own(channels):
    import keras

    from generation.flow.layers import EPSILON, GroupNormalization, groups

    images = np.random.default_rng(0).normal(2, 3, (3, 5, 4, channels)).astype(np.float32)
    scale, shift, gamma, beta = np.random.default_rng(1).normal(size=(4, 3, channels)).astype(np.float32)
    own, theirs = GroupNormalization(), keras.layers.GroupNormalization(groups(channels), epsilon=EPSILON)
    for layer in (own, theirs):
        layer.build(images.shape)
        layer.set_weights([gamma[0], beta[0]])
    expected = np.asarray(theirs(images))
    np.testing.assert_allclose(np.asarray(own(images)), expected, atol=2e-5)
    moved = expected * (1 + scale[:, None, None]) + shift[:, None, None]
    np.testing.assert_allclose(np.asarray(own([images, scale, shift])), moved, atol=5e-5)


@pytest.mark.parametrize(
    ("options", "conditions"), [({}, 0), ({"attention": True, "dropout": 0.1, "blocks": 2}, 3), ({"depth": 1}, 2)]
)
def test_the_network_of_keras_own_layers_gives_the_same(options, conditions, tmp_path):
    import keras

    from generation.flow.networks import build_unet, plain_unet

    settings = Flow(**TINY, **options).settings
    network = _random(build_unet(settings, (8, 12, 3), conditions=conditions))
    plain = plain_unet(network, settings)
    rng = np.random.default_rng(0)
    given = [rng.normal(size=(4, 8, 12, 3)), rng.random((4, 1)), rng.normal(size=(4, conditions))][
        : 2 + (conditions > 0)
    ]
    given = [np.asarray(each, np.float32) for each in given]
    expected = np.asarray(network(given))
    assert expected.std() > 0.1
    plain.save(tmp_path / "plain.keras")
    loaded = keras.saving.load_model(tmp_path / "plain.keras")
    np.testing.assert_allclose(np.asarray(loaded(given)), expected, atol=2e-4)
    assert not any(layer.__class__.__module__.startswith("generation") for layer in loaded.layers)


def test_a_velocity_depends_on_time_and_condition_and_on_every_pixel_near():
    from generation.flow.networks import build_unet

    network = _random(build_unet(Flow(**TINY, attention=True).settings, (8, 8, 1), conditions=2))
    images, times = np.random.default_rng(0).normal(size=(1, 8, 8, 1)), np.full((1, 1), 0.3)

    def velocity(images=images, times=times, asked=(0.0, 0.0)):
        return np.asarray(network([images, times, np.array([asked])]))

    assert np.abs(velocity(times=times + 0.002) - velocity()).max() > 1e-4  # the fastest waves see this
    assert np.abs(velocity(asked=(1.0, 0.0)) - velocity()).max() > 1e-3
    changed = images.copy()
    changed[0, 0, 0, 0] += 1
    assert (velocity(images=changed) != velocity()).all()


def test_an_untrained_flow_stands_still():
    from generation.flow.networks import build_unet

    network = build_unet(Flow(**TINY).settings, (8, 8, 3), seed=1)
    images, times = np.random.default_rng(0).normal(size=(2, 8, 8, 3)), np.full((2, 1), 0.5)
    assert not np.asarray(network([images, times])).any()
    kernel = network.get_layer("down_0_0_conv_1").kernel
    again, other = (build_unet(Flow(**TINY).settings, (8, 8, 3), seed=s).get_layer("down_0_0_conv_1") for s in (1, 2))
    assert np.array_equal(kernel, again.kernel)
    assert not np.array_equal(kernel, other.kernel)


@pytest.mark.parametrize(
    ("shape", "depth", "times"),
    [((8, 8, 1), None, 1), ((28, 28, 1), None, 2), ((32, 32, 3), None, 3), ((64, 64, 3), None, 4),
     ((32, 16, 3), None, 2), ((36, 36, 1), 2, 2), ((64, 64, 3), 5, 5), ((8, 8, 1), 2, 2)],
)  # fmt: skip
def test_how_often_it_halves(shape, depth, times):
    assert halvings(depth, shape) == times
    assert halvings(halvings(depth, shape), shape) == times


@pytest.mark.parametrize(
    ("shape", "depth", "message"),
    [
        ((30, 30, 1), None, r"cannot halve images of 30x30 .*Allowed sides: 8, 10, .*, 64; or a depth: 1\. Received"),
        ((9, 9, 1), None, r"cannot halve images of 9x9 .*or a depth: none\. Received: 9x9\."),
        ((28, 28, 1), 3, r"it halves 28x28 1 or 2 times\. Received: depth=3\."),
        ((15, 15, 1), 1, r"none halves 15x15\. Received: depth=1\."),
        ((4, 4, 1), None, r"sides of 8 to 64 pixels\. Received: 4x4\."),
        ((128, 64, 3), None, r"sides of 8 to 64 pixels\. Received: 128x64\."),
        ((8, 8, 2), None, r"1 or 3 channels\. Received: 2\."),
    ],
)
def test_sizes_that_it_cannot_halve(shape, depth, message):
    with pytest.raises(UserError, match=message) as error:
        Flow(**TINY, depth=depth).fit(np.zeros((8, *shape), np.uint8))
    assert "\n" not in str(error.value)


def test_allowed_sizes_are_allowed():
    assert allowed_sizes() == [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64]
    assert all(halvings(None, (side, side, 3)) for side in allowed_sizes())


def test_describe():
    text = Flow(width=8, attention=True).describe((28, 28, 1))
    assert "velocity (Conv2D)" in text
    assert "attention_seen" in text
    with pytest.raises(UserError, match="cannot halve"):
        Flow().describe((30, 30, 1))
    assert dataclasses.asdict(Flow().settings)["width"] == 32
