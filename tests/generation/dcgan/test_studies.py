import pytest

from data.errors import UserError
from generation.dcgan.generator import DCGAN
from generation.dcgan.studies import STUDIES, allowed_sizes, doublings, resolve

# (layer kind, output shape without the batch, parameters), as the study of one digit publishes them
GENERATOR = [
    ("Dense", (256,), 512),
    ("Reshape", (1, 1, 256), 0),
    ("Conv2DTranspose", (5, 5, 256), 1_638_656),
    ("ReLU", (5, 5, 256), 0),
    ("BatchNormalization", (5, 5, 256), 1024),
    ("Conv2DTranspose", (9, 9, 128), 819_328),
    ("ReLU", (9, 9, 128), 0),
    ("BatchNormalization", (9, 9, 128), 512),
    ("Conv2DTranspose", (21, 21, 64), 204_864),
    ("ReLU", (21, 21, 64), 0),
    ("BatchNormalization", (21, 21, 64), 256),
    ("Conv2DTranspose", (25, 25, 32), 51_232),
    ("ReLU", (25, 25, 32), 0),
    ("BatchNormalization", (25, 25, 32), 128),
    ("Conv2DTranspose", (28, 28, 1), 513),
    ("Activation", (28, 28, 1), 0),
]
DISCRIMINATOR = [
    ("Conv2D", (13, 13, 64), 640),
    ("LeakyReLU", (13, 13, 64), 0),
    ("BatchNormalization", (13, 13, 64), 256),
    ("Conv2D", (5, 5, 128), 204_928),
    ("LeakyReLU", (5, 5, 128), 0),
    ("BatchNormalization", (5, 5, 128), 512),
    ("Conv2D", (1, 1, 256), 819_456),
    ("LeakyReLU", (1, 1, 256), 0),
    ("BatchNormalization", (1, 1, 256), 1024),
    ("Flatten", (256,), 0),
    ("Dense", (1,), 257),
]


def _table(model):
    return [(type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params()) for layer in model.layers]


def _trainable(model):
    return sum(int(weight.size) for weight in (v.numpy() for v in model.trainable_variables))


def _networks(name):
    from generation.dcgan.networks import build_discriminator, build_generator

    study = STUDIES[name]
    times = doublings(name, study, study.image_shape)
    return build_generator(study, study.image_shape, times), build_discriminator(study, study.image_shape, times)


def test_mnist_1d_layer_by_layer():
    generator, discriminator = _networks("mnist-1d")
    assert _table(generator) == GENERATOR
    assert _table(discriminator) == DISCRIMINATOR
    assert (generator.count_params(), _trainable(generator)) == (2_717_025, 2_716_065)
    assert (discriminator.count_params(), _trainable(discriminator)) == (1_027_073, 1_026_177)


def test_describe_shows_three_summaries():
    text = DCGAN(architecture="mnist-1d").describe()
    assert [line for line in text.splitlines() if line.startswith("Model:")] == [
        'Model: "generator"',
        'Model: "discriminator"',
        'Model: "combined"',
    ]
    for number in ("2,717,025", "2,716,065", "1,027,073", "1,026,177", "3,744,098"):
        assert number in text
    assert text == DCGAN(architecture="mnist-1d").describe((28, 28, 1))  # names do not count on


@pytest.mark.parametrize("name", ["baseline", "tuned"])
def test_the_dog_study(name):
    generator, discriminator = _networks(name)
    kinds = [type(layer).__name__ for layer in generator.layers]
    assert generator.output_shape == (None, 32, 32, 3)
    assert ("UpSampling2D" in kinds, "Conv2DTranspose" in kinds) == (name == "baseline", name == "tuned")
    assert ("ReLU" in kinds, "LeakyReLU" in kinds) == (name == "baseline", name == "tuned")
    assert [layer.rate for layer in discriminator.layers if type(layer).__name__ == "Dropout"] == [0.3] * 3
    assert all(
        sum(type(layer).__name__ == "BatchNormalization" for layer in model.layers) >= 2
        for model in (generator, discriminator)
    )
    study = STUDIES[name]
    assert (study.batch_size, study.updates, study.output) == (32, "alternating", "tanh")
    assert (study.learning_rate, study.beta_1) == ((0.001, 0.9) if name == "baseline" else (0.0002, 0.5))


@pytest.mark.parametrize("side", [8, 12, 28, 32, 64, 128])
@pytest.mark.parametrize("name", ["baseline", "tuned", "small"])
def test_networks_of_every_size(name, side):
    from generation.dcgan.networks import build_discriminator, build_generator

    study = resolve(name, width=2, discriminator_width=2)
    for channels in (1, 3):
        shape = (side, side, channels)
        times = doublings(name, study, shape)
        assert build_generator(study, shape, times).output_shape == (None, *shape)
        assert build_discriminator(study, shape, times).output_shape == (None, 1)


def test_initial_weights_follow_from_the_seed_alone():
    import numpy as np

    from generation.dcgan.networks import build_generator

    study = resolve("small")
    first, again, other = (build_generator(study, (8, 8, 1), 1, seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_sizes_that_cannot_be_made():
    assert allowed_sizes() == [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128]
    with pytest.raises(UserError, match=r"images of 30x30\. Allowed sides: 8, 10, 12"):
        doublings("tuned", STUDIES["tuned"], (30, 30, 3))
    with pytest.raises(UserError, match=r"1 or 3 channels\. Received: 4"):
        doublings("tuned", STUDIES["tuned"], (32, 32, 4))
    with pytest.raises(UserError, match=r"28x28 with 1 channel only\. Received: 32x32 with 3"):
        doublings("mnist-1d", STUDIES["mnist-1d"], (32, 32, 3))
    assert doublings("tuned", STUDIES["tuned"], (32, 48, 3)) == 3


def test_options_that_an_architecture_fixes():
    assert resolve("tuned", learning_rate=0.0003, beta_1=None).learning_rate == 0.0003
    with pytest.raises(UserError, match="'latent_dim' is fixed by architecture 'mnist-1d'"):
        resolve("mnist-1d", latent_dim=2)
    with pytest.raises(UserError, match="Did you mean 'tuned'"):
        resolve("tunde")
