"""The moving average of a generator's weights, and batch statistics that fit it. Imports Keras: import this inside
functions only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

RAMP = 0.05  # the half-life is at most this share of the images seen so far
BATCHES, BATCH = 16, 128  # that the statistics are estimated from
# fixed, so that what is sampled follows from the weights alone
SEED = 20_200_607  # of their latent vectors


def decay(images: Any, batch_size: int, half_life: float) -> Any:
    """Returns the factor that the average keeps in a step, a float32 scalar.

    Args:
        images: Real images seen so far, a scalar tensor above 0.
        batch_size: Images of the step.
        half_life: In images: after so many, an old weight counts half.

    References:
        Karras et al. (2020), Training generative adversarial networks with limited data, appendix C; the ramp is its
        code's.
    """
    lived = ops.minimum(ops.cast(half_life, "float32"), RAMP * ops.cast(images, "float32"))
    return ops.power(0.5, batch_size / lived)


# Keras' own `use_ema` is finished by `fit` alone, for the one optimiser that it knows.
class Average:
    """The moving average of variables; its own are made with the same values.

    Args:
        variables: What is averaged.
        batch_size: Images of a step.
        half_life: In images.
    """

    def __init__(self, variables: Sequence[keras.Variable], batch_size: int, half_life: float) -> None:
        self._of, self._batch, self._half_life = list(variables), batch_size, half_life
        self.variables = [
            keras.Variable(np.asarray(v), dtype="float32", trainable=False, name=f"ema_{i}")
            for i, v in enumerate(self._of)
        ]

    def update(self, number: Any) -> None:
        """Moves the average after step `number`, counted from 1."""
        keep = decay(ops.cast(number, "float32") * self._batch, self._batch, self._half_life)
        for average, variable in zip(self.variables, self._of, strict=True):
            average.assign(variable + keep * (average - variable))

    def restart(self) -> None:
        """Begins again with the values that the variables have now."""
        for average, variable in zip(self.variables, self._of, strict=True):
            average.assign(variable)

    def after(self, step: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
        """Returns `step(images, conditions, number)` with the average moved behind it."""

        def averaged(images: Any, conditions: Any, number: Any) -> Any:
            logs = step(images, conditions, number)
            self.update(number)
            return logs

        return averaged


def estimate_statistics(network: keras.Model, inputs: Iterator[Any]) -> None:
    """Replaces the moving statistics of batch normalisation by the mean over batches of what the network now sees.

    An average of weights has other activations than the network whose statistics were tracked while it trained.

    Args:
        network: Changed in place; its weights stay.
        inputs: Batches of its inputs.
    """
    # Those inside other layers too, which `network.layers` leaves out.
    layers = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    try:
        for done, batch in enumerate(inputs):
            for layer in layers:
                # the mean of the batches so far: what it keeps, and 1 / (done + 1) of this one
                layer.momentum = done / (done + 1)
            network(batch, training=True)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
