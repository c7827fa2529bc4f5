"""Generator and discriminator networks, built from a study. Imports Keras: import this inside functions
only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import keras
import numpy as np
from keras import layers

from generation.dcgan.studies import Activation, Study
from generation.training.layers import (
    BatchNormalization,
    ConditionalBatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dropout,
)
from generation.training.spectral import SpectralConv2D, SpectralDense

SLOPE = 0.2  # of LeakyReLU, as in the DCGAN paper
PLAIN = {
    BatchNormalization: layers.BatchNormalization,
    Conv2D: layers.Conv2D,
    Conv2DTranspose: layers.Conv2DTranspose,
    Dropout: layers.Dropout,
}


def build_generator(
    study: Study,
    image_shape: tuple[int, ...],
    times: int,
    *,
    conditions: int = 0,
    seed: int = 0,
    precision: str = "float32",
) -> keras.Model:
    """Returns an untrained generator: latent `(batch, latent_dim)` -> images `(batch, height, width,
    channels)`.

    Images are float32 in [-1, 1] for a study with `output="tanh"` and in [0, 1] for `"sigmoid"`. A conditional one
    takes `[latent, condition (batch, conditions)]` and normalises by conditional batch normalisation.

    Args:
        study: The architecture.
        image_shape: `(height, width, channels)`.
        times: How often the smallest feature map is doubled, from `generation.dcgan.studies.doublings`.
        conditions: Length of the condition vector. Defaults to `0`, none.
        seed: Seed of the initial weights. Defaults to `0`.
        precision: Keras dtype policy. Defaults to `"float32"`.

    References:
        Radford, Metz, Chintala (2016), Unsupervised representation learning with deep convolutional
        generative adversarial networks, section 3.
    """
    made = _Maker(study, seed, precision, conditions)
    stack = (
        _mnist_1d_generator(made, study) if study.family == "mnist-1d" else _generator(made, study, image_shape, times)
    )
    # The last activation stays in float32 under mixed precision, so that images keep all their grey levels.
    named = _named([*stack, layers.Activation(study.output, dtype="float32")])
    latent = layers.Input((study.latent_dim,))
    if not conditions:
        return keras.Sequential([latent, *named], name="generator")
    condition = layers.Input((conditions,))
    flow = latent
    for layer in named:
        flow = layer([flow, condition] if isinstance(layer, ConditionalBatchNormalization) else flow)
    return keras.Model([latent, condition], flow, name="generator")


def build_discriminator(
    study: Study,
    image_shape: tuple[int, ...],
    times: int,
    *,
    conditions: int = 0,
    seed: int = 0,
    precision: str = "float32",
) -> keras.Model:
    """Returns an untrained discriminator: images `(batch, height, width, channels)` -> logits `(batch, 1)`,
    real is high.

    Args are those of `build_generator`; the images are in the generator's range. A conditional one takes `[images,
    condition]` and adds to the logit the inner product of its features with a linear function of the condition.

    References:
        Miyato, Koyama (2018), cGANs with projection discriminator, equation 3.
    """
    made = _Maker(study, seed, precision, conditions)
    stack = _mnist_1d_discriminator(made) if study.family == "mnist-1d" else _discriminator(made, study, times)
    # Logits stay in float32 under mixed precision: the 8 bits of bfloat16 would make many of them equal.
    named = _named([*stack, layers.Flatten(), made.dense(1, spectral=study.spectral_norm, dtype="float32")])
    images = layers.Input(image_shape)
    if not conditions:
        return keras.Sequential([images, *named], name="discriminator")
    condition = layers.Input((conditions,))
    features = images
    for layer in named[:-1]:
        features = layer(features)
    options = {"use_bias": False, "dtype": "float32", "name": "projection"}
    wanted = made.dense(features.shape[-1], spectral=study.spectral_norm, **options)(condition)
    agreement = layers.Dot(axes=1, dtype="float32", name="agreement")([features, wanted])
    logit = layers.Add(dtype="float32", name="logit")([named[-1](features), agreement])
    return keras.Model([images, condition], logit, name="discriminator")


def folded(network: keras.Model) -> keras.Model:
    """Returns a discriminator with plain Keras layers in place of spectrally normalised ones, for other programs.

    It gives the same logits when not training, and needs nothing of this project to be loaded.

    Args:
        network: A discriminator, conditional or not.
    """
    plain = keras.models.clone_model(network, clone_function=plain_layer)
    for old, new in zip(network.layers, plain.layers, strict=True):
        if not hasattr(old, "folded"):
            new.set_weights(old.get_weights())
            continue
        for variable, value in zip(new.variables, old.folded(), strict=True):
            variable.assign(value)
    return plain


def plain_layer(layer: keras.Layer) -> keras.Layer:
    """Returns Keras' own layer of the same name, shape and, when not training, results, without its weights."""
    if hasattr(layer, "folded"):
        return layer.plain()
    plain = PLAIN.get(type(layer))
    config = layer.get_config()
    return plain.from_config(config) if plain else type(layer).from_config(config)


# A bias before batch normalisation would be cancelled by it, so the family `dcgan` has none there.


def _generator(made: _Maker, study: Study, image_shape: tuple[int, ...], times: int) -> Iterator[keras.Layer]:
    height, width, channels = image_shape
    bottom = (height // 2**times, width // 2**times)
    widths = _widths(study, times, study.width)[::-1]
    yield made.layer(layers.Dense, bottom[0] * bottom[1] * widths[0], use_bias=False)
    yield layers.Reshape((*bottom, widths[0]))
    yield made.batch_norm()
    yield _activation(study.activation)
    for filters in widths[1:]:
        yield from _doubled(made, study, filters, use_bias=False)
        yield made.batch_norm()
        yield _activation(study.activation)
    if study.head:
        yield made.layer(layers.Conv2D, channels, 3, padding="same")
    else:
        yield from _doubled(made, study, channels)


def _discriminator(made: _Maker, study: Study, times: int) -> Iterator[keras.Layer]:
    widths = _widths(study, times, study.discriminator_width)
    for position, filters in enumerate(widths):
        normalised = position > 0 and study.norm != "none"  # not the images' own layer, as in the DCGAN paper
        kernel, strides = (3, 1) if study.head and position == 0 else (4, 2)
        yield made.conv(filters, kernel, strides, spectral=study.spectral_norm, use_bias=not normalised)
        if normalised:
            yield made.plain_batch_norm() if study.norm == "batch" else made.layer_norm()
        yield _activation(study.discriminator_activation)
        if study.dropout:
            yield Dropout(study.dropout, seed=made.next_seed())


def _mnist_1d_generator(made: _Maker, study: Study) -> Iterator[keras.Layer]:
    yield made.layer(layers.Dense, 256)
    yield layers.Reshape((1, 1, 256))
    for filters, strides in ((256, 1), (128, 1), (64, 2), (32, 1)):  # -> 5, 9, 21, 25
        yield made.layer(layers.Conv2DTranspose, filters, 5, strides=strides)
        yield _activation(study.activation)
        yield made.batch_norm()
    yield made.layer(layers.Conv2DTranspose, 1, 4)  # -> 28


def _mnist_1d_discriminator(made: _Maker) -> Iterator[keras.Layer]:
    for filters, kernel in ((64, 3), (128, 5), (256, 5)):  # -> 13, 5, 1
        yield made.layer(layers.Conv2D, filters, kernel, strides=2)
        yield layers.LeakyReLU(negative_slope=SLOPE)
        yield made.plain_batch_norm()


def _doubled(made: _Maker, study: Study, filters: int, *, use_bias: bool = True) -> Iterator[keras.Layer]:
    if study.upsampling == "nearest":
        yield layers.UpSampling2D()
        yield made.layer(layers.Conv2D, filters, 3, padding="same", use_bias=use_bias)
    else:
        yield made.layer(Conv2DTranspose, filters, 4, strides=2, padding="same", use_bias=use_bias)


def _widths(study: Study, times: int, width: int) -> list[int]:
    """Channels of the feature maps, from the image's end to the smallest map."""
    # at most eight times, as from 128 to 1,024 in figure 1 of the DCGAN paper
    return [width * min(2**level, 8) for level in range(times + study.head)]


def _activation(name: Activation) -> keras.Layer:
    if name == "leaky_relu":
        return layers.LeakyReLU(negative_slope=SLOPE)
    return layers.ReLU() if name == "relu" else layers.Activation(name)


def _named(stack: Iterable[keras.Layer]) -> list[keras.Layer]:
    """Numbers the layers of a network by kind, so that their names do not depend on what was built before."""
    found = list(stack)
    kinds = [re.sub(r"_\d+$", "", layer.name) for layer in found]
    for position, (layer, kind) in enumerate(zip(found, kinds, strict=True)):
        layer.name = f"{kind}_{kinds[:position].count(kind) + 1}"
    return found


class _Maker:
    """Makes layers whose initial weights follow from one seed, whatever else drew random numbers before."""

    def __init__(self, study: Study, seed: int, precision: str, conditions: int) -> None:
        self._study = study
        # a stream of its own: the trainer orders images by [seed, epoch]
        self._rng = np.random.default_rng([seed, 2**31])
        self._precision = precision
        self._conditions = conditions

    def next_seed(self) -> int:
        return int(self._rng.integers(2**31 - 1))

    def layer(self, kind: type[keras.Layer], *args: object, **options: object) -> keras.Layer:
        seed = self.next_seed()
        normal = self._study.initial == "normal"
        initial = (
            # as in the DCGAN paper, section 4
            keras.initializers.RandomNormal(stddev=0.02, seed=seed)
            if normal
            else keras.initializers.GlorotUniform(seed=seed)
        )
        return kind(*args, **{"kernel_initializer": initial, "dtype": self._precision, **options})

    def conv(self, filters: int, kernel: int, strides: int, *, spectral: bool, use_bias: bool) -> keras.Layer:
        if spectral:
            return self.layer(SpectralConv2D, filters, kernel, strides=strides, use_bias=use_bias)
        return self.layer(Conv2D, filters, kernel, strides=strides, padding="same", use_bias=use_bias)

    def dense(self, units: int, *, spectral: bool, **options: object) -> keras.Layer:
        return self.layer(SpectralDense if spectral else layers.Dense, units, **options)

    def batch_norm(self) -> keras.Layer:
        kind = ConditionalBatchNormalization if self._conditions else BatchNormalization
        return kind(momentum=self._study.bn_momentum, dtype=self._precision)

    def plain_batch_norm(self) -> keras.Layer:
        return BatchNormalization(momentum=self._study.bn_momentum, dtype=self._precision)

    def layer_norm(self) -> keras.Layer:
        return layers.LayerNormalization(axis=(1, 2, 3), epsilon=1e-5, dtype=self._precision)
