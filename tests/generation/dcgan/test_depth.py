"""Depth and activation: what they change, where they are allowed, and that their defaults change nothing."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from data.errors import UserError
from generation.dcgan.generator import DCGAN
from generation.dcgan.studies import STUDIES, Activation, doublings, resolve
from generation.training.layers import BatchNormalization

# Digests of the names and kinds of all layers and the names and shapes of all variables, before there were options of
# depth and activation: (architecture, length of the condition) -> generator, discriminator.
BEFORE = {
    ("baseline", 0): ("1357e23fa8eca588", "1df880e81d0b4dcf"),
    ("baseline", 3): ("60f2be13d0a930d4", "693187c7f054e7dd"),
    ("tuned", 0): ("f6fd0cfe23e63c88", "1df880e81d0b4dcf"),
    ("tuned", 3): ("32775a25607b0ebd", "693187c7f054e7dd"),
    ("stable", 0): ("60d38246d38c686b", "2813d196f6d8a4d4"),
    ("stable", 3): ("6aa16f3b025415d1", "8c945ec8488bcc24"),
    ("mnist-1d", 0): ("1a703b91cc56afe0", "29a22eb741f4e48c"),
    ("small", 0): ("bca43f985a74fac4", "735f079060bbdf22"),
    ("small", 3): ("04d357dd5bfc547d", "e0521baa7497e21d"),
}
TINY = {"architecture": "small", "width": 4, "discriminator_width": 4, "latent_dim": 4, "batch_size": 8, "epochs": 1}


def _networks(study, shape, conditions=0):
    from generation.dcgan.networks import build_discriminator, build_generator

    times = doublings("it", study, shape)
    return [
        build(study, shape, times, conditions=conditions, seed=1) for build in (build_generator, build_discriminator)
    ]


def _described(model):
    kinds = [f"{layer.name} {type(layer).__name__}" for layer in model.layers]
    text = "\n".join([*kinds, *(f"{variable.path} {tuple(variable.shape)}" for variable in model.variables)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _images(n=24):
    return np.random.default_rng(5).integers(0, 256, (n, 8, 8, 1), np.uint8)


@pytest.mark.parametrize(("name", "conditions"), BEFORE)
def test_without_the_options_networks_are_what_they_were(name, conditions):
    import keras

    keras.backend.clear_session()  # layers without a name of their own are counted from here
    networks = _networks(resolve(name), STUDIES[name].image_shape, conditions)
    assert tuple(map(_described, networks)) == BEFORE[name, conditions]


def test_defaults_written_out_train_the_same_bytes(tmp_path):
    own = {"depth": 1, "activation": "leaky_relu", "discriminator_activation": "leaky_relu"}
    for name, options in (("without", {}), ("with", own), ("older", {"leaky": True}), ("other", {"activation": "elu"})):
        DCGAN(**TINY, **options).fit(_images()).save(tmp_path / name)
    for file in ("weights.npz", "training.npz", "options.json"):
        without, written, older, other = (
            (tmp_path / name / file).read_bytes() for name in ("without", "with", "older", "other")
        )
        assert without == written == older, file
        assert without != other, file


@pytest.mark.parametrize("name", ["baseline", "tuned", "stable", "small"])
@pytest.mark.parametrize(
    ("shape", "depths"), [((32, 32, 3), (1, 2, 3, 4, 5)), ((28, 28, 1), (1, 2)), ((32, 48, 1), (1, 4))]
)
def test_depth_counts_the_blocks_of_both_networks(name, shape, depths):
    for depth in depths:
        study = resolve(name, depth=depth, width=2, discriminator_width=2)
        generator, discriminator = _networks(study, shape)
        assert generator.output_shape == (None, *shape)
        bottom = (shape[0] // 2**depth, shape[1] // 2**depth)
        assert next(layer for layer in generator.layers if "reshape" in layer.name).output.shape[1:3] == bottom
        assert next(layer for layer in discriminator.layers if "flatten" in layer.name).input.shape[1:3] == bottom
        assert sum(isinstance(layer, BatchNormalization) for layer in generator.layers) == depth + study.head


@pytest.mark.parametrize(
    ("shape", "depth", "possible"),
    [
        ((28, 28, 1), 3, "1, 2; without the option 2"),
        ((8, 8, 1), 4, "1, 2, 3; without"),
        ((32, 48, 3), 5, "1, 2, 3, 4;"),
    ],
)
def test_a_depth_that_the_size_has_not(shape, depth, possible):
    with pytest.raises(
        UserError, match=f"no depth {depth} at images of .*Possible: {possible}.*Received: depth={depth}"
    ):
        DCGAN(depth=depth).check_shape(shape)


def test_a_deeper_generator_is_saved_and_read_again(tmp_path):
    options = {**TINY, "depth": 2, "activation": "silu", "discriminator_activation": "gelu"}
    fitted = DCGAN(**options).fit(_images())
    fitted.save(tmp_path)
    loaded = DCGAN(**options).load(tmp_path)
    np.testing.assert_array_equal(loaded.sample(5), fitted.sample(5))
    x = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype("float32")
    np.testing.assert_array_equal(loaded.discriminator()(x), fitted.discriminator()(x))
    with pytest.raises(UserError, match="other layers"):
        DCGAN(**TINY).load(tmp_path)


def _hidden(network):
    """Names of the activations of a network, but for the last of a generator."""
    found = []
    for layer in network.layers:
        kind = type(layer).__name__
        if kind in ("ReLU", "LeakyReLU"):
            found.append({"ReLU": "relu", "LeakyReLU": "leaky_relu"}[kind])
        elif kind == "Activation":
            found.append(layer.activation.__name__)
    return found[:-1] if network.name == "generator" else found


@pytest.mark.parametrize("activation", Activation.__args__)
def test_activation_is_that_of_all_hidden_layers_of_one_network(activation):
    own = _networks(resolve("stable"), (32, 32, 3))
    assert [set(_hidden(network)) for network in own] == [{"relu"}, {"leaky_relu"}]
    generator, discriminator = _networks(resolve("stable", activation=activation), (32, 32, 3))
    assert _hidden(generator) == [activation] * 3
    assert set(_hidden(discriminator)) == {"leaky_relu"}
    generator, discriminator = _networks(resolve("stable", discriminator_activation=activation), (32, 32, 3))
    assert set(_hidden(generator)) == {"relu"}
    assert _hidden(discriminator) == [activation] * 3


def test_plain_networks_keep_their_activations():
    fitted = DCGAN(**TINY, activation="gelu", discriminator_activation="elu").fit(_images())
    plain = {name: network for name, (network, _) in fitted.plain_networks().items()}
    assert (set(_hidden(plain["generator"])), set(_hidden(plain["discriminator"]))) == ({"gelu"}, {"elu"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "mnist-1d", "depth": 3}, "'depth' is fixed by .*Leave it out. Received: depth=3"),
        ({"architecture": "mnist-1d", "activation": "elu"}, "Expected activation='relu'. Received: activation='elu'"),
        ({"architecture": "mnist-1d", "discriminator_activation": "elu"}, "Expected discriminator_activation='leaky_"),
        ({"architecture": "mnist-1d", "leaky": True}, "Expected leaky=False. Received: leaky=True"),
        ({"leaky": True, "activation": "relu"}, "Give activation alone. Received: leaky=True, activation='relu'"),
    ],
)  # fmt: skip
def test_where_an_option_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        DCGAN(**options)


def test_what_an_architecture_has_may_be_said():
    DCGAN(architecture="mnist-1d", activation="relu", discriminator_activation="leaky_relu", leaky=False)
    assert resolve("tuned", leaky=False) == resolve("tuned", activation="relu")
    assert resolve("tuned", leaky=False, activation="relu").leaky is False
