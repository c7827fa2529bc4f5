"""Each option of the adversarial training does what it says, by arithmetic."""

import numpy as np
import pytest

from data.errors import UserError
from generation.dcgan import studies
from generation.dcgan.generator import DCGAN

QUICK = {"architecture": "small", "width": 4, "discriminator_width": 4, "latent_dim": 4, "batch_size": 8}


def _images(n=44):
    return np.random.default_rng(5).integers(0, 256, (n, 8, 8, 1), np.uint8)


def _make(steps=10, conditions=0, seed=3, **options):
    """An adversary with its step, in plain SGD-free form: networks, optimisers and `run(images, number)`."""
    from generation.dcgan.adversary import Adversary

    chosen = {"width": 4, "discriminator_width": 4, "latent_dim": 3, "batch_size": 6} | options
    study = studies.resolve("small", **chosen)
    adversary = Adversary(study, (8, 8, 1), 1, conditions=conditions, seed=seed, precision="float32")
    step = adversary.prepare(steps)

    def run(images, number=1, condition=None):
        condition = np.zeros((len(images), 0), np.float32) if condition is None else condition
        return np.asarray(step(images, condition, number))

    return adversary, run


def _random(adversary, update=0, number=1):
    from generation.training.backend import backend
    from generation.training.step import Randomness

    return Randomness(backend(), adversary.seed, update, number)


def _judged(adversary, x, training=True):
    return np.asarray(adversary.discriminator(np.asarray(x, np.float32), training=training))


def test_wasserstein_with_its_penalty_by_finite_differences():
    from generation.training.step import MIX, latents, to_range

    options = {"loss": "wasserstein-gp", "norm": "none", "dropout": 0.0}
    adversary, run = _make(**options)
    random, images = _random(adversary), _images(6)
    real = np.asarray(to_range(images, "tanh"))
    fake = np.asarray(adversary.generator(latents(adversary.study, 6, random), training=True))
    share = np.asarray(random.uniform((6, 1, 1, 1), MIX))
    mixed = share * real + (1 - share) * fake
    norms = np.zeros(6)
    for pixel in np.ndindex(8, 8):
        step = np.zeros_like(mixed)
        step[:, pixel[0], pixel[1], 0] = 2e-3
        norms += ((_judged(adversary, mixed + step) - _judged(adversary, mixed - step))[:, 0] / 4e-3) ** 2
    penalty = ((np.sqrt(norms) - 1) ** 2).mean()
    expected = _judged(adversary, fake).mean() - _judged(adversary, real).mean() + 10 * penalty
    assert run(images)[0] == pytest.approx(expected, rel=5e-3)


@pytest.mark.slow
def test_the_penalty_pulls_the_gradient_norm_to_one():
    from generation.training.backend import backend

    options = {"loss": "wasserstein-gp", "norm": "layer", "dropout": 0.0, "learning_rate": 0.01}
    images, last = _images(6), {}
    for weight in (1e-6, 100.0):
        adversary, _ = _make(**options, gradient_penalty=weight)
        run = backend().compiled_steps(adversary.prepare(100), adversary.variables, (8, 8, 1), 0, 6)
        every = np.arange(6)[None].repeat(39, axis=0)
        last[weight] = run(*map(backend().device_array, (images, np.zeros((6, 0), np.float32))), every, 1)[-1, 0]
    assert last[1e-6] < -5, "without a penalty the critic grows without bound"
    assert last[100.0] > -5


def test_noise_on_the_input_falls_to_zero_over_the_training():
    from generation.training.step import REAL, Discrimination, Randomness

    class Backend:
        @staticmethod
        def normal(shape, seed, step):
            return np.ones(shape, np.float32)

        uniform = normal

    adversary, _ = _make(input_noise=0.5)
    x = np.zeros((6, 8, 8, 1), np.float32)
    for noise in (0.5, 0.25):
        view = Discrimination(adversary.discriminator, adversary.study, Backend, Randomness(Backend, 0, 0, 1), noise, x)
        np.testing.assert_allclose(np.asarray(view.seen(x, REAL)), noise)
    first, run = _make(steps=10, input_noise=0.5, dropout=0.0)
    plain, run_plain = _make(steps=10, dropout=0.0)
    images = _images(6)
    assert run(images, 11)[0] == pytest.approx(run_plain(images, 11)[0], rel=1e-5), "one past the last has none left"
    first, run = _make(steps=10, input_noise=0.5, dropout=0.0)
    assert run(images, 1)[0] != pytest.approx(_make(steps=10, dropout=0.0)[1](images, 1)[0], rel=1e-4)
    del first, plain


def test_label_noise_exchanges_targets_and_nothing_else():
    from generation.training.losses import discriminator_loss, targets
    from generation.training.step import FAKE_LABELS, REAL_LABELS, latents, to_range

    options = {"label_noise": 0.4, "label_smoothing": 0.2, "dropout": 0.0}
    adversary, run = _make(**options)
    random, images = _random(adversary), _images(6)
    fake = np.asarray(adversary.generator(latents(adversary.study, 6, random), training=True))
    logits = [_judged(adversary, x) for x in (np.asarray(to_range(images, "tanh")), fake)]
    draws = (random.uniform((6, 1), stream) for stream in (REAL_LABELS, FAKE_LABELS))
    goals = [np.asarray(goal) for goal in targets(*draws, 0.2, 0.4)]
    assert set(np.round(np.concatenate(goals), 3).ravel()) == {0.0, np.float32(0.8)}
    adversary, run = _make(**options)  # the batch statistics have moved
    assert run(images)[0] == pytest.approx(float(discriminator_loss("bce", *logits, *goals)), rel=1e-5)


@pytest.mark.parametrize(("d_steps", "g_steps"), [(3, 1), (1, 2), (2, 3)])
def test_update_ratio(d_steps, g_steps):
    adversary, run = _make(discriminator_steps=d_steps, generator_steps=g_steps)
    run(_images(6 * d_steps))
    g, d = adversary._optimizers
    assert (int(g.iterations), int(d.iterations)) == (g_steps, d_steps)
    assert adversary.order(np.random.default_rng(0), 44).shape == (44 // (6 * d_steps), 6 * d_steps)


def test_several_updates_equal_single_ones():
    """Two updates of the discriminator on two batches are what two steps would do, the generator standing still."""
    images = _images(12)
    both, run = _make(discriminator_steps=2, dropout=0.0, generator_steps=1)
    run(images)
    from generation.training.losses import discriminator_loss
    from generation.training.step import latents, to_range

    one, _ = _make(dropout=0.0)
    import tensorflow as tf

    for update in range(2):
        real = to_range(images[6 * update : 6 * update + 6], "tanh")
        fake = one.generator(latents(one.study, 6, _random(one, update)), training=True)
        with tf.GradientTape() as tape:
            args = one.discriminator(real, training=True), one.discriminator(fake, training=True)
            loss = discriminator_loss("bce", *args)
        weights = one.discriminator.trainable_variables
        one._optimizers[1].apply(tape.gradient(loss, [v.value for v in weights]), weights)
    for mine, theirs in zip(both.discriminator.trainable_variables, one.discriminator.trainable_variables, strict=True):
        np.testing.assert_allclose(np.asarray(mine), np.asarray(theirs), rtol=1e-3, atol=2e-5)


def test_learning_rates_are_separate():
    """Adam's first step moves each weight by the learning rate."""
    adversary, run = _make(learning_rate=0.001, discriminator_learning_rate=0.004, loss="hinge", dropout=0.0)
    models = adversary.generator, adversary.discriminator
    before = [[np.asarray(v).copy() for v in model.trainable_variables] for model in models]
    run(_images(6))
    for model, old, rate in zip(models, before, (0.001, 0.004), strict=True):
        moved = max(abs(np.asarray(v) - o).max() for v, o in zip(model.trainable_variables, old, strict=True))
        assert moved == pytest.approx(rate, rel=0.05)


def test_the_learning_rate_falls_to_zero_over_the_second_half():
    from generation.dcgan.adversary import LinearDecay

    decay = LinearDecay(0.2, 100)
    assert [round(float(decay(step)), 6) for step in (0, 50, 75, 99, 100)] == [0.2, 0.2, 0.1, 0.004, 0.0]
    adversary, _ = _make(steps=100, decay="linear", discriminator_steps=3)
    g, d = adversary._optimizers
    assert (g._learning_rate.steps, d._learning_rate.steps) == (100, 300)


def test_latents_while_training_are_as_asked():
    from generation.training.step import latents

    adversary, _ = _make(latent="uniform", batch_size=2000)
    z = np.asarray(latents(adversary.study, 2000, _random(adversary)))
    assert -1 <= z.min() < -0.99 < 0.99 < z.max() < 1
    assert z.std() == pytest.approx(3**-0.5, abs=0.02)


def test_classical_augmentation_is_of_real_images_and_diffaugment_of_both(monkeypatch):
    from generation.training import augment

    counts = {"classical": 0, "diffaugment": 0}
    for name in counts:
        real = getattr(augment, name)

        def counted(images, policies, *rest, real=real, name=name):
            counts[name] += bool(policies)
            return real(images, policies, *rest)

        monkeypatch.setattr(augment, name, counted)
    _make(augment=["flip"], diffaugment=["color"])[1](_images(6))
    assert counts == {"classical": 1, "diffaugment": 3}  # real, fake, and fake again for the generator


def test_every_update_and_kind_of_image_has_random_numbers_of_its_own():
    seen = set()

    class Backend:
        @staticmethod
        def uniform(shape, seed, step):
            assert seed not in seen
            seen.add(seed)
            return np.zeros(shape, np.float32)

        normal = uniform

    from generation.training.step import CLASSICAL, MIX, Randomness

    for update in range(3):
        random = Randomness(Backend, 7, update, 1)
        for stream in range(8):
            random.normal((1,), stream)
        for stream in (*range(1, MIX + 1), CLASSICAL):
            draw = random.draws(stream)
            for _ in range(3):
                draw((1,))
    assert len(seen) == 3 * (8 + 7 * 3)


EVERYTHING = {
    "spectral_norm": True, "norm": "none", "loss": "non-saturating", "label_smoothing": 0.1, "label_noise": 0.1,
    "input_noise": 0.1, "diffaugment": ["color", "translation", "cutout"], "augment": ["flip", "rotation", "scale"],
    "ema": 0.05, "decay": "linear", "discriminator_steps": 2, "generator_steps": 2, "latent": "uniform",
    "gradient_penalty": 1.0, "dropout": 0.2, "condition": "labels", "discriminator_learning_rate": 0.002,
}  # fmt: skip


class Interrupted(Exception):
    """Stands for a kill."""


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.bfloat16)])
def test_resume_bit_for_bit_with_everything_on(tmp_path, precision):
    options = {**QUICK, **EVERYTHING, "epochs": 4, "display_interval": 2, "precision": precision}
    images, labels = _images(22), np.arange(22) % 3  # a step for each epoch
    whole = DCGAN(**options).fit(images, labels, folder=tmp_path / "whole")

    def stop(name, generator):
        raise Interrupted

    with pytest.raises(Interrupted):
        DCGAN(**options).fit(images, labels, folder=tmp_path / "cut", on_checkpoint=stop)
    if precision == "float32":
        with pytest.raises(Interrupted):  # before the state behind the checkpoint was written: nothing to go on from
            DCGAN(**options).fit(images, labels, folder=tmp_path / "cut", on_checkpoint=stop)
    seen = []

    def second(name, generator):
        seen.append(name)
        if name == "epoch-0004":
            raise Interrupted

    with pytest.raises(Interrupted):
        DCGAN(**options).fit(images, labels, folder=tmp_path / "cut", on_checkpoint=second)
    again = DCGAN(**options).fit(images, labels, folder=tmp_path / "cut")
    assert seen == ["epoch-0002", "epoch-0004"]
    whole.save(tmp_path / "a")
    again.save(tmp_path / "b")
    assert whole.history[["d_loss", "g_loss"]].equals(again.history[["d_loss", "g_loss"]]), "from which step on?"
    for name in ("weights.npz", "training.npz"):
        ours, theirs = (np.load(tmp_path / side / name) for side in "ab")
        apart = {key: float(np.abs(ours[key] - theirs[key]).max()) for key in ours if (ours[key] != theirs[key]).any()}
        assert not apart, name
    for name in ("weights.npz", "training.npz", "options.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert whole.by_class.equals(again.by_class)
    assert whole.alarms == again.alarms


@pytest.mark.slow
def test_warm_start_begins_with_both_networks(tmp_path):
    first = DCGAN(**QUICK, epochs=2).fit(_images())
    first.save(tmp_path)
    second = DCGAN(**QUICK, epochs=1, learning_rate=1e-12, warm_start=str(tmp_path), random_state=5).fit(_images())
    for name in ("generator", "discriminator"):
        pairs = zip(first._networks[name], second._networks[name], strict=True)
        assert all(np.allclose(a, b, atol=1e-6) for a, b in pairs if a.ndim > 1), name
    cold = DCGAN(**QUICK, epochs=1, learning_rate=1e-12, random_state=5).fit(_images())
    assert not np.allclose(cold._networks["generator"][0], first._networks["generator"][0])


def test_warm_start_refuses_other_layers_and_what_is_none(tmp_path):
    DCGAN(**QUICK, epochs=1).fit(_images()).save(tmp_path / "saved")
    with pytest.raises(UserError, match=r"the generator in .* has other layers. Expected .* Received"):
        DCGAN(**{**QUICK, "width": 5}, epochs=1, warm_start=str(tmp_path / "saved")).fit(_images())
    with pytest.raises(UserError, match="holds no trained DCGAN"):
        DCGAN(**QUICK, epochs=1, warm_start=str(tmp_path / "none")).fit(_images())
    (tmp_path / "saved/training.npz").write_bytes(b"no")
    with pytest.raises(UserError, match="holds no trained DCGAN"):
        DCGAN(**QUICK, epochs=1, warm_start=str(tmp_path / "saved")).fit(_images())


@pytest.mark.slow
def test_the_saved_discriminator_is_plain_and_judges_as_the_trained_one(tmp_path):
    generator = DCGAN(**QUICK, epochs=1, spectral_norm=True, norm="none", ema=0.1).fit(_images())
    generator.save(tmp_path)
    loaded = DCGAN(**QUICK, spectral_norm=True, norm="none", ema=0.1).load(tmp_path)
    x = np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype("float32")
    logits = np.asarray(generator.discriminator()(x))
    assert logits.shape == (3, 1)
    np.testing.assert_array_equal(np.asarray(loaded.discriminator()(x)), logits)
    (tmp_path / "training.npz").unlink()
    with pytest.raises(RuntimeError, match="no discriminator"):
        DCGAN(**QUICK, spectral_norm=True, norm="none", ema=0.1).load(tmp_path).discriminator()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "wasserstein-gp"}, "batch normalisation mixes them"),
        ({"loss": "wasserstein-gp", "norm": "none", "gradient_penalty": 0.0}, "needs a gradient_penalty above 0"),
        ({"loss": "hinge", "label_smoothing": 0.1}, "Received: loss='hinge', which has none"),
        ({"updates": "simultaneous", "generator_steps": 2}, "discriminator_steps=1, generator_steps=2"),
        ({"augment": ["flip", "flip"]}, "may stand there once"),
        ({"architecture": "mnist-1d", "spectral_norm": True}, "fixed by architecture 'mnist-1d'"),
        ({"architecture": "mnist-1d", "gradient_penalty": 1.0}, "batch normalisation mixes them"),
        ({"loss": "relativistic"}, r"or r1 = 0 and r2 = 0\. Received: norm='batch', r1=1, r2=1"),
        ({"architecture": "mnist-1d", "r2": 0.5}, r"Received: norm='batch', r1=0, r2=0.5 with loss='bce'"),
        ({"loss": "relativistic", "norm": "none", "label_noise": 0.1}, "Received: loss='relativistic', which has none"),
        ({"loss": "wasserstein-gp", "norm": "none", "r1": 1.0}, r"Choose one.*gradient_penalty=10, r1=1, r2=0"),
    ],
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(UserError, match=message):
        DCGAN(**options)


def test_every_setting_of_a_study_is_an_option():
    import inspect

    named = set(inspect.signature(DCGAN).parameters)
    assert not studies.OPTIONS - named
    assert set(studies.FIXED) <= studies.OPTIONS
