"""Keras' batch normalisation, dropout, convolutions and Adam, computed by faster operations while training.

They have Keras' names, options, variables and, but for rounding and the random numbers of dropout, results; on a CPU
they take about a tenth off a training step. Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from generation.training.backend import backend


@keras.saving.register_keras_serializable(package="fauxbench")
class BatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the last axis of `(batch, height, width, channels)`.

    References:
        Ioffe, Szegedy (2015), Batch normalization, algorithm 1.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = backend().batch_norm(inputs, self.gamma, self.beta, self.epsilon)
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + ops.cast(now, moving.dtype) * (1.0 - self.momentum))
        return outputs


@keras.saving.register_keras_serializable(package="fauxbench")
class Dropout(keras.layers.Dropout):
    """`keras.layers.Dropout` that spends 16 random bits on an element: the rate is exact to 1/65,536.

    References:
        Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from overfitting.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not (training and self.rate > 0):
            return inputs
        dropped = round(self.rate * 2**16)
        # int16 numbers begin at -2**15
        kept = backend().random_16_bits(inputs, self.seed_generator.next()) >= dropped - 2**15
        return inputs * (ops.cast(kept, inputs.dtype) * (2**16 / (2**16 - dropped)))


@keras.saving.register_keras_serializable(package="fauxbench")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, with the weight gradient of `generation.training.backend`."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        if self.padding != "same":
            return super().convolution_op(inputs, kernel)
        return backend().convolution(inputs, kernel, self.strides)


@keras.saving.register_keras_serializable(package="fauxbench")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose`, without a bias with the weight gradient of `generation.training.backend`."""

    def call(self, inputs: Any) -> Any:
        if self.padding != "same" or self.use_bias:
            return super().call(inputs)
        outputs = backend().transposed_convolution(inputs, self.kernel, self.strides)
        return outputs if self.activation is None else self.activation(outputs)


@keras.saving.register_keras_serializable(package="fauxbench")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`, one operation for each variable.

    References:
        Kingma, Ba (2015), Adam: a method for stochastic optimization, algorithm 1.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        moments = self._momentums[index], self._velocities[index]
        # Keras counts a step after its update, and the paper's t begins at 1
        settings = learning_rate, self.beta_1, self.beta_2, self.epsilon, self.iterations + 1
        backend().adam(variable, *moments, gradient, *settings)


@keras.saving.register_keras_serializable(package="fauxbench")
class ConditionalBatchNormalization(keras.layers.Layer):
    """Batch normalisation whose scale and shift are a linear function of a condition.

    For a one-hot condition this is a row of scales and shifts for each class; for attributes, each of them adds its
    own. A scale starts at 1 and a shift at 0, whatever the condition.

    Args:
        momentum: Of the moving statistics.

    Call arguments:
        inputs: `[(batch, height, width, channels), (batch, conditions)]`.

    References:
        Dumoulin et al. (2017), A learned representation for artistic style, section 2.2; de Vries et al. (2017),
        Modulating early visual processing by language, section 3.
    """

    def __init__(self, *, momentum: float = 0.9, **options: Any) -> None:
        super().__init__(**options)
        self.momentum = momentum
        self.norm = BatchNormalization(momentum=momentum, dtype=self.dtype_policy, name="norm")

    def build(self, input_shape: Any) -> None:
        images, conditions = input_shape
        self.norm.build(images)
        shape = (conditions[-1], images[-1])
        self.scale = self.add_weight(shape=shape, initializer="zeros", name="scale")
        self.shift = self.add_weight(shape=shape, initializer="zeros", name="shift")

    def call(self, inputs: Any, training: bool = False) -> Any:
        images, conditions = inputs
        conditions = ops.cast(conditions, self.compute_dtype)
        scale, shift = (
            ops.expand_dims(ops.matmul(conditions, ops.cast(weight, self.compute_dtype)), (1, 2))
            for weight in (self.scale, self.shift)
        )
        return self.norm(images, training=training) * (1 + scale) + shift

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"momentum": self.momentum}
