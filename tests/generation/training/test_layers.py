import numpy as np
import pytest

SHAPE = (6, 4, 4, 3)


def _inputs(seed=0):
    return np.random.default_rng(seed).normal(2, 3, SHAPE).astype(np.float32)


def _run(layer, x):
    """Returns the outputs in training and the gradients of a weighted sum of them."""
    import tensorflow as tf

    weights = tf.constant(_inputs(1))
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
        total = tf.reduce_sum(y * weights)
    return [y, *tape.gradient(total, [x, *(v.value for v in layer.trainable_variables)])]


def test_batch_normalisation_equals_that_of_keras():
    import keras

    from generation.training.layers import BatchNormalization

    mine, theirs = (kind(momentum=0.9) for kind in (BatchNormalization, keras.layers.BatchNormalization))
    for layer in (mine, theirs):
        layer.build(SHAPE)
        layer.gamma.assign([0.5, 1.0, 2.0])
        layer.beta.assign([-1.0, 0.0, 1.0])
    for seed in (0, 2):
        for a, b in zip(_run(mine, _inputs(seed)), _run(theirs, _inputs(seed)), strict=True):
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-3, atol=1e-4)
    for a, b in zip(mine.variables, theirs.variables, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-5)
    assert not np.allclose(np.asarray(mine.moving_mean), 0)
    still = [np.asarray(v).copy() for v in mine.variables]
    np.testing.assert_allclose(np.asarray(mine(_inputs())), np.asarray(theirs(_inputs())), rtol=1e-5)
    assert all(np.array_equal(a, np.asarray(b)) for a, b in zip(still, mine.variables, strict=True))


@pytest.mark.parametrize("shape", [(64, 8, 8, 3), (1, 3, 3, 5)])  # an odd number of elements too
def test_dropout_drops_its_share_and_keeps_the_mean(shape):
    from generation.training.layers import Dropout

    layer = Dropout(0.3, seed=1)
    ones = np.ones(shape, np.float32)
    first, second = (np.asarray(layer(ones, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, np.asarray(Dropout(0.3, seed=1)(ones, training=True)))
    assert np.array_equal(np.asarray(layer(ones, training=False)), ones)
    kept = np.unique(first[first > 0])
    np.testing.assert_allclose(kept, 1 / 0.7, rtol=1e-4)
    many = np.asarray(Dropout(0.3, seed=2)(np.ones((500, 20, 20, 1), np.float32), training=True))
    assert abs((many == 0).mean() - 0.3) < 0.005
    flat = (many.reshape(500, -1) == 0).astype(float)
    assert abs(np.corrcoef(flat[:, ::2].ravel(), flat[:, 1::2].ravel())[0, 1]) < 0.02


def test_dropout_passes_gradients_where_it_kept():
    from generation.training.layers import Dropout

    outputs, gradient = _run(Dropout(0.5, seed=3), np.ones(SHAPE, np.float32))
    np.testing.assert_allclose(np.asarray(gradient), np.asarray(outputs) * _inputs(1), rtol=1e-5)


def test_adam_equals_that_of_keras():
    import keras

    from generation.training.layers import Adam

    rng = np.random.default_rng(0)
    made = []
    for kind in (Adam, keras.optimizers.Adam):
        weights = [keras.Variable(np.ones((3, 2), np.float32)), keras.Variable(np.zeros(4, np.float32))]
        optimizer = kind(0.01, beta_1=0.5)
        optimizer.build(weights)
        made.append((optimizer, weights))
    for _ in range(5):
        gradients = [rng.normal(size=shape).astype(np.float32) for shape in ((3, 2), (4,))]
        for optimizer, weights in made:
            optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], weights)
    (mine, my_weights), (theirs, their_weights) = made
    assert int(mine.iterations.numpy()) == 5
    for a, b in zip([*mine.variables, *my_weights], [*theirs.variables, *their_weights], strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-5, atol=1e-7)


def test_the_summary_shows_keras_names():
    from generation.dcgan.generator import DCGAN

    text = DCGAN(architecture="tuned").describe()
    assert "(BatchNormalization)" in text
    assert "(Dropout)" in text
