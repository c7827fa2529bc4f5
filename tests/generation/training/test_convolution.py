"""The weight gradient of a convolution as one product of matrices: where, and that it is the convolution's own."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _on_tensorflow():
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("JAX has the one gradient")


@pytest.mark.parametrize(
    ("larger", "kernel", "strides", "dtype", "expected"),
    [
        ((None, 8, 8, 128), (4, 4, 128, 256), (2, 2), "bfloat16", True),
        ((64, 4, 6, 256), (4, 4, 256, 512), (2, 2), "bfloat16", True),
        ((None, 16, 8, 128), (4, 4, 128, 256), (2, 2), "bfloat16", False),
        ((None, 8, 8, 64), (4, 4, 64, 128), (2, 2), "bfloat16", False),
        ((None, 8, 8, 128), (4, 4, 128, 256), (2, 2), "float32", False),
        ((None, 8, 8, 128), (3, 3, 128, 256), (1, 1), "bfloat16", False),
        ((None, None, 8, 128), (4, 4, 128, 256), (2, 2), "bfloat16", False),
    ],
)
def test_the_rule(larger, kernel, strides, dtype, expected):
    from generation.training.backend_tensorflow import by_patches

    assert by_patches(larger, kernel, strides, dtype) is expected


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("sides", [(8, 8), (7, 5)])
def test_gradients_equal_those_of_tensorflow(transposed, sides):
    """Of the maps, of the kernel, and of the gradient's own square, which penalties need."""
    import tensorflow as tf

    from generation.training import backend_tensorflow as tensorflow

    rng = np.random.default_rng(0)
    shape = (3, -(-sides[0] // 2), -(-sides[1] // 2), 6) if transposed else (3, *sides, 5)
    inputs, kernel = (tf.constant(rng.normal(size=s), tf.float32) for s in (shape, (4, 4, 5, 6)))
    target = (3, 2 * shape[1], 2 * shape[2], 5)
    ours, theirs = (
        (tensorflow._with_product_transposed, lambda x, k, s: tf.nn.conv2d_transpose(x, k, target, s, "SAME"))
        if transposed
        else (tensorflow._with_product, lambda x, k, s: tf.nn.conv2d(x, k, s, "SAME"))
    )
    found = []
    for function in (ours, theirs):
        with tf.GradientTape() as outer:
            outer.watch([inputs, kernel])
            with tf.GradientTape() as inner:
                inner.watch([inputs, kernel])
                outputs = function(inputs, kernel, (2, 2))
                loss = tf.reduce_sum(tf.tanh(outputs))
            first = inner.gradient(loss, [inputs, kernel])
            steep = sum(tf.reduce_sum(g**2) for g in first)
        found.append([outputs, *first, *outer.gradient(steep, [inputs, kernel])])
    for mine, plain in zip(*found, strict=True):
        scale = np.abs(plain).max()
        np.testing.assert_allclose(mine / scale, plain / scale, atol=2e-6)


@pytest.mark.bfloat16
def test_layers_use_it_and_equal_those_of_keras(monkeypatch):
    import keras
    import tensorflow as tf

    from generation.training import backend_tensorflow, layers, spectral

    used = []
    own = backend_tensorflow._of_kernel
    monkeypatch.setattr(backend_tensorflow, "_of_kernel", lambda *a: used.append(a[0].shape) or own(*a))
    options = {"strides": 2, "padding": "same", "use_bias": False, "dtype": "mixed_bfloat16"}
    rng = np.random.default_rng(1)
    for kind, width, side, channels in (("Conv2D", 3, 8, 128), ("Conv2DTranspose", 128, 4, 3)):
        found, x = [], tf.constant(rng.normal(size=(2, side, side, channels)), tf.float32)
        kernel = None
        for module in (layers, keras.layers):
            layer = getattr(module, kind)(width, 4, **options)
            layer.build(x.shape)
            kernel = rng.normal(size=layer.kernel.shape) if kernel is None else kernel
            layer.kernel.assign(kernel)
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.cast(layer(x), tf.float32) ** 2)
            found.append(np.asarray(tape.gradient(loss, layer.kernel.value)))
        assert np.abs(found[0] - found[1]).max() < 0.02 * np.abs(found[1]).max()
    assert [tuple(shape) for shape in used] == [(2, 8, 8, 128), (2, 8, 8, 128)]
    with tf.GradientTape() as tape:
        layer = spectral.SpectralConv2D(3, 4, strides=2, use_bias=False, dtype="mixed_bfloat16")
        loss = tf.reduce_sum(layer(tf.ones((2, 8, 8, 128))))
    assert tape.gradient(loss, layer.kernel.value).shape == (4, 4, 128, 3)
    assert len(used) == 3


def test_dcgans_are_made_of_these_layers_and_leave_them_for_other_programs():
    import keras

    from generation.dcgan import studies
    from generation.dcgan.networks import build_discriminator, build_generator, folded
    from generation.training import layers

    study = studies.resolve("tuned", width=4, discriminator_width=4)
    for build, kind in ((build_generator, "Conv2DTranspose"), (build_discriminator, "Conv2D")):
        network = build(study, (16, 16, 3), 2)
        named = [layer for layer in network.layers if layer.name.startswith("conv2d")]
        assert [type(layer) for layer in named] == [getattr(layers, kind)] * 2
        plain = folded(network)
        assert [type(plain.get_layer(layer.name)) for layer in named] == [getattr(keras.layers, kind)] * 2
        x = np.random.default_rng(0).normal(size=(2, *network.input_shape[1:])).astype(np.float32)
        np.testing.assert_array_equal(np.asarray(plain(x)), np.asarray(network(x)))
