"""The relativistic loss with its penalties, by arithmetic, on networks whose gradients are known."""

import numpy as np
import pytest

from generation.dcgan import studies
from generation.dcgan.generator import DCGAN

QUICK = {"architecture": "small", "width": 4, "discriminator_width": 4, "latent_dim": 3, "norm": "none"}
WEIGHTS = {"r1": 0.7, "r2": 0.3}


def _study(**options):
    chosen = {key: value for key, value in QUICK.items() if key != "architecture"}
    return studies.resolve("small", **chosen, batch_size=4, loss="relativistic", **options)


def _view(network, **options):
    """What the step sees through: `(view, real, fake)`, with images of 2 x 2 in one channel."""
    import keras

    from generation.training.backend import backend
    from generation.training.step import Discrimination, Randomness

    rng = np.random.default_rng(1)
    real, fake = (rng.normal(size=(4, 2, 2, 1)).astype(np.float32) for _ in range(2))
    conditions = np.zeros((4, 0), np.float32)
    view = Discrimination(network, _study(**options), backend(), Randomness(backend(), 3, 0, 1), None, conditions)
    return view, *(keras.ops.convert_to_tensor(images) for images in (real, fake))


def _network(*stack):
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.layers.Input((2, 2, 1)), keras.layers.Flatten(), *stack])


@pytest.mark.parametrize("batches", ["separate", "joint"])
def test_the_penalties_of_a_linear_discriminator_are_those_of_its_weights(batches):
    """Of `w x + b` the gradient is `w` at every image: each penalty is half of `|w|^2`, and its gradient is `w`."""
    import keras

    network = _network(keras.layers.Dense(1))
    network.set_weights([np.float32([[1], [-2], [0.5], [3]]), np.float32([0.1])])
    zeros = np.zeros((4, 1), np.float32)
    for weights, share in ((WEIGHTS, 1.0), ({"r1": 0.7, "r2": 0.0}, 0.7), ({"r1": 0.0, "r2": 0.3}, 0.3)):
        view, real, fake = _view(network, batches=batches, **weights)
        on_real, on_fake, penalty, pull = view.of_both(real, fake)
        np.testing.assert_allclose(on_real, network(real), rtol=1e-5)
        np.testing.assert_allclose(on_fake, network(fake), rtol=1e-5)
        assert float(penalty) == pytest.approx(share * (1 + 4 + 0.25 + 9) / 2, rel=1e-6)
        of_kernel, of_bias = (np.asarray(g) for g in pull(zeros, zeros, "weights"))
        np.testing.assert_allclose(of_kernel[:, 0], share * np.array([1, -2, 0.5, 3]), rtol=1e-5)
        np.testing.assert_allclose(of_bias, 0)
        (of_images,) = pull(zeros, np.float32([[1], [0], [0], [2]]), "fake")  # the generator's: of the logits alone
        np.testing.assert_allclose(np.asarray(of_images)[:, :, :, 0].reshape(4, 4)[0], [1, -2, 0.5, 3], rtol=1e-5)
        np.testing.assert_allclose(np.asarray(of_images)[3], 2 * np.asarray(of_images)[0], rtol=1e-5)


@pytest.mark.parametrize("batches", ["separate", "joint"])
def test_gradients_of_the_penalties_by_finite_differences(batches):
    """Of a discriminator that bends: what the penalty gains when a weight moves is what its gradient says."""
    import keras

    network = _network(keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1))
    view, real, fake = _view(network, batches=batches, **WEIGHTS)
    zeros = np.zeros((4, 1), np.float32)
    *_, pull = view.of_both(real, fake)
    found = [np.asarray(g) for g in pull(zeros, zeros, "weights")]
    kernel, bias, out, _ = (weight.astype(np.float64) for weight in network.get_weights())

    def penalty():
        """`w` is the sum of `out (1 - tanh^2)` times the rows of the kernel."""
        total = 0.0
        for images, weight in ((real, 0.7), (fake, 0.3)):
            slope = 1 - np.tanh(np.asarray(images).reshape(4, 4) @ kernel + bias) ** 2
            total += weight * (((slope * out[:, 0]) @ kernel.T) ** 2).sum(axis=1).mean() / 2
        return total

    assert float(view.of_both(real, fake)[2]) == pytest.approx(penalty(), rel=1e-5)
    for weights, gradient in zip((kernel, bias, out), found, strict=False):
        for at in np.ndindex(weights.shape):
            sides = []
            for step in (1e-5, -2e-5):
                weights[at] += step
                sides.append(penalty())
            weights[at] += 1e-5
            assert gradient[at] == pytest.approx((sides[0] - sides[1]) / 2e-5, rel=1e-3, abs=1e-5)
    np.testing.assert_allclose(found[3], 0)


def _plain_step(adversary, images, latents, updates):
    """The update as the paper's text says it, in TensorFlow, with nothing shared and nothing clever."""
    import tensorflow as tf

    g, d = adversary.generator, adversary.discriminator
    g_adam, d_adam = adversary._optimizers
    real = tf.cast(images, tf.float32) / 127.5 - 1
    fake = g(latents, training=True)
    mean, softplus = tf.reduce_mean, tf.nn.softplus

    def steep(x):
        with tf.GradientTape() as inner:
            inner.watch(x)
            logits = d(x, training=True)
        return mean(tf.reduce_sum(inner.gradient(logits, x) ** 2, axis=(1, 2, 3)))

    with tf.GradientTape() as tape:
        on_real, on_fake = d(real, training=True), d(fake, training=True)
        d_loss = mean(softplus(-(on_real - on_fake))) + 0.7 / 2 * steep(real) + 0.3 / 2 * steep(fake)
    d_gradients = tape.gradient(d_loss, [v.value for v in d.trainable_variables])
    if updates == "alternating":
        d_adam.apply(d_gradients, d.trainable_variables)
    with tf.GradientTape() as tape:
        g_loss = mean(softplus(-(d(g(latents, training=True), training=True) - d(real, training=True))))
    g_adam.apply(tape.gradient(g_loss, [v.value for v in g.trainable_variables]), g.trainable_variables)
    if updates == "simultaneous":
        d_adam.apply(d_gradients, d.trainable_variables)
    first = mean(tf.sigmoid(on_real - on_fake))
    return [float(value) for value in (d_loss, g_loss, first, 1 - first)]


@pytest.mark.parametrize(("updates", "batches"), [("alternating", "separate"), ("simultaneous", "joint")])
def test_a_step_equals_the_plain_one(updates, batches):
    from generation.dcgan.adversary import Adversary
    from generation.training.backend import backend

    study = _study(**WEIGHTS, updates=updates, batches=batches, dropout=0.0, discriminator_activation="silu")
    mine, plain = (Adversary(study, (8, 8, 1), 1, conditions=0, seed=3, precision="float32") for _ in range(2))
    step = mine.prepare(10)
    plain.prepare(10)
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), np.uint8)
    for number in (1, 2):
        logs = np.asarray(step(images, np.zeros((4, 0), np.float32), number))
        expected = _plain_step(plain, images, backend().normal((4, 3), 3, number), updates)
        np.testing.assert_allclose(logs, expected, rtol=2e-4)
    for model in ("generator", "discriminator"):
        pairs = zip(getattr(mine, model).trainable_variables, getattr(plain, model).trainable_variables, strict=True)
        for ours, theirs in pairs:
            np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-3, atol=1e-4, err_msg=ours.path)


def test_the_penalties_are_options_of_any_loss():
    """R1 of a hinge loss; and what the relativistic one has unless told otherwise, where 0 is an answer."""
    plain = {key: value for key, value in QUICK.items() if key not in ("architecture", "norm")}
    study = studies.resolve("stable", **plain, r1=0.5)
    assert (study.loss, study.r1, study.r2) == ("hinge", 0.5, 0.0)
    usual = _study()
    assert (usual.r1, usual.r2) == (studies.ZERO_CENTRED, studies.ZERO_CENTRED)
    assert (_study(r1=0.0).r1, _study(r2=0).r2) == (0.0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.bfloat16)])
def test_resume_bit_for_bit(tmp_path, precision):
    options = {**QUICK, "loss": "relativistic", "batch_size": 8, "epochs": 3, "display_interval": 1, "dropout": 0.2,
               "diffaugment": ["translation"], "condition": "labels", "precision": precision}  # fmt: skip
    images, labels = np.random.default_rng(5).integers(0, 256, (24, 8, 8, 1), np.uint8), np.arange(24) % 2
    whole = DCGAN(**options).fit(images, labels, folder=tmp_path / "whole")

    def stop(name, generator):
        if name == "epoch-0002":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        DCGAN(**options).fit(images, labels, folder=tmp_path / "cut", on_checkpoint=stop)
    again = DCGAN(**options).fit(images, labels, folder=tmp_path / "cut")
    whole.save(tmp_path / "a")
    again.save(tmp_path / "b")
    for name in ("weights.npz", "training.npz", "options.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert whole.history[["d_loss", "g_loss"]].equals(again.history[["d_loss", "g_loss"]])
    assert np.isfinite(whole.history["d_loss"]).all()
    assert whole.by_class["d_accuracy_real"].isna().all()
    np.testing.assert_allclose(whole.history["d_real"] + whole.history["d_fake"], 1, atol=1e-5)
