import numpy as np
import pytest

from generation.swap.generator import Autoencoder

SMALL = {"encoder_width": 3, "decoder_width": 3, "latent_dim": 5, "batch_size": 6}
SHAPE = (16, 16, 1)


def _program(sides=None, seed=3, **options):
    from generation.swap.program import Swap

    settings = Autoencoder(**{**SMALL, **options}).settings
    sides = sides or (np.arange(10), np.arange(10, 16))
    return Swap(settings, SHAPE, sides, seed=seed)


def _images(n=6, shape=SHAPE):
    return np.random.default_rng(0).integers(0, 256, (n, *shape), np.uint8)


def _values(network):
    return [np.asarray(v).copy() for v in network.variables]


def _equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _plain(program, images, number, adams):
    """The same update as a reader of the TensorFlow guides would write it, on the same views."""
    import tensorflow as tf

    from generation.swap.warp import draw_view
    from generation.training.backend import backend

    settings = program.settings
    real = tf.cast(images, tf.float32) / 255
    draws = [
        lambda shape, draw=draw, at=at: draw(shape, program.seed + (at << 33), number)
        for at, draw in enumerate((backend().uniform, backend().normal))
    ]
    view = draw_view(6, SHAPE[:2], *draws, warp=settings.warp, transform=settings.transform, mirror=settings.mirror)
    inputs, targets = view.inputs(real), view.targets(real)
    (a, b), d = program.decoders, program.discriminator
    bce = tf.nn.sigmoid_cross_entropy_with_logits
    weights = [v for network in (program.encoder, a, b) for v in network.trainable_variables]
    logs = []
    with tf.GradientTape(persistent=True) as tape:
        code = program.encoder(inputs, training=True)
        outputs = a(code[:3], training=True), b(code[3:], training=True)
        losses = []
        for out, target in zip(outputs, (targets[:3], targets[3:]), strict=True):
            similar = tf.reduce_mean(tf.image.ssim(out, target, 1.0))
            mse = tf.reduce_mean((out - target) ** 2)
            losses.append(mse + settings.ssim_weight * (1 - similar) / 2)
            logs.append((losses[-1], similar, mse))
        total = losses[0] + losses[1]
        if d is not None:
            fake = tf.concat(outputs, 0)
            with tape.stop_recording(), tf.GradientTape() as d_tape:
                on_real, on_fake = d(targets, training=True), d(fake, training=True)
                d_loss = tf.reduce_mean(bce(tf.ones_like(on_real), on_real))
                d_loss += tf.reduce_mean(bce(tf.zeros_like(on_fake), on_fake))
            with tape.stop_recording():
                gradients = d_tape.gradient(d_loss, [v.value for v in d.trainable_variables])
                adams[1].apply(gradients, d.trainable_variables)
            judged = d(fake, training=True)
            total += settings.adversarial * tf.reduce_mean(bce(tf.ones_like(judged), judged))
    adams[0].apply(tape.gradient(total, [v.value for v in weights]), weights)
    found = [float(value) for pair in zip(*logs, strict=True) for value in pair] + [float(total)]
    if d is None:
        return [*found, 0, 0, 0]
    return [*found, float(d_loss), *(float(tf.reduce_mean(tf.sigmoid(x))) for x in (on_real, on_fake))]


@pytest.mark.parametrize("adversarial", [0.0, 0.5])
def test_a_step_equals_the_plain_one(adversarial):
    import keras

    options = {"adversarial": adversarial, "warm_up": 0, "ssim_weight": 0.7, "learning_rate": 0.01}
    mine, plain = _program(**options), _program(**options)
    step = mine.prepare(10)
    adams = [keras.optimizers.Adam(rate, beta_1=0.5) for rate in (0.01, 0.0002)]
    for number in (1, 2):
        logs = np.asarray(step(_images(), np.zeros((6, 0), np.float32), number))
        np.testing.assert_allclose(logs, _plain(plain, _images(), number, adams), rtol=1e-3, atol=1e-5)
    for name, network in mine.networks.items():
        for one, other in zip(_values(network), _values(plain.networks[name]), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-4, err_msg=name)


def test_a_decoder_gets_its_own_side_alone():
    """Other faces of side B change nothing for decoder A, given the encoder's weights; the encoder sees both."""
    outcome = []
    for change in (0, 1):
        program = _program()
        images = _images()
        images[3:] = np.roll(images[3:], change, axis=1)
        program.prepare(10)(images, np.zeros((6, 0), np.float32), 1)
        outcome.append({name: _values(network) for name, network in program.networks.items()})
    assert _equal(outcome[0]["decoder_a"], outcome[1]["decoder_a"])
    assert not _equal(outcome[0]["decoder_b"], outcome[1]["decoder_b"])
    assert not _equal(outcome[0]["encoder"], outcome[1]["encoder"])


@pytest.mark.parametrize(
    ("train", "learning"),
    [
        ("all", {"encoder", "decoder_a", "decoder_b", "discriminator"}),
        ("autoencoder", {"encoder", "decoder_a", "decoder_b"}),
        ("discriminator", {"discriminator"}),
    ],
)
def test_parts_are_trained_alone(train, learning):
    program = _program(train=train, adversarial=0.5, warm_up=0)

    def weights():
        return {name: [np.asarray(v).copy() for v in net.trainable_variables] for name, net in program.networks.items()}

    before = weights()
    program.prepare(10)(_images(), np.zeros((6, 0), np.float32), 1)
    after = weights()
    assert {name for name in before if not _equal(before[name], after[name])} == learning


def test_an_epoch_passes_the_larger_side_once_and_the_smaller_as_often_as_it_takes():
    small = [3, 5, 7, 9, 11, 13]
    program = _program(sides=(np.arange(100, 120), np.array(small)))
    order = program.order(np.random.default_rng(0), 200)
    assert order.shape == (6, 6)
    a, b = order[:, :3].ravel(), order[:, 3:].ravel()
    assert len(set(a.tolist())) == 18
    assert set(a.tolist()) < set(range(100, 120))
    passes = [b[start : start + 6].tolist() for start in (0, 6, 12)]
    assert [sorted(one) for one in passes] == [small] * 3
    assert len(set(map(tuple, passes))) == 3
    other = program.order(np.random.default_rng(1), 200)
    assert other.shape == order.shape
    assert not np.array_equal(other, order)
