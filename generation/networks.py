"""Generator and discriminator networks, built from a study. Imports Keras: import this inside functions
only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import keras
import numpy as np
from keras import layers

from generation.layers import BatchNormalization, Dropout
from generation.studies import Study

SLOPE = 0.2  # of LeakyReLU, as in the DCGAN paper


def build_generator(
    study: Study, image_shape: tuple[int, ...], times: int, *, seed: int = 0, precision: str = "float32"
) -> keras.Sequential:
    """Returns an untrained generator: latent `(batch, latent_dim)` -> images `(batch, height, width,
    channels)`.

    Images are float32 in [-1, 1] for a study with `output="tanh"` and in [0, 1] for `"sigmoid"`.

    Args:
        study: The architecture.
        image_shape: `(height, width, channels)`.
        times: How often the smallest feature map is doubled, from `generation.studies.doublings`.
        seed: Seed of the initial weights. Defaults to `0`.
        precision: Keras dtype policy. Defaults to `"float32"`.

    References:
        Radford, Metz, Chintala (2016), Unsupervised representation learning with deep convolutional
        generative adversarial networks, section 3.
    """
    made = _Maker(study, seed, precision)
    stack = (
        _mnist_1d_generator(made, study) if study.family == "mnist-1d" else _generator(made, study, image_shape, times)
    )
    # The last activation stays in float32 under mixed precision, so that images keep all their grey levels.
    end = layers.Activation(study.output, dtype="float32")
    return keras.Sequential([layers.Input((study.latent_dim,)), *_named([*stack, end])], name="generator")


def build_discriminator(
    study: Study, image_shape: tuple[int, ...], times: int, *, seed: int = 0, precision: str = "float32"
) -> keras.Sequential:
    """Returns an untrained discriminator: images `(batch, height, width, channels)` -> logits `(batch, 1)`,
    real is high.

    Args are those of `build_generator`; the images are in the generator's range.
    """
    made = _Maker(study, seed, precision)
    stack = _mnist_1d_discriminator(made) if study.family == "mnist-1d" else _discriminator(made, study, times)
    end = [layers.Flatten(), made.layer(layers.Dense, 1, dtype="float32")]
    return keras.Sequential([layers.Input(image_shape), *_named([*stack, *end])], name="discriminator")


# A bias before batch normalisation would be cancelled by it, so the family `dcgan` has none there.


def _generator(made: _Maker, study: Study, image_shape: tuple[int, ...], times: int) -> Iterator[keras.Layer]:
    height, width, channels = image_shape
    bottom = (height // 2**times, width // 2**times)
    widths = _widths(study, times, study.width)[::-1]
    yield made.layer(layers.Dense, bottom[0] * bottom[1] * widths[0], use_bias=False)
    yield layers.Reshape((*bottom, widths[0]))
    yield made.batch_norm()
    yield _activation(study.leaky)
    for filters in widths[1:]:
        yield from _doubled(made, study, filters, use_bias=False)
        yield made.batch_norm()
        yield _activation(study.leaky)
    if study.head:
        yield made.layer(layers.Conv2D, channels, 3, padding="same")
    else:
        yield from _doubled(made, study, channels)


def _discriminator(made: _Maker, study: Study, times: int) -> Iterator[keras.Layer]:
    widths = _widths(study, times, study.discriminator_width)
    for position, filters in enumerate(widths):
        normalised = position > 0  # not the images' own layer, as in the DCGAN paper
        if study.head and position == 0:
            yield made.layer(layers.Conv2D, filters, 3, padding="same")
        else:
            yield made.layer(layers.Conv2D, filters, 4, strides=2, padding="same", use_bias=not normalised)
        if normalised:
            yield made.batch_norm()
        yield layers.LeakyReLU(negative_slope=SLOPE)
        if study.dropout:
            yield Dropout(study.dropout, seed=made.next_seed())


def _mnist_1d_generator(made: _Maker, study: Study) -> Iterator[keras.Layer]:
    yield made.layer(layers.Dense, 256)
    yield layers.Reshape((1, 1, 256))
    for filters, strides in ((256, 1), (128, 1), (64, 2), (32, 1)):  # -> 5, 9, 21, 25
        yield made.layer(layers.Conv2DTranspose, filters, 5, strides=strides)
        yield _activation(study.leaky)
        yield made.batch_norm()
    yield made.layer(layers.Conv2DTranspose, 1, 4)  # -> 28


def _mnist_1d_discriminator(made: _Maker) -> Iterator[keras.Layer]:
    for filters, kernel in ((64, 3), (128, 5), (256, 5)):  # -> 13, 5, 1
        yield made.layer(layers.Conv2D, filters, kernel, strides=2)
        yield layers.LeakyReLU(negative_slope=SLOPE)
        yield made.batch_norm()


def _doubled(made: _Maker, study: Study, filters: int, *, use_bias: bool = True) -> Iterator[keras.Layer]:
    if study.upsampling == "nearest":
        yield layers.UpSampling2D()
        yield made.layer(layers.Conv2D, filters, 3, padding="same", use_bias=use_bias)
    else:
        yield made.layer(layers.Conv2DTranspose, filters, 4, strides=2, padding="same", use_bias=use_bias)


def _widths(study: Study, times: int, width: int) -> list[int]:
    """Channels of the feature maps, from the image's end to the smallest map."""
    return [width * min(2**level, 8) for level in range(times + study.head)]


def _activation(leaky: bool) -> keras.Layer:
    return layers.LeakyReLU(negative_slope=SLOPE) if leaky else layers.ReLU()


def _named(stack: Iterable[keras.Layer]) -> list[keras.Layer]:
    """Numbers the layers of a network by kind, so that their names do not depend on what was built before."""
    found = list(stack)
    kinds = [re.sub(r"_\d+$", "", layer.name) for layer in found]
    for position, (layer, kind) in enumerate(zip(found, kinds, strict=True)):
        layer.name = f"{kind}_{kinds[:position].count(kind) + 1}"
    return found


class _Maker:
    """Makes layers whose initial weights follow from one seed, whatever else drew random numbers before."""

    def __init__(self, study: Study, seed: int, precision: str) -> None:
        self._study = study
        self._rng = np.random.default_rng([seed, 2**31])
        self._precision = precision

    def next_seed(self) -> int:
        return int(self._rng.integers(2**31 - 1))

    def layer(self, kind: type[keras.Layer], *args: object, **options: object) -> keras.Layer:
        seed = self.next_seed()
        normal = self._study.initial == "normal"
        initial = (
            keras.initializers.RandomNormal(stddev=0.02, seed=seed)
            if normal
            else keras.initializers.GlorotUniform(seed=seed)
        )
        return kind(*args, **{"kernel_initializer": initial, "dtype": self._precision, **options})

    def batch_norm(self) -> keras.Layer:
        return BatchNormalization(momentum=self._study.bn_momentum, dtype=self._precision)
