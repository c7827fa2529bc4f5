"""The batches that network detectors learn from: which images, and what augmentation makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data import perturb


def balanced_batches(is_fake: np.ndarray, batch_size: int, rng: np.random.Generator) -> np.ndarray:
    """Draws one epoch of batches of positions, int64 `(batches, batch_size)`.

    The first half of each row is real, the rest fake.

    Every image of the larger class comes once, up to the rounding to whole batches; the smaller one repeats
    in permuted rounds.
    """
    half = batch_size // 2
    reals, fakes = np.flatnonzero(~is_fake), np.flatnonzero(is_fake)
    batches = max(1, round(max(len(reals), len(fakes)) / half))
    sides = [_rounds(members, batches * half, rng).reshape(batches, half) for members in (reals, fakes)]
    return np.concatenate(sides, axis=1)


def plain_batches(n: int, batch_size: int, rng: np.random.Generator) -> np.ndarray:
    """Draws one epoch of batches of positions, int64 `(batches, batch_size)`, in the proportion that the classes have.

    Every image comes once, up to the rounding to whole batches: all are of one size, so that a network's training step
    is compiled once.
    """
    batches = max(1, round(n / batch_size))
    return _rounds(np.arange(n), batches * batch_size, rng).reshape(batches, batch_size)


def class_weights(is_fake: np.ndarray) -> np.ndarray:
    """Returns a weight per image, float32 `(n,)`: `n / (2 n_class)`. Both classes weigh the same, and the mean is 1."""
    n_fake = int(is_fake.sum())
    n_real = len(is_fake) - n_fake
    return np.where(is_fake, len(is_fake) / (2 * n_fake), len(is_fake) / (2 * n_real)).astype(np.float32)


def augment(images: np.ndarray, rng: np.random.Generator, shift: int, mirror: bool) -> np.ndarray:
    """Returns images `(n, h, w, c)`, each mirrored with probability 1/2 and shifted by up to `shift` pixels.

    What moves in is the border line, repeated. The input is not changed.
    """
    n, height, width, _ = images.shape
    flips = (rng.random((n, 1)) < 0.5) & mirror
    down = rng.integers(-shift, shift + 1, (n, 1))
    right = rng.integers(-shift, shift + 1, (n, 1))
    rows = np.clip(np.arange(height) + down, 0, height - 1)
    columns = np.clip(np.arange(width) + right, 0, width - 1)
    columns = np.where(flips, width - 1 - columns, columns)
    return images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def blurred(images: np.ndarray, rng: np.random.Generator, probability: float, largest: float) -> np.ndarray:
    """Returns uint8 images, each blurred with a probability, its sigma uniform in [0, `largest`] pixels.

    Probability 0 draws nothing from `rng`.
    """
    if not probability:
        return images
    chosen, sigma = rng.random(len(images)) < probability, rng.uniform(0, largest, len(images))
    return perturb.blur(images, np.where(chosen, sigma, 0))


def compressed(images: np.ndarray, rng: np.random.Generator, probability: float, quality: Sequence[int]) -> np.ndarray:
    """Returns uint8 images, each JPEG-compressed with a probability, its quality uniform between the two given ones.

    Probability 0 draws nothing from `rng`.
    """
    if not probability:
        return images
    chosen, drawn = rng.random(len(images)) < probability, rng.integers(quality[0], quality[1] + 1, len(images))
    out = images.copy()
    out[chosen] = perturb.jpeg(images[chosen], drawn[chosen])
    return out


def _rounds(members: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    rounds = -(-n // len(members))
    return np.concatenate([rng.permutation(members) for _ in range(rounds)])[:n]
