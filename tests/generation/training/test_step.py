import numpy as np
import pytest

from generation.dcgan import studies


def setup(seed=3, conditions=0, **options):
    import keras

    from generation.dcgan.networks import build_discriminator, build_generator
    from generation.training.backend import backend
    from generation.training.step import adversarial_step

    chosen = {"width": 4, "discriminator_width": 4, "latent_dim": 3, "dropout": 0.25, "batch_size": 6} | options
    study = studies.resolve("small", **chosen)
    g = build_generator(study, (8, 8, 1), 1, seed=1, conditions=conditions)
    d = build_discriminator(study, (8, 8, 1), 1, seed=2, conditions=conditions)
    optimizers = [keras.optimizers.Adam(0.01, beta_1=0.5) for _ in range(2)]
    for optimizer, model in zip(optimizers, (g, d), strict=True):
        optimizer.build(model.trainable_variables)
    step = adversarial_step(g, d, *optimizers, study=study, steps=10, seed=seed, backend=backend())

    def on(images, number, condition=None):
        condition = np.zeros((len(images), 0), np.float32) if condition is None else condition
        return np.asarray(step(np.asarray(images), condition, number))

    return g, d, optimizers, on


def _plain_step(g, d, g_adam, d_adam, images, latents, updates, batches):
    """The same update as a reader of the Keras and TensorFlow guides would write it, with nothing shared."""
    import tensorflow as tf

    real = tf.cast(images, tf.float32) / 127.5 - 1
    bce = tf.nn.sigmoid_cross_entropy_with_logits

    def judge(fake):
        if batches == "joint":
            return tf.split(d(tf.concat([real, fake], 0), training=True), 2)
        return d(real, training=True), d(fake, training=True)

    with tf.GradientTape(persistent=True) as tape:
        fake = g(latents, training=True)
        on_real, on_fake = judge(fake)
        d_loss = tf.reduce_mean(bce(tf.ones_like(on_real), on_real)) / 2
        d_loss += tf.reduce_mean(bce(tf.zeros_like(on_fake), on_fake)) / 2
        g_loss = tf.reduce_mean(bce(tf.ones_like(on_fake), on_fake))
        if updates == "alternating":
            with tape.stop_recording():
                d_grads = tape.gradient(d_loss, [v.value for v in d.trainable_variables])
                d_adam.apply(d_grads, d.trainable_variables)
            judged = judge(fake)[1] if batches == "joint" else d(fake, training=True)
            g_loss = tf.reduce_mean(bce(tf.ones_like(judged), judged))
    g_grads = tape.gradient(g_loss, [v.value for v in g.trainable_variables])
    if updates == "simultaneous":
        d_adam.apply(tape.gradient(d_loss, [v.value for v in d.trainable_variables]), d.trainable_variables)
    g_adam.apply(g_grads, g.trainable_variables)
    return [float(d_loss), float(g_loss), *(float(tf.reduce_mean(tf.sigmoid(x))) for x in (on_real, on_fake))]


@pytest.mark.parametrize("batches", ["separate", "joint"])
@pytest.mark.parametrize("updates", ["alternating", "simultaneous"])
def test_a_step_equals_the_plain_one(updates, batches):
    from generation.training.backend import backend

    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1), np.uint8)
    g, d, _, step = setup(updates=updates, batches=batches)
    plain_g, plain_d, (g_adam, d_adam), _ = setup(updates=updates, batches=batches)
    for number in (1, 2):
        logs = np.asarray(step(images, number))
        latents = backend().normal((6, 3), 3, number)
        expected = _plain_step(plain_g, plain_d, g_adam, d_adam, images, latents, updates, batches)
        np.testing.assert_allclose(logs, expected, rtol=1e-4)
    for mine, theirs in zip([*g.variables, *d.variables], [*plain_g.variables, *plain_d.variables], strict=True):
        np.testing.assert_allclose(np.asarray(mine), np.asarray(theirs), rtol=1e-3, atol=1e-4, err_msg=mine.path)


def test_the_update_rules_differ():
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1), np.uint8)
    outcome = {}
    for updates in ("alternating", "simultaneous"):
        g, d, _, step = setup(updates=updates)
        logs = np.asarray(step(images, 1))
        outcome[updates] = (logs, g.get_weights(), d.trainable_variables[0].numpy())
    one, other = outcome["alternating"], outcome["simultaneous"]
    assert one[0][0] == pytest.approx(other[0][0])  # the discriminator's loss is taken before any update
    np.testing.assert_allclose(one[2], other[2], atol=1e-6)  # and so is its update
    assert one[0][1] != pytest.approx(other[0][1], rel=1e-4)
    assert any(not np.allclose(a, b) for a, b in zip(one[1], other[1], strict=True))


def test_a_normalised_output_needs_joint_batches():
    """In a batch of its own, a class that is normalised right before a linear output has the mean logit 0."""
    import keras

    rng = np.random.default_rng(0)
    network = keras.Sequential([keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    real, fake = rng.normal(0, 1, (64, 5)).astype("float32"), rng.normal(3, 1, (64, 5)).astype("float32")
    separate = [float(np.mean(network(x, training=True))) for x in (real, fake)]
    joint = np.asarray(network(np.concatenate([real, fake]), training=True))
    assert separate == pytest.approx([0, 0], abs=1e-5)
    assert abs(joint[:64].mean() - joint[64:].mean()) > 0.1


def test_latents_depend_on_seed_and_step_alone():
    from generation.training.backend import backend

    normal = backend().normal
    assert np.array_equal(normal((4, 2), 1, 5), normal((4, 2), 1, 5))
    assert not np.array_equal(normal((4, 2), 1, 5), normal((4, 2), 1, 6))
    assert not np.array_equal(normal((4, 2), 1, 5), normal((4, 2), 2, 5))
    many = np.asarray(normal((20_000, 1), 1, 1))
    assert abs(many.mean()) < 0.03
    assert abs(many.std() - 1) < 0.03


def test_the_range_maps_levels_to_the_ends():
    from generation.training.step import to_range

    ends = np.array([0, 255], np.uint8)
    assert np.asarray(to_range(ends, "tanh")).tolist() == [-1, 1]
    assert np.asarray(to_range(ends, "sigmoid")).tolist() == [0, 1]
