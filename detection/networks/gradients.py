"""The gradient of a network's part: all that a detector needs beyond what `keras.ops` has on every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from data.errors import UserError

BACKENDS = ("tensorflow", "jax")


def gradient(function: Callable[[Any], Any], at: Any) -> Any:
    """Returns the gradient of the sum of `function(at)` with respect to `at`, a tensor of its shape.

    Where the output is one number per image and images do not meet in the function, row `i` is the gradient of image
    `i`'s own number.

    Args:
        function: From a tensor to a tensor, made of Keras layers and operations, that assigns no variable.
        at: A float tensor. The gradient is zero where the output does not depend on it.

    Raises:
        UserError: If this Keras backend is not supported.
    """
    import keras

    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(at)
            output = function(at)
        return tape.gradient(output, at, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    if name == "jax":
        import jax

        return jax.grad(lambda values: function(values).sum())(at)
    raise UserError(f"Heat maps need a Keras backend of {', '.join(BACKENDS)}. Received: KERAS_BACKEND={name}.")
