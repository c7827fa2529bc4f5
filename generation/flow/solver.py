"""From noise to an image: the differential equation of a flow, solved in equal steps. No Keras."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from generation.flow.settings import Solver

Velocity = Callable[[np.ndarray, float], np.ndarray]  # of points (n, ...) at one time


def follow(velocity: Velocity, noise: np.ndarray, *, steps: int, solver: Solver = "euler") -> np.ndarray:
    """Returns where points are at time 1 that were at `noise` at time 0, float32 of the same shape.

    Args:
        velocity: `velocity(points, time)`, the change of the points per unit of time.
        noise: Points at time 0.
        steps: Equal steps; where all ways are straight, one is exact.
        solver: `"euler"` asks for the velocity once a step, and its error falls with the number of steps; `"heun"`
            asks twice, at both ends, and its error falls with their square.

    Example:
        >>> follow(lambda points, time: 2 * time + 0 * points, np.zeros(1), steps=4, solver="heun")
        array([1.], dtype=float32)
    """
    points: np.ndarray = np.asarray(noise, np.float32)
    length = np.float32(1 / steps)
    for step in range(steps):
        change = velocity(points, step / steps)
        if solver == "heun":
            change = (change + velocity(points + length * change, (step + 1) / steps)) / np.float32(2)
        points = points + length * change
    return points


def guided(conditional: Velocity, unconditional: Velocity, guidance: float | None) -> Velocity:
    """Returns the velocity that goes `guidance` times the way from the unconditional to the conditional one.

    At 1, and at `None`, that is the conditional one alone, and at 0 the unconditional one: the other is not asked.

    References:
        Ho, Salimans (2022), Classifier-free diffusion guidance, equation 6, with `guidance = 1 + w`.
    """
    if guidance is None or guidance == 1:
        return conditional
    if guidance == 0:
        return unconditional
    scale = np.float32(guidance)

    def velocity(points: np.ndarray, time: float) -> np.ndarray:
        free = unconditional(points, time)
        return np.asarray(free + scale * (conditional(points, time) - free))

    return velocity
