"""The networks of a face swap: one encoder, a decoder for each side, and a discriminator.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from generation.swap.settings import MOST, Settings
from generation.training.spectral import SpectralConv2D, SpectralDense

# As the public face-swap programs have them: slope 0.1, kernels of 5, colours from a last one of 5.
SLOPE = 0.1  # of LeakyReLU in encoder and decoders
KERNEL = 5


@keras.saving.register_keras_serializable(package="fauxbench")
class PixelShuffle(layers.Layer):
    """Doubles height and width by laying four channels out as the four pixels of a square.

    References:
        Shi et al. (2016), Real-time single image and video super-resolution using an efficient sub-pixel convolutional
        neural network, section 2.2.
    """

    def call(self, inputs: Any) -> Any:
        _, height, width, channels = inputs.shape
        squares = ops.reshape(inputs, (-1, height, width, 2, 2, channels // 4))
        return ops.reshape(ops.transpose(squares, (0, 1, 3, 2, 4, 5)), (-1, 2 * height, 2 * width, channels // 4))

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch, height, width, channels = input_shape
        return batch, 2 * height, 2 * width, channels // 4


def build_encoder(settings: Settings, image_shape: tuple[int, ...], times: int, *, seed: int = 0) -> keras.Model:
    """Returns an untrained encoder: images `(batch, height, width, channels)` in [0, 1] -> a map for the decoders.

    `times` convolutions halve the image; then a narrow layer of `latent_dim` numbers, through which all that a decoder
    learns of a face must pass, and a wider one.

    Args:
        settings: The architecture.
        image_shape: `(height, width, channels)`.
        times: How often the image is halved.
        seed: Of the initial weights. Defaults to `0`.
    """
    made = _Maker(settings, seed)
    height, width, _ = image_shape
    bottom = height // 2**times, width // 2**times, _widths(settings.decoder_width, times)[-1]
    stack: list[keras.Layer] = [layers.Input(image_shape)]
    for filters in _widths(settings.encoder_width, times):
        stack += [made(layers.Conv2D, filters, KERNEL, strides=2, padding="same"), made.activation()]
    stack += [layers.Flatten(), made(layers.Dense, settings.latent_dim)]
    stack += [made(layers.Dense, bottom[0] * bottom[1] * bottom[2]), layers.Reshape(bottom)]
    return keras.Sequential(stack, name="encoder")


def build_decoder(
    settings: Settings, image_shape: tuple[int, ...], times: int, *, seed: int = 0, name: str = "decoder"
) -> keras.Model:
    """Returns an untrained decoder: the encoder's map -> float32 images `(batch, height, width, channels)` in [0, 1].

    Args are those of `build_encoder`, and the network's `name`.
    """
    made = _Maker(settings, seed)
    height, width, channels = image_shape
    widths = _widths(settings.decoder_width, times)
    stack: list[keras.Layer] = [layers.Input((height // 2**times, width // 2**times, widths[-1]))]
    for filters in [*widths[-2::-1], max(widths[0] // 2, 1)]:
        stack += [made(layers.Conv2D, 4 * filters, 3, padding="same"), made.activation()]
        stack += [PixelShuffle(dtype=settings.precision)]
    stack += [made(layers.Conv2D, channels, KERNEL, padding="same")]
    # The last activation stays in float32 under mixed precision, so that images keep all their grey levels.
    return keras.Sequential([*stack, layers.Activation("sigmoid", dtype="float32")], name=name)


def build_discriminator(settings: Settings, image_shape: tuple[int, ...], times: int, *, seed: int = 0) -> keras.Model:
    """Returns an untrained discriminator: images in [0, 1] -> logits `(batch, 1)`, real is high.

    Spectrally normalised convolutions, since it joins a game in which the other side has a lead or none.
    Args are those of `build_encoder`.

    References:
        Miyato et al. (2018), Spectral normalization for generative adversarial networks, table 3.
    """
    made = _Maker(settings, seed)
    stack: list[keras.Layer] = [layers.Input(image_shape), layers.Rescaling(2.0, -1.0)]
    for filters in _widths(settings.encoder_width, times):
        stack += [made(SpectralConv2D, filters, 4, strides=2), layers.LeakyReLU(negative_slope=0.2)]
    stack += [layers.Flatten(), made(SpectralDense, 1, dtype="float32")]
    return keras.Sequential(stack, name="discriminator")


def _widths(width: int, times: int) -> list[int]:
    """Channels of the feature maps, from the image's end to the smallest map."""
    return [width * min(2**level, MOST) for level in range(times)]


class _Maker:
    """Makes layers whose initial weights follow from one seed, whatever else drew random numbers before."""

    def __init__(self, settings: Settings, seed: int) -> None:
        # no network has 1,000 layers, so that no two layers share a seed
        self._settings, self._seed, self._made = settings, seed * 1000, 0

    def __call__(self, kind: type[keras.Layer], *args: Any, **options: Any) -> keras.Layer:
        self._made += 1
        initial = keras.initializers.HeUniform(seed=(self._seed + self._made) % 2**31)
        return kind(*args, **{"kernel_initializer": initial, "dtype": self._settings.precision, **options})

    def activation(self) -> keras.Layer:
        kind, dtype = self._settings.activation, self._settings.precision
        return layers.LeakyReLU(SLOPE, dtype=dtype) if kind == "leaky" else layers.Activation(kind, dtype=dtype)
