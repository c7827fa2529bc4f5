"""The U-Net of a flow. Imports Keras: import this inside functions only."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from generation.flow.layers import EPSILON, GroupNormalization, groups
from generation.flow.settings import Settings, halvings
from generation.training.layers import Dropout

WIDEST = 4  # the widest map has this many times the channels of the one next to the image
WAVES = 32  # sines, and as many cosines, that tell the network the time
SLOWEST = 0.1  # of them, in radians over the whole time
# A mean flow is trained on its own derivative by the time, in which fast waves would drown all else.
FASTEST = {"velocity": 1000.0, "mean-flow": 10.0}


def build_unet(
    settings: Settings, image_shape: tuple[int, ...], *, conditions: int = 0, seed: int = 0, plain: bool = False
) -> keras.Model:
    """Returns an untrained U-Net: `[images, times (batch, 1)]`, and conditions if there are any, -> velocities.

    That of a mean flow takes spans `(batch, 1)` behind the times: how much further on the ways end over which it gives
    the mean velocity. A condition of zeros means none. Velocities are float32, and 0 before any training.

    Args:
        settings: The settings.
        image_shape: `(height, width, channels)`.
        conditions: Length of the condition vector. Defaults to `0`, none.
        seed: Seed of the initial weights. Defaults to `0`.
        plain: Whether it is made of Keras' own layers alone; those with weights have the same names. Defaults to
            `False`.

    References:
        Ho, Jain, Abbeel (2020), Denoising diffusion probabilistic models, appendix B. Here the halves of the network
        are added and not concatenated, maps are enlarged after their channels are mixed, and there are fewer of both:
        that is a third of the arithmetic.
    """
    made = _Maker(settings.precision, settings.dropout, seed, plain)
    times = halvings(settings.depth, image_shape)
    widths = [settings.width * min(2**level, WIDEST) for level in range(times + 1)]
    images, moments = layers.Input(image_shape, name="images"), layers.Input((1,), name="times")
    moments = [moments, layers.Input((1,), name="spans")] if settings.spans else [moments]
    asked = [layers.Input((conditions,), name="conditions")] if conditions else []
    about = made.about(moments, asked, WIDEST * settings.width, FASTEST[settings.loss])

    flow, skipped = made.conv(images, widths[0], "first"), []
    for level, channels in enumerate(widths):
        if level:
            skipped.append(flow)
            flow = made.conv(flow, channels, f"halve_{level}", strides=2)
        for block in range(settings.blocks):
            flow = made.block(flow, about, channels, f"down_{level}_{block}")
    if settings.attention:
        flow = made.attention(flow, "attention")
        flow = made.block(flow, about, widths[-1], "after_attention")
    for level in reversed(range(times)):
        flow = made.conv(flow, widths[level], f"mix_{level}", kernel=1)
        flow = layers.UpSampling2D(dtype=settings.precision, name=f"double_{level}")(flow)
        flow = layers.Add(dtype=settings.precision, name=f"join_{level}")([flow, skipped[level]])
        for block in range(settings.blocks):
            flow = made.block(flow, about, widths[level], f"up_{level}_{block}")
    flow = made.active(made.norm(flow, "last_norm"), "last")
    # float32 under mixed precision too, so that small steps are not lost
    velocity = made.conv(flow, image_shape[-1], "velocity", zeros=True, dtype="float32")
    return keras.Model([images, *moments, *asked], velocity, name="velocity")


def plain_unet(network: keras.Model, settings: Settings) -> keras.Model:
    """Returns a U-Net that gives the same velocities and needs nothing of this project to be loaded.

    Args:
        network: One of `build_unet`.
        settings: What it was built with.
    """
    images, *others = network.inputs
    conditions = next((one.shape[-1] for one in others if one.name == "conditions"), 0)
    plain = build_unet(settings, images.shape[1:], conditions=conditions, plain=True)
    for layer in network.layers:
        if layer.weights:
            plain.get_layer(layer.name).set_weights(layer.get_weights())
    return plain


class _Maker:
    """Makes parts of the network, with initial weights that follow from one seed, whatever else drew random numbers."""

    def __init__(self, precision: str, dropout: float, seed: int, plain: bool) -> None:
        self._precision, self._dropout, self._plain = precision, dropout, plain
        # a stream of its own: the trainer orders images by [seed, epoch]
        self._rng = np.random.default_rng([seed, 2**31])

    def about(self, moments: list[Any], asked: list[Any], units: int, fastest: float) -> Any:
        """Returns what every block is told: the time, how far it goes on from there, and what is asked for."""
        waves = layers.Dense(WAVES, use_bias=False, trainable=False, dtype="float32", name="waves")
        turned = [f(each) for each in map(waves, moments) for f in (ops.sin, ops.cos)]
        waves.set_weights([np.geomspace(fastest, SLOWEST, WAVES, dtype=np.float32)[None]])
        sinusoids = layers.Concatenate(dtype="float32", name="sinusoids")(turned)
        found = self.dense(sinusoids, units, "time")
        if asked:
            wanted = self.dense(asked[0], units, "condition", use_bias=False)
            found = layers.Add(dtype="float32", name="time_and_condition")([found, wanted])
        found = layers.Activation("silu", dtype="float32", name="about_1")(found)
        return layers.Activation("silu", dtype="float32", name="about_2")(self.dense(found, units, "about"))

    def block(self, flow: Any, about: Any, channels: int, name: str) -> Any:
        """Two convolutions beside a way around them; the second is scaled and shifted by what the block is told."""
        inner = self.active(self.norm(flow, f"{name}_norm_1"), f"{name}_1")
        inner = self.conv(inner, channels, f"{name}_conv_1")
        told = [self.dense(about, channels, f"{name}_{part}", zeros=True) for part in ("scale", "shift")]
        inner = self.active(self.norm(inner, f"{name}_norm_2", told), f"{name}_2")
        if self._dropout:
            kind = layers.Dropout if self._plain else Dropout
            inner = kind(self._dropout, seed=self._seed(), dtype=self._precision, name=f"{name}_dropout")(inner)
        # zeros: a block begins as if it were not there
        inner = self.conv(inner, channels, f"{name}_conv_2", zeros=True)
        return layers.Add(dtype=self._precision, name=name)([flow, inner])

    def attention(self, flow: Any, name: str) -> Any:
        """Self-attention of one head over all places of a map, beside a way around it."""
        height, width, channels = flow.shape[1:]
        normed = self.norm(flow, f"{name}_norm")
        rows = [
            layers.Reshape((height * width, channels), dtype=self._precision, name=f"{name}_{part}_rows")(
                self.conv(normed, channels, f"{name}_{part}", kernel=1)
            )
            for part in ("query", "value", "key")
        ]
        rows[0] = layers.Rescaling(1 / math.sqrt(channels), dtype=self._precision, name=f"{name}_scaled")(rows[0])
        seen = layers.Attention(dtype=self._precision, name=f"{name}_seen")(rows)
        seen = layers.Reshape((height, width, channels), dtype=self._precision, name=f"{name}_map")(seen)
        seen = self.conv(seen, channels, f"{name}_out", kernel=1, zeros=True)
        return layers.Add(dtype=self._precision, name=name)([flow, seen])

    def conv(
        self, flow: Any, channels: int, name: str, *, kernel: int = 3, strides: int = 1, zeros: bool = False,
        dtype: str | None = None,
    ) -> Any:  # fmt: skip
        options = {"strides": strides, "padding": "same", "kernel_initializer": self._initial(zeros), "name": name}
        return layers.Conv2D(channels, kernel, dtype=dtype or self._precision, **options)(flow)

    def dense(self, flow: Any, units: int, name: str, *, zeros: bool = False, use_bias: bool = True) -> Any:
        options = {"kernel_initializer": self._initial(zeros), "use_bias": use_bias, "name": name}
        return layers.Dense(units, dtype="float32", **options)(flow)

    def active(self, flow: Any, name: str) -> Any:
        return layers.Activation("silu", dtype=self._precision, name=f"{name}_silu")(flow)

    def norm(self, flow: Any, name: str, told: list[Any] | None = None) -> Any:
        """Normalises groups of channels, then `result * (1 + scale) + shift` if it is told both."""
        if not self._plain:
            return GroupNormalization(dtype=self._precision, name=name)([flow, *told] if told else flow)
        channels, policy = flow.shape[-1], self._precision
        flow = layers.GroupNormalization(groups(channels), epsilon=EPSILON, dtype=policy, name=name)(flow)
        if not told:
            return flow
        scale, shift = (
            layers.Reshape((1, 1, channels), dtype=policy, name=f"{name}_{part}_map")(each)
            for part, each in zip(("scale", "shift"), told, strict=True)
        )
        more = layers.Multiply(dtype=policy, name=f"{name}_scaled")([flow, scale])
        return layers.Add(dtype=policy, name=f"{name}_shifted")([flow, more, shift])

    def _initial(self, zeros: bool) -> Any:
        seed = self._seed()
        return "zeros" if zeros else keras.initializers.GlorotUniform(seed=seed)

    def _seed(self) -> int:
        return int(self._rng.integers(2**31 - 1))
