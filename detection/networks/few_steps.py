"""Trainings of so few steps that they are done before TensorFlow would have made a graph of one."""

from __future__ import annotations

from data.few_steps import FEW_STEPS


def eagerly(steps: int) -> bool:
    """Says whether a training of so many steps is done operation by operation; JAX would compile each of them."""
    import keras

    return steps <= FEW_STEPS and keras.backend.backend() == "tensorflow"
