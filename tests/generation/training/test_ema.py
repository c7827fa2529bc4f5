import numpy as np
import pytest

from generation.dcgan import studies


def test_the_half_life_is_when_an_old_weight_counts_half():
    from generation.training.ema import decay

    late = 10_000_000
    assert float(decay(late, 64, 6400.0)) ** 100 == pytest.approx(0.5, rel=1e-3)
    assert float(decay(64, 64, 6400.0)) == pytest.approx(
        0.5**20, rel=1e-3
    )  # at first it lives for a 20th of the images seen


def test_the_average_by_hand():
    import keras

    from generation.training.ema import Average

    variable = keras.Variable(np.float32([1.0, 2.0]))
    average = Average([variable], batch_size=10, half_life=10.0)
    variable.assign(np.float32([3.0, 2.0]))
    for number in (20, 21):  # 200 images and more: 5 % of them is 10
        average.update(number)
    np.testing.assert_allclose(np.asarray(average.variables[0]), [2.5, 2.0])  # half of the way, twice


def test_statistics_are_those_of_what_the_network_sees():
    from generation.dcgan.networks import build_generator
    from generation.training.ema import estimate_statistics

    study = studies.resolve("small", width=4, latent_dim=3)
    network = build_generator(study, (8, 8, 1), 1, seed=1)
    momentum = network.layers[2].momentum
    z = np.random.default_rng(0).normal(size=(6, 32, 3)).astype("float32")
    estimate_statistics(network, iter(z))
    first = np.stack([np.asarray(network.layers[1](network.layers[0](part))) for part in z])
    np.testing.assert_allclose(np.asarray(network.layers[2].moving_mean), first.mean(axis=(0, 1, 2, 3)), atol=1e-6)
    expected = first.var(axis=(1, 2, 3)).mean(axis=0)
    np.testing.assert_allclose(np.asarray(network.layers[2].moving_variance), expected, rtol=1e-3)
    assert network.layers[2].momentum == momentum


@pytest.mark.slow
def test_samples_come_from_the_average():
    from generation.dcgan.generator import DCGAN

    images = np.random.default_rng(5).integers(0, 256, (44, 8, 8, 1), np.uint8)
    options = {"architecture": "small", "width": 4, "batch_size": 8, "epochs": 2, "latent_dim": 4}
    plain = DCGAN(**options).fit(images)
    averaged = DCGAN(**options, ema=1e9).fit(images)  # never leaves the ramp
    fast = DCGAN(**options, ema=1e-6).fit(images)  # forgets at once
    assert np.array_equal(plain._networks["generator"][0], averaged._networks["generator"][0]), (
        "the training is the same"
    )
    assert np.array_equal(fast._sampler.values()[0], plain._sampler.values()[0])
    assert not np.array_equal(averaged._sampler.values()[0], plain._sampler.values()[0])
