"""The Inception network of the FID, described once: the description is read for its arrays' shapes and to build it.

Keras is imported when the network is built, so that a file of weights can be checked without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, TypeVar

import numpy as np

SIDE = 299  # pixels
WIDTH = 2048  # features
CLASSES = 1008  # of the last layer, which is not used
EPSILON = 1e-3  # of batch normalisation

T = TypeVar("T")
Kernel = int | tuple[int, int]


class Parts(Protocol[T]):
    """What the network is put together from; `T` is what one part hands to the next."""

    def conv(self, x: T, name: str, width: int, kernel: Kernel, stride: int = 1, padding: str = "same") -> T:
        """A convolution without bias, batch normalisation and a rectifier."""

    def max_pool(self, x: T, stride: int) -> T:
        """The largest of 3x3: with stride 2 without padding, with stride 1 the same size."""

    def average_pool(self, x: T) -> T:
        """The mean of those of 3x3 that lie in the map, the same size."""

    def join(self, branches: Sequence[T]) -> T:
        """The branches' channels after each other."""


def maps(parts: Parts[T], x: T) -> T:
    """Follows an image `(299, 299, 3)` to its last map `(8, 8, 2048)`, whose mean over places are the features.

    It is the 2015 network with batch normalisation: in `Mixed_7c` the pooling branch takes the largest value where
    `Mixed_7b` takes the mean, and a mean at the border is over the places inside. Names are those that the weights
    have in PyTorch.

    References:
        Szegedy et al. (2016), Rethinking the Inception architecture for computer vision, table 1, figures 5 to 10.
        Heusel et al. (2017), GANs trained by a two time-scale update rule (its last pooling layer as features).
    """
    x = parts.conv(x, "Conv2d_1a_3x3", 32, 3, 2, "valid")
    x = parts.conv(x, "Conv2d_2a_3x3", 32, 3, 1, "valid")
    x = parts.max_pool(parts.conv(x, "Conv2d_2b_3x3", 64, 3), 2)
    x = parts.conv(x, "Conv2d_3b_1x1", 80, 1)
    x = parts.max_pool(parts.conv(x, "Conv2d_4a_3x3", 192, 3, 1, "valid"), 2)
    for name, width in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        x = _fives(parts, x, name, width)
    x = _shrink_to_17(parts, x, "Mixed_6a")
    for name, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        x = _sevens(parts, x, name, width)
    x = _shrink_to_8(parts, x, "Mixed_7a")
    x = _fans(parts, x, "Mixed_7b", parts.average_pool)
    return _fans(parts, x, "Mixed_7c", lambda each: parts.max_pool(each, 1))


def _chain(parts: Parts[T], x: T, *steps: tuple[str, int, Kernel]) -> T:
    for name, width, kernel in steps:
        x = parts.conv(x, name, width, kernel)
    return x


def _fives(parts: Parts[T], x: T, at: str, pooled: int) -> T:
    one = parts.conv(x, f"{at}.branch1x1", 64, 1)
    five = _chain(parts, x, (f"{at}.branch5x5_1", 48, 1), (f"{at}.branch5x5_2", 64, 5))
    twice = _twice(parts, x, at)
    twice = parts.conv(twice, f"{at}.branch3x3dbl_3", 96, 3)
    return parts.join([one, five, twice, parts.conv(parts.average_pool(x), f"{at}.branch_pool", pooled, 1)])


def _twice(parts: Parts[T], x: T, at: str) -> T:
    return _chain(parts, x, (f"{at}.branch3x3dbl_1", 64, 1), (f"{at}.branch3x3dbl_2", 96, 3))


def _shrink_to_17(parts: Parts[T], x: T, at: str) -> T:
    three = parts.conv(x, f"{at}.branch3x3", 384, 3, 2, "valid")
    twice = parts.conv(_twice(parts, x, at), f"{at}.branch3x3dbl_3", 96, 3, 2, "valid")
    return parts.join([three, twice, parts.max_pool(x, 2)])


def _sevens(parts: Parts[T], x: T, at: str, width: int) -> T:
    wide, high = (1, 7), (7, 1)
    one = parts.conv(x, f"{at}.branch1x1", 192, 1)
    name = f"{at}.branch7x7"
    seven = _chain(parts, x, (f"{name}_1", width, 1), (f"{name}_2", width, wide), (f"{name}_3", 192, high))
    twice = _chain(parts, x, (f"{name}dbl_1", width, 1), (f"{name}dbl_2", width, high), (f"{name}dbl_3", width, wide))
    twice = _chain(parts, twice, (f"{name}dbl_4", width, high), (f"{name}dbl_5", 192, wide))
    return parts.join([one, seven, twice, parts.conv(parts.average_pool(x), f"{at}.branch_pool", 192, 1)])


def _shrink_to_8(parts: Parts[T], x: T, at: str) -> T:
    three = parts.conv(x, f"{at}.branch3x3_1", 192, 1)
    three = parts.conv(three, f"{at}.branch3x3_2", 320, 3, 2, "valid")
    name = f"{at}.branch7x7x3"
    seven = _chain(parts, x, (f"{name}_1", 192, 1), (f"{name}_2", 192, (1, 7)), (f"{name}_3", 192, (7, 1)))
    seven = parts.conv(seven, f"{name}_4", 192, 3, 2, "valid")
    return parts.join([three, seven, parts.max_pool(x, 2)])


def _fans(parts: Parts[T], x: T, at: str, pool: Callable[[T], T]) -> T:
    one = parts.conv(x, f"{at}.branch1x1", 320, 1)
    three = parts.conv(x, f"{at}.branch3x3_1", 384, 1)
    three = _fan(parts, three, f"{at}.branch3x3_2")
    twice = _chain(parts, x, (f"{at}.branch3x3dbl_1", 448, 1), (f"{at}.branch3x3dbl_2", 384, 3))
    twice = _fan(parts, twice, f"{at}.branch3x3dbl_3")
    return parts.join([one, three, twice, parts.conv(pool(x), f"{at}.branch_pool", 192, 1)])


def _fan(parts: Parts[T], x: T, name: str) -> T:
    return parts.join([parts.conv(x, f"{name}a", 384, (1, 3)), parts.conv(x, f"{name}b", 384, (3, 1))])


@dataclass
class _Shapes:
    """Counts channels, and notes the shape `(out, in, height, width)` of every kernel."""

    found: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def conv(self, x: int, name: str, width: int, kernel: Kernel, stride: int = 1, padding: str = "same") -> int:
        self.found[name] = (width, x, *_pair(kernel))
        return width

    def max_pool(self, x: int, stride: int) -> int:
        return x

    def average_pool(self, x: int) -> int:
        return x

    def join(self, branches: Sequence[int]) -> int:
        return sum(branches)


@dataclass
class _Layers:
    """Puts Keras layers together, batch normalisation folded into kernel and bias."""

    arrays: dict[str, np.ndarray]

    def conv(self, x: Any, name: str, width: int, kernel: Kernel, stride: int = 1, padding: str = "same") -> Any:
        from keras import layers

        layer = layers.Conv2D(
            width, _pair(kernel), strides=stride, padding=padding, activation="relu",
            kernel_initializer="zeros", name=name.replace(".", "_"),
        )  # fmt: skip
        x = layer(x)
        layer.set_weights(folded(self.arrays, name))
        return x

    def max_pool(self, x: Any, stride: int) -> Any:
        from keras import layers

        return layers.MaxPooling2D(3, strides=stride, padding="same" if stride == 1 else "valid")(x)

    def average_pool(self, x: Any) -> Any:
        from keras import layers

        return layers.AveragePooling2D(3, strides=1, padding="same")(x)  # which does not count the padding

    def join(self, branches: Sequence[Any]) -> Any:
        from keras import layers

        return layers.Concatenate()(branches)


def build(arrays: dict[str, np.ndarray]) -> Any:
    """Returns the Keras model: float32 `(n, 299, 299, 3)` in [-1, 1] -> float32 `(n, 2048)`.

    Args:
        arrays: By PyTorch's names, with the shapes of `shapes()`.
    """
    import keras

    images = keras.Input((SIDE, SIDE, 3))
    features = keras.layers.GlobalAveragePooling2D()(maps(_Layers(arrays), images))
    model = keras.Model(images, features, name="inception")
    model.compile(jit_compile=False)  # compiling it takes longer than it saves
    return model


def folded(arrays: dict[str, np.ndarray], name: str) -> list[np.ndarray]:
    """Returns kernel `(height, width, in, out)` and bias `(out,)` of a convolution with its batch normalisation."""
    kernel = arrays[f"{name}.conv.weight"].astype(np.float64)
    scale, shift, mean, variance = (
        arrays[f"{name}.bn.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = scale / np.sqrt(variance + EPSILON)
    kernel = kernel.transpose(2, 3, 1, 0) * scale
    return [kernel.astype(np.float32), (shift - mean * scale).astype(np.float32)]


@cache
def shapes() -> dict[str, tuple[int, ...]]:
    """Returns the shape of every array that the network needs, by PyTorch's names."""
    noted = _Shapes()
    maps(noted, 3)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, kernel in noted.found.items():
        shapes[f"{name}.conv.weight"] = kernel
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.bn.{part}"] = kernel[:1]
    return shapes


def _pair(kernel: Kernel) -> tuple[int, int]:
    return (kernel, kernel) if isinstance(kernel, int) else kernel
