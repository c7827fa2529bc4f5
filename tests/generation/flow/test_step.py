"""What a step of flow matching learns, by arithmetic."""

import numpy as np
import pytest
from scipy import stats

from generation.flow.generator import Flow


class _Draws:
    """Stands for a backend whose gradients are not asked for, and keeps what a step draws."""

    def __init__(self, backend):
        self._backend, self.vjp = backend, lambda function, weights: (function(), lambda cotangent, of: [])

    def __getattr__(self, name):
        return getattr(self._backend, name)


class _Still:
    def apply(self, gradients, weights):
        del gradients, weights


class _Network:
    """A velocity of zeros that keeps what it is called with."""

    trainable_variables = ()

    def __call__(self, inputs, training):
        assert training
        self.inputs = [np.asarray(each) for each in inputs]
        return 0 * inputs[0]


def _step(images, conditions=None, **options):
    """Returns the loss of a step of a network that answers 0, and what the network was asked."""
    from generation.flow.step import flow_step
    from generation.training.backend import backend

    network, n = _Network(), len(images)
    settings = Flow(**{"batch_size": n, **options}).settings
    step = flow_step(network, _Still(), settings=settings, seed=3, backend=_Draws(backend()))
    asked = np.zeros((n, 0), np.float32) if conditions is None else conditions
    return float(np.asarray(step(images, asked, 1))[0]), network.inputs


def test_points_lie_on_straight_ways_and_the_loss_is_of_their_velocity():
    images = np.random.default_rng(0).integers(0, 256, (512, 4, 4, 1), np.uint8)
    loss, (points, times) = _step(images)
    real, share = images / np.float32(127.5) - 1, times[:, :, None, None]
    noise = (points - share * real) / (1 - share)
    assert times.min() > 0
    assert times.max() < 1
    assert abs(noise.mean()) < 0.05
    assert abs(noise.std() - 1) < 0.05
    assert np.mean((real - noise) ** 2) == pytest.approx(loss, rel=1e-3)


@pytest.mark.parametrize("times", ["uniform", "logit-normal"])
def test_times_have_their_distribution(times):
    drawn = _step(np.zeros((2000, 2, 2, 1), np.uint8), times=times)[1][1][:, 0].astype(float)
    if times == "logit-normal":
        drawn = stats.norm.cdf(np.log(drawn / (1 - drawn)))
    assert stats.kstest(drawn, "uniform").pvalue > 0.01


def test_conditions_are_left_out_as_often_as_asked_and_whole():
    conditions = np.tile(np.float32([1, -1, 1]), (2000, 1))
    images = np.zeros((2000, 2, 2, 1), np.uint8)
    seen = _step(images, conditions, condition=["a", "b", "c"], condition_dropout=0.2)[1][2]
    dropped = (seen == 0).all(axis=1)
    assert 0.16 < dropped.mean() < 0.24
    assert np.array_equal(seen[~dropped], conditions[~dropped])
    assert np.array_equal(_step(images, conditions, condition="labels", condition_dropout=0.0)[1][2], conditions)


def test_half_of_the_images_are_mirrored():
    images = np.tile(np.uint8([[0, 255]]), (1000, 2, 1))[..., None]
    plain, mirrored = (_step(images, mirror=mirror)[1] for mirror in (False, True))
    turned = np.abs(plain[0] - mirrored[0]).reshape(1000, -1).max(axis=1) > 1e-6
    assert 0.44 < turned.mean() < 0.56
    assert np.array_equal(plain[1], mirrored[1])


def test_the_rate_rises_stays_and_falls():
    from generation.flow.program import Rate

    rates = np.array([float(np.asarray(Rate(0.1, 1000, True)(step))) for step in range(1000)])
    assert rates[[0, 24, 49, 500]] == pytest.approx([0.002, 0.05, 0.1, 0.1])
    assert rates[[750, 999]] == pytest.approx([0.05, 0.0002], rel=1e-4)
    assert float(np.asarray(Rate(0.1, 1000, False)(999))) == pytest.approx(0.1)
    assert float(np.asarray(Rate(0.1, 1, False)(0))) == pytest.approx(0.1)
