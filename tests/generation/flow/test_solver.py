"""Flows whose answer is known: between two Gaussians, of straight ways, and of a velocity that is guided."""

import numpy as np
import pytest

from generation.flow.solver import follow, guided

MEAN = np.array([0.5, -1.0])
COVARIANCE = np.array([[0.5, 0.3], [0.3, 0.4]])


def _between_gaussians(points, time):
    """The velocity of the flow from N(0, I) to N(MEAN, COVARIANCE), each point of one independent of the other's."""
    now = (1 - time) ** 2 * np.eye(2) + time**2 * COVARIANCE
    turned = np.linalg.solve(now, (points - time * MEAN).T).T
    return (MEAN + turned @ (time * COVARIANCE - (1 - time) * np.eye(2)).T).astype(np.float32)


def _error(steps, solver):
    """How far covariance and mean of the images are from those of the Gaussian, for noise of exactly N(0, I)."""
    noise = np.random.default_rng(0).standard_normal((4000, 2))
    noise = noise - noise.mean(axis=0)
    noise = noise @ np.linalg.inv(np.linalg.cholesky(np.cov(noise.T))).T
    images = follow(_between_gaussians, noise, steps=steps, solver=solver)
    return np.abs(np.cov(images.T) - COVARIANCE).max(), np.abs(images.mean(axis=0) - MEAN).max()


def test_between_two_gaussians_samples_have_mean_and_covariance():
    for solver, steps, limit in (("heun", 20, 0.01), ("heun", 100, 1e-3), ("euler", 100, 0.02)):
        covariance, mean = _error(steps, solver)
        assert covariance < limit
        assert mean < 1e-5  # the mean's way is straight


def test_the_error_falls_with_the_steps_and_with_their_square():
    for solver, order in (("euler", 1), ("heun", 2)):
        ratio = _error(25, solver)[0] / _error(50, solver)[0]
        assert 2**order * 0.8 < ratio < 2**order * 1.3


@pytest.mark.parametrize("solver", ["euler", "heun"])
@pytest.mark.parametrize("steps", [1, 3])
def test_a_shift_is_exact_in_one_step_and_in_any(solver, steps):
    shift = np.array([3.0, -0.5], np.float32)
    noise = np.random.default_rng(1).standard_normal((6, 2)).astype(np.float32)
    images = follow(lambda points, time: np.broadcast_to(shift, points.shape), noise, steps=steps, solver=solver)
    np.testing.assert_allclose(images, noise + shift, atol=1e-6)
    assert images.dtype == np.float32


def test_one_step_goes_from_0_to_1():
    asked = []
    follow(lambda points, time: asked.append(time) or points, np.zeros((1, 2)), steps=4)
    assert asked == [0, 0.25, 0.5, 0.75]
    asked.clear()
    follow(lambda points, time: asked.append(time) or points, np.zeros((1, 2)), steps=2, solver="heun")
    assert asked == [0, 0.5, 0.5, 1]


def test_guidance_goes_from_one_velocity_to_the_other():
    calls = []

    def velocity(value):
        return lambda points, time: calls.append(value) or points + np.float32(value)

    points = np.zeros(2, np.float32)
    for guidance, expected, asked in ((None, 3, [3]), (1, 3, [3]), (0, 1, [1]), (2.5, 6, [1, 3])):
        calls.clear()
        assert guided(velocity(3), velocity(1), guidance)(points, 0.5).tolist() == [expected, expected]
        assert calls == asked
