import numpy as np
import pytest

from generation.dcgan import studies


def _layer(kind, **options):
    from generation.training import spectral

    layer = getattr(spectral, kind)(**options, kernel_initializer="random_normal")
    return layer


def _power(layer, x, times=60):
    for _ in range(times):
        layer(x, training=True)


def test_the_kernel_in_use_has_a_largest_singular_value_of_one():
    x = np.random.default_rng(0).normal(size=(4, 6, 6, 3)).astype("float32")
    layer = _layer("SpectralConv2D", units=5, kernel_size=3)
    layer(x)
    raw = np.asarray(layer.kernel).copy()
    _power(layer, x)
    used = np.asarray(layer.normalised()).reshape(-1, 5)
    assert np.linalg.svd(used, compute_uv=False)[0] == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(
        used, raw.reshape(-1, 5) / np.linalg.svd(raw.reshape(-1, 5), compute_uv=False)[0], atol=1e-4
    )
    assert np.array_equal(raw, np.asarray(layer.kernel)), "the raw kernel is kept"


def test_training_and_inference_agree_and_only_training_moves_the_vector():
    x = np.random.default_rng(0).normal(size=(4, 7)).astype("float32")
    layer = _layer("SpectralDense", units=5)
    layer(x)
    _power(layer, x)
    u = np.asarray(layer.u).copy()
    idle = np.asarray(layer(x, training=False))
    assert np.array_equal(u, np.asarray(layer.u))
    np.testing.assert_allclose(np.asarray(layer(x, training=True)), idle, rtol=1e-4, atol=1e-5)
    fresh = _layer("SpectralDense", units=5)
    fresh(x)
    before = np.asarray(fresh.u).copy()
    fresh(x, training=True)
    assert not np.array_equal(before, np.asarray(fresh.u))


def test_the_gradient_goes_through_sigma():
    """W / sigma(W) does not change with the length of W, so its gradient is at right angles to W."""
    from generation.training.backend import backend

    x = np.random.default_rng(0).normal(size=(8, 7)).astype("float32")
    layer = _layer("SpectralDense", units=5)
    layer(x)
    _power(layer, x)
    weights = np.random.default_rng(1).normal(size=(8, 5)).astype("float32")
    _, back = backend().vjp(lambda: layer(x, training=True), [layer.kernel])
    gradient = np.asarray(back(weights, "weights")[0])
    kernel = np.asarray(layer.kernel)
    cosine = (gradient * kernel).sum() / np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert abs(cosine) < 1e-4
    assert np.linalg.norm(gradient) > 0.01


@pytest.mark.parametrize("condition", [0, 3])
@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_a_folded_discriminator_is_plain_keras_and_says_the_same(tmp_path, norm, condition):
    import keras

    from generation.dcgan.networks import build_discriminator, folded

    study = studies.resolve("stable", discriminator_width=4, norm=norm, dropout=0.1)
    network = build_discriminator(study, (16, 16, 3), 2, conditions=condition, seed=3)
    x = np.random.default_rng(0).normal(size=(5, 16, 16, 3)).astype("float32")
    inputs = [x, np.eye(3, dtype="float32")[[0, 1, 2, 0, 1]]] if condition else x
    for _ in range(3):
        network(inputs, training=True)
    folded(network).save(tmp_path / "d.keras")
    plain = keras.saving.load_model(tmp_path / "d.keras", custom_objects={}, compile=False, safe_mode=True)
    flat = plain._flatten_layers(include_self=False)
    assert all(type(layer).__module__.startswith("keras.") for layer in flat)
    np.testing.assert_allclose(np.asarray(plain(inputs)), np.asarray(network(inputs)), rtol=1e-3, atol=1e-4)


@pytest.mark.bfloat16
def test_mixed_precision_keeps_the_estimate_in_float32():
    x = np.random.default_rng(0).normal(size=(4, 6, 6, 3)).astype("float32")
    layer = _layer("SpectralConv2D", units=5, kernel_size=3, dtype="mixed_bfloat16")
    assert layer(x).dtype.name == "bfloat16"
    assert str(layer.normalised().dtype).endswith("float32'>") or layer.normalised().dtype.name == "float32"


def test_strides_and_config():
    from generation.training.spectral import SpectralConv2D

    layer = _layer("SpectralConv2D", units=2, kernel_size=4, strides=2)
    assert layer(np.zeros((1, 7, 8, 3), "float32")).shape == (1, 4, 4, 2)
    again = SpectralConv2D.from_config(layer.get_config())
    assert (again.units, again.kernel_size, again.strides, again.use_bias) == (2, 4, 2, True)
