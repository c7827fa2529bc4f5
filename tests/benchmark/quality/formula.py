"""Weights and images from a formula of integers, the same on every machine, for tests of the Inception network.

They need neither a random number generator nor a file: a number is the mixed bits of its position (the finaliser of
SplitMix64; Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators, figure 19).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping

import numpy as np


def uniform(name: str, count: int) -> np.ndarray:
    """Returns `count` numbers in [0, 1), float64, that depend on nothing but the name and their position."""
    z = np.arange(count, dtype=np.uint64) + np.uint64(zlib.crc32(name.encode()) << 32)
    with np.errstate(over="ignore"):
        z = z * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**53


def weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Returns float32 arrays under which activations keep their size through the layers."""
    arrays = {}
    for name, shape in shapes.items():
        numbers = uniform(name, math.prod(shape)).reshape(shape)
        if name.endswith("conv.weight"):
            array = (2 * numbers - 1) * math.sqrt(6 / math.prod(shape[1:]))
        elif name.endswith(("bn.weight", "bn.running_var")):
            array = 0.7 + 0.6 * numbers
        else:
            array = 0.4 * numbers - 0.2
        arrays[name] = array.astype(np.float32)
    return arrays


def images(n: int, height: int, width: int, channels: int = 3, name: str = "images") -> np.ndarray:
    """Returns uint8 images `(n, height, width, channels)`: blocks of colour under noise, each of another contrast."""
    noise = uniform(name, n * height * width * channels).reshape(n, height, width, channels)
    coarse = uniform(f"{name} coarse", n * 16 * channels).reshape(n, 4, 4, channels)
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    mixed = 0.75 * coarse[:, rows][:, :, columns] + 0.25 * noise
    contrast = (0.4 + 0.6 * uniform(f"{name} contrast", n))[:, None, None, None]
    return np.floor((0.5 + (mixed - 0.5) * contrast) * 256).clip(0, 255).astype(np.uint8)
