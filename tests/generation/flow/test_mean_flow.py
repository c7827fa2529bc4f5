"""The loss of a mean flow: forward-mode derivatives, arithmetic on a network of one line, and what it falls back to."""

import importlib

import numpy as np
import pytest
from scipy import stats

from data.errors import UserError
from generation.flow.generator import Flow
from generation.training.backend import backend

QUICK = {"width": 4, "batch_size": 8, "epochs": 1, "steps": 1, "loss": "mean-flow"}
SHAPE = (6, 2, 2, 1)


class _Linear:
    """u = a * points + b * times + c * spans, so that its derivative is known."""

    trainable_variables = ()

    def __init__(self, a=0.5, b=2.0, c=-3.0):
        self.factors = a, b, c

    def __call__(self, inputs, training):
        assert training
        self.inputs = [np.asarray(each) for each in inputs]
        points, times, spans = inputs
        a, b, c = self.factors
        return a * points + b * times[:, :, None, None] + c * spans[:, :, None, None]


class _Forward:
    """Stands for a backend that keeps what a step gives the optimiser, and whose draws are its own."""

    def __init__(self):
        own = backend()
        self.normal, self.uniform, self.jvp = own.normal, own.uniform, own.jvp

    def vjp(self, function, weights):
        del weights
        self.errors = function()
        return self.errors, self.back

    def back(self, cotangent, of):
        assert of == "weights"
        self.cotangent = np.asarray(cotangent)
        return []


class _Still:
    def apply(self, gradients, weights):
        del gradients, weights


def _step(images, network=None, **options):
    """Returns the loss of a step, what the network was asked, and what each image counts."""
    from generation.flow.step import flow_step

    settings = Flow(batch_size=len(images), **{"loss": "mean-flow", **options}).settings
    network, own = network or _Linear(), _Forward()
    step = flow_step(network, _Still(), settings=settings, seed=3, backend=own)
    loss = float(np.asarray(step(images, np.zeros((len(images), 0), np.float32), 1))[0])
    return loss, network.inputs, np.asarray(own.errors), own.cotangent


def _arrays(n, shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes[:n]]


def _tensors(*arrays):
    from keras import ops

    return [ops.convert_to_tensor(array) for array in arrays]


def test_the_error_is_that_of_the_equation():
    from generation.flow.step import mean_errors

    points, times, spans, velocity = _arrays(4, [SHAPE, (6, 1), (6, 1), SHAPE])
    times, spans = np.abs(times), np.abs(spans)
    found = mean_errors(_Linear(), *_tensors(points, times, spans, velocity, np.zeros((6, 0), np.float32)), backend())
    share, span = times[:, :, None, None], spans[:, :, None, None]
    mean = 0.5 * points + 2.0 * share - 3.0 * span
    # along the way the points change by the velocity, the time by 1, and the rest of the way, whose end stays, by -1
    change = 0.5 * velocity + 2.0 + 3.0
    expected = ((mean - (velocity + span * change)) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_no_gradient_passes_through_the_goal():
    import keras

    from generation.flow.step import mean_errors

    weight = keras.Variable(0.5, dtype="float32")
    points, times, spans, velocity = _arrays(4, [SHAPE, (6, 1), (6, 1), SHAPE], seed=1)

    def network(inputs, training):
        del training
        return weight * inputs[0] + weight * weight * inputs[1][:, :, None, None]

    asked = _tensors(points, times, spans, velocity, np.zeros((6, 0), np.float32))
    errors, back = backend().vjp(lambda: mean_errors(network, *asked, backend()), [weight])
    (gradient,) = back(keras.ops.ones_like(errors), "weights")
    share, span = times[:, :, None, None], spans[:, :, None, None]
    off = 0.5 * points + 0.25 * share - (velocity + span * (0.5 * velocity + 0.25))
    assert float(gradient) == pytest.approx(float((2 * off * (points + share)).mean(axis=(1, 2, 3)).sum()), rel=1e-4)


def test_with_one_time_it_is_flow_matching():
    images = np.random.default_rng(0).integers(0, 256, (64, 4, 4, 1), np.uint8)
    loss, (points, times, spans), errors, cotangent = _step(images, mean_share=0.0, mean_power=0.0)
    assert (spans == 0).all()
    real, share = images / np.float32(127.5) - 1, times[:, :, None, None]
    velocity = (real - points) / (1 - share)
    off = ((0.5 * points + 2 * share - velocity) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(errors, off, rtol=2e-3)
    assert loss == pytest.approx(off.mean(), rel=1e-3)
    np.testing.assert_allclose(cotangent, np.full(64, 1 / 64), rtol=1e-6)  # the gradient of the mean

    class Alone(_Linear):
        def __call__(self, inputs, training):
            points, times = inputs
            return super().__call__([points, times, 0 * times], training)

    plain = Alone()
    from generation.flow.step import flow_step

    settings = Flow(batch_size=64).settings
    step = flow_step(plain, _Still(), settings=settings, seed=3, backend=_Forward())
    # the same noise and times
    assert float(np.asarray(step(images, np.zeros((64, 0), np.float32), 1))[0]) == pytest.approx(loss, rel=1e-5)


def test_two_times_differ_as_often_as_asked_and_lie_within_the_way():
    _, (_, times, spans), *_ = _step(np.zeros((2000, 2, 2, 1), np.uint8), times="uniform")
    apart = spans[:, 0] > 0
    assert 0.21 < apart.mean() < 0.29
    assert (times + spans).max() <= 1
    assert stats.kstest(times[~apart, 0], "uniform").pvalue > 0.01
    ends = np.sort(np.concatenate([times[apart], (times + spans)[apart]]).ravel())  # of both ends together
    assert stats.kstest(ends, "uniform").pvalue > 0.01


def test_large_errors_count_less():
    images = np.random.default_rng(0).integers(0, 256, (16, 2, 2, 1), np.uint8)
    loss, _, errors, cotangent = _step(images, mean_power=0.5)
    np.testing.assert_allclose(cotangent, 1 / 16 / np.sqrt(4 * errors + 1e-3), rtol=1e-5)
    assert loss == pytest.approx(errors.mean(), rel=1e-5)


@pytest.mark.parametrize("name", ["tensorflow", "jax"])
def test_forward_derivatives_are_differences(name):
    """JAX has threads of its own, with which this process may not be copied: `test_backends` runs that in another."""
    import keras

    if keras.backend.backend() != name:
        pytest.skip(f"needs KERAS_BACKEND={name}")
    module = importlib.import_module(f"generation.training.backend_{name}")
    library = importlib.import_module("jax.numpy" if name == "jax" else "tensorflow")
    tensor = getattr(library, "convert_to_tensor", None) or library.asarray
    x, t, dx, dt = map(tensor, _arrays(4, [(5, 3), (5, 1)] * 2))

    def function(x, t):
        return library.tanh(x * x * t) + library.sin(3 * t) * x

    output, along = module.jvp(function, [x, t], [dx, dt])
    np.testing.assert_allclose(output, function(x, t), rtol=1e-6)
    small = 1e-3
    differences = (function(x + small * dx, t + small * dt) - function(x - small * dx, t - small * dt)) / (2 * small)
    np.testing.assert_allclose(along, differences, rtol=1e-2, atol=2e-3)


def test_forward_derivatives_of_the_network_are_differences():
    """With every kind of layer that it has."""
    from generation.flow.networks import build_unet
    from generation.flow.step import call

    settings = Flow(**QUICK | {"width": 8}, attention=True, dropout=0.0, condition="labels").settings
    network = build_unet(settings, (8, 8, 1), conditions=2)
    for at, weight in enumerate(network.trainable_variables):
        weight.assign(np.random.default_rng(at).normal(0, 0.2, weight.shape) + ("gamma" in weight.path))
    x, t, s, dx = _arrays(4, [(3, 8, 8, 1), (3, 1), (3, 1), (3, 8, 8, 1)])
    (asked,) = _tensors(np.eye(2, dtype=np.float32)[[0, 1, 1]])

    def function(x, t, s):
        return call(network, x, t, asked, True, s)

    ones = np.ones((3, 1), np.float32)
    _, along = backend().jvp(function, _tensors(x, t, s), _tensors(dx, ones, -ones))
    small = np.float32(1e-3)
    ends = [function(*_tensors(x + by * dx, t + by * ones, s - by * ones)) for by in (small, -small)]
    differences = np.asarray(ends[0] - ends[1]) / (2 * small)
    assert np.abs(differences).max() > 1
    np.testing.assert_allclose(along, differences, atol=0.02 * np.abs(differences).max())


@pytest.mark.slow
def test_resume_bit_for_bit(tmp_path):
    images = np.random.default_rng(5).integers(0, 256, (20, 8, 8, 1), np.uint8)  # a step for each epoch
    options = {**QUICK, "batch_size": 16, "epochs": 3, "display_interval": 1, "dropout": 0.2, "condition": "labels"}

    def stop(name, generator):
        if name == "epoch-0002":
            raise InterruptedError

    labels = np.arange(20) % 3
    whole = Flow(**options).fit(images, labels)
    with pytest.raises(InterruptedError):
        Flow(**options).fit(images, labels, folder=tmp_path, on_checkpoint=stop)
    again = Flow(**options).fit(images, labels, folder=tmp_path)
    assert np.array_equal(again.sample(20), whole.sample(20))
    assert all(np.array_equal(*pair) for pair in zip(again.values(), whole.values(), strict=True))
    whole.save(tmp_path / "saved")
    assert np.array_equal(Flow(**options).load(tmp_path / "saved").sample(5), whole.sample(5))
    # a network of its own for other programs, which says what it takes
    network, about = whole.plain_networks()["velocity"]
    assert "spans (n, 1)" in about
    z = whole.latents(4, 1).reshape(4, 8, 8, 1)
    asked, ones = whole.conditions.vectors(np.array([0, 1, 2, 0])), np.ones((4, 1), np.float32)
    alone = z + np.asarray(network([z, 0 * ones, ones, asked]))
    own = whole._sampler.outputs(z, asked, whole.sampling)
    np.testing.assert_allclose(alone, own, atol=1e-4)


@pytest.mark.slow
def test_one_step_makes_the_images_that_it_learned():
    """Grey images of one level each; a velocity alone would give the mean level to all of them in one step."""
    levels = np.clip(np.rint(np.random.default_rng(0).normal(150, 25, 1920)), 0, 255).astype(np.uint8)
    images = levels[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    options = {"width": 8, "batch_size": 32, "epochs": 8, "learning_rate": 0.006, "ema": 1.0, "random_state": 1}
    flow = Flow(**options, loss="mean-flow", mean_share=0.5, steps=1).fit(images)
    drawn = flow.sample(320, seed=1).astype(float)
    found = drawn.mean(axis=(1, 2, 3))
    assert abs(found.mean() - 150) < 8
    assert 12 < found.std() < 33
    assert drawn.std(axis=(1, 2, 3)).mean() < 12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "mean-flow", "solver": "heun"}, r"solver = \"euler\"\. Received: solver='heun'"),
        ({"mean_share": 0.5}, r"mean_share needs loss = \"mean-flow\"\. Received: mean_share=0\.5\."),
        ({"mean_power": 1.0}, r"mean_power needs loss = \"mean-flow\""),
        ({"loss": "mean-flow", "reflow": "there"}, r"reflow learns velocities"),
    ],
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(UserError, match=message) as error:
        Flow(**options)
    assert "\n" not in str(error.value)
