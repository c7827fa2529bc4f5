"""A DCGAN's networks as plain Keras layers, for other programs. Imports Keras: import this inside functions only."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from generation.dcgan.networks import folded, plain_layer
from generation.training.layers import ConditionalBatchNormalization


def plain_generator(network: keras.Model) -> keras.Model:
    """Returns a generator that gives the same images as `network` and needs nothing of this project to be loaded.

    Conditional batch normalisation becomes a plain one, and two dense layers that make its scale and shift.

    Args:
        network: A generator of `generation.dcgan.networks.build_generator`, conditional or not.
    """
    if len(network.inputs) == 1:
        return folded(network)
    latent, condition = (layers.Input(given.shape[1:]) for given in network.inputs)
    flow = latent
    for layer in network.layers:  # one after the other: only the condition goes to several
        if isinstance(layer, ConditionalBatchNormalization):
            flow = _conditioned(layer, flow, condition)
        elif not isinstance(layer, layers.InputLayer):
            flow = _like(layer, plain_layer(layer), flow)
    return keras.Model([latent, condition], flow, name=network.name)


def _like(layer: keras.Layer, plain: keras.Layer, flow: Any) -> Any:
    outputs = plain(flow)
    plain.set_weights(layer.get_weights())
    return outputs


def _conditioned(layer: ConditionalBatchNormalization, flow: Any, condition: Any) -> Any:
    named = {"name": f"{layer.name}_norm"}
    norm = layers.BatchNormalization.from_config(layer.norm.get_config() | named)
    outputs = _like(layer.norm, norm, flow)
    channels, policy = outputs.shape[-1], layer.dtype_policy

    def linear(weight: Any, bias: float, what: str) -> Any:
        dense = layers.Dense(channels, dtype=policy, name=f"{layer.name}_{what}")
        row = dense(condition)
        dense.set_weights([np.asarray(weight), np.full(channels, bias, np.float32)])
        return layers.Reshape((1, 1, channels), dtype=policy, name=f"{layer.name}_{what}_map")(row)

    scaled = layers.Multiply(dtype=policy, name=f"{layer.name}_scaled")([outputs, linear(layer.scale, 1.0, "scale")])
    return layers.Add(dtype=policy, name=layer.name)([scaled, linear(layer.shift, 0.0, "shift")])
