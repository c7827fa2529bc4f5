"""Spectral normalisation: layers whose linear map never stretches a vector by more than one.

Keras has a wrapper, and it is three different algorithms on its backends: it overwrites the kernel, or leaves it alone
when it is not training. Here the raw kernel is kept, the kernel in use is the raw one divided by its largest singular
value, while training and afterwards alike, and the gradient goes through that division. Imports Keras: import this
inside functions only.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from generation.training.backend import backend

EPSILON = 1e-12


def largest_singular_value(kernel: Any, u: Any) -> tuple[Any, Any]:
    """Returns an estimate of the largest singular value by one power iteration, and the vector to go on from.

    Args:
        kernel: float32 `(..., out)`, taken as a matrix of `out` columns.
        u: float32 `(out,)` of length 1, from the last iteration.

    Returns:
        `(sigma, u)`. The gradient of sigma by the kernel is exact for the vectors at hand, which are constants in it.

    References:
        Miyato et al. (2018), Spectral normalization for generative adversarial networks, algorithm 1 and equation 12.
    """
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
    v = _unit(ops.matmul(ops.stop_gradient(matrix), ops.expand_dims(u, 1)))
    u = _unit(ops.matmul(ops.transpose(ops.stop_gradient(matrix)), v))
    v, u = ops.stop_gradient(v), ops.stop_gradient(u)
    return ops.sum(v * ops.matmul(matrix, u)), u[:, 0]


def _unit(vector: Any) -> Any:
    return vector / (ops.sqrt(ops.sum(ops.square(vector))) + EPSILON)


class _Spectral(layers.Layer):
    """A raw kernel, a bias, and the vector of the power iteration. Subclasses say what the kernel does."""

    def __init__(
        self, units: int, *, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform", **options: Any
    ):
        super().__init__(**options)
        self.units, self.use_bias = units, use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def _add(self, shape: tuple[int, ...]) -> None:
        # Kept in float32 under mixed precision: the estimate needs the digits.
        self.kernel = self.add_weight(
            shape=shape, initializer=self.kernel_initializer, name="kernel", dtype="float32", autocast=False
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias") if self.use_bias else None
        self.u = self.add_weight(
            shape=(self.units,), initializer=_even, name="u", trainable=False, dtype="float32", autocast=False
        )

    def normalised(self, training: bool = False) -> Any:
        """Returns the kernel in use, float32; the power iteration's vector moves only while training."""
        sigma, u = largest_singular_value(self.kernel, self.u)
        if training:
            self.u.assign(u)
        return self.kernel / sigma

    def folded(self) -> list[Any]:
        """Returns the weights of `plain()`, with which it does the same as this layer does when it is not training."""
        return [self.normalised(), *([] if self.bias is None else [self.bias])]

    def plain(self) -> keras.Layer:
        """Returns the plain Keras layer of the same name and shape, untrained."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        initial = keras.initializers.serialize(self.kernel_initializer)
        return super().get_config() | {"units": self.units, "use_bias": self.use_bias, "kernel_initializer": initial}


def _even(shape: tuple[int, ...], dtype: Any = None) -> Any:
    return ops.full(shape, shape[0] ** -0.5, dtype=dtype)


@keras.saving.register_keras_serializable(package="fauxbench")
class SpectralConv2D(_Spectral):
    """A convolution, padded to `"same"`, whose kernel `(height, width, in, out)` is normalised as one matrix.

    Args:
        filters: Output channels.
        kernel_size: Height and width of the kernel.
        strides: Defaults to `1`.
    """

    def __init__(self, units: int, kernel_size: int, *, strides: int = 1, **options: Any) -> None:
        super().__init__(units, **options)
        self.kernel_size, self.strides = kernel_size, strides

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self._add((self.kernel_size, self.kernel_size, int(input_shape[-1] or 0), self.units))

    def call(self, inputs: Any, training: bool = False) -> Any:
        kernel = ops.cast(self.normalised(training), self.compute_dtype)
        outputs = backend().convolution(inputs, kernel, (self.strides, self.strides))
        return outputs if self.bias is None else outputs + ops.cast(self.bias, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        sides = [None if side is None else -(-side // self.strides) for side in input_shape[1:3]]
        return (input_shape[0], *sides, self.units)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"kernel_size": self.kernel_size, "strides": self.strides}

    def plain(self) -> keras.Layer:
        settings = {"strides": self.strides, "padding": "same", "use_bias": self.use_bias, "name": self.name}
        return layers.Conv2D(self.units, self.kernel_size, **settings)


@keras.saving.register_keras_serializable(package="fauxbench")
class SpectralDense(_Spectral):
    """A dense layer whose kernel `(in, out)` is normalised."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self._add((int(input_shape[-1] or 0), self.units))

    def call(self, inputs: Any, training: bool = False) -> Any:
        outputs = ops.matmul(inputs, ops.cast(self.normalised(training), self.compute_dtype))
        return outputs if self.bias is None else outputs + ops.cast(self.bias, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.units)

    def plain(self) -> keras.Layer:
        return layers.Dense(self.units, use_bias=self.use_bias, name=self.name)
