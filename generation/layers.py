"""Keras' batch normalisation, dropout and Adam, computed by fused operations while training.

They have Keras' names, options, variables and, but for rounding and the random numbers of dropout, results; on a CPU
they take about a tenth off a training step. Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from generation.backend import backend


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
        kept = backend().random_16_bits(inputs, self.seed_generator.next()) >= dropped - 2**15
        return inputs * (ops.cast(kept, inputs.dtype) * (2**16 / (2**16 - dropped)))


@keras.saving.register_keras_serializable(package="fauxbench")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`, one operation for each variable.

    References:
        Kingma, Ba (2015), Adam: a method for stochastic optimization, algorithm 1.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        moments = self._momentums[index], self._velocities[index]
        settings = learning_rate, self.beta_1, self.beta_2, self.epsilon, self.iterations + 1
        backend().adam(variable, *moments, gradient, *settings)
