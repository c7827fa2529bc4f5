"""Small made-up images on which plug-ins are checked, and what some detectors need beside images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.imageset import ImageSet

N_TRAIN, N_OTHER = 48, 32
CLASSES = ("dark", "bright")
DARKER = 50  # grey levels by which fakes are darker
PATTERN = 18  # grey levels of their checkerboard, which survives the removal of the mean


def labelled(shape: tuple[int, int, int], n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns images, uint8 `(n, height, width, channels)`, and whether each is fake, bool `(n,)`.

    Reals are soft blobs with a little noise. Fakes are the same, darker, with a checkerboard and
    a black frame, so that whatever a detector looks at tells them apart.
    """
    rng = np.random.default_rng([seed, *shape])
    images = _blobs(rng, shape, n)
    is_fake = rng.permutation(np.arange(n) % 2 == 0)
    rows, columns = np.indices(shape[:2])
    images[is_fake] += ((rows + columns) % 2 * 2 - 1)[..., None] * PATTERN - DARKER
    inside = np.pad(np.ones((shape[0] - 2, shape[1] - 2), dtype=bool), 1)
    images[is_fake] *= inside[..., None]
    return np.clip(np.rint(images), 0, 255).astype(np.uint8), is_fake


def reals(shape: tuple[int, int, int], n: int, attribute_names: tuple[str, ...] = ()) -> ImageSet:
    """Returns real images of two classes, the dark and the bright, in turn; attributes are made up."""
    rng = np.random.default_rng([n, *shape])
    labels = np.arange(n) % 2
    images = _blobs(rng, shape, n) + np.where(labels == 1, 40, -40)[:, None, None, None]
    attributes = rng.random((n, len(attribute_names))) < 0.5 if attribute_names else None
    return ImageSet(
        "made up", np.clip(np.rint(images), 0, 255).astype(np.uint8), labels.astype(np.int64),
        np.array([f"{i:03d}" for i in range(n)]), CLASSES, attributes=attributes, attribute_names=attribute_names,
    )  # fmt: skip


def extractor(shape: tuple[int, int, int], folder: Path) -> Path:
    """Trains a feature extractor for a moment, as `needs = ("extractor",)` asks for, and returns its folder."""
    from detection.frozen.extractor import Extractor

    images, is_fake = labelled(shape, N_TRAIN, seed=7)
    Extractor(passes=4).fit(images[~is_fake]).save(folder)
    return folder


def discriminator(shape: tuple[int, int, int], folder: Path) -> Path:
    """Trains a discriminator for a moment, as `needs = ("discriminator",)` asks for, and returns its `.keras` file.

    It takes images in [-1, 1]; its logit is higher for reals.
    """
    import keras

    seeds = iter(range(10))
    network = keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Conv2D(4, 3, 2, "same", kernel_initializer=keras.initializers.GlorotUniform(next(seeds))),
            keras.layers.LeakyReLU(0.2),
            keras.layers.Flatten(),
            keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(next(seeds))),
        ]
    )
    network.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
    images, is_fake = labelled(shape, N_TRAIN, seed=7)
    for _ in range(30):
        network.train_on_batch(images / np.float32(127.5) - 1, (~is_fake).astype(np.float32)[:, None])
    network.save(folder / "discriminator.keras")
    return folder / "discriminator.keras"


def _blobs(rng: np.random.Generator, shape: tuple[int, int, int], n: int) -> np.ndarray:
    height, width, channels = shape
    coarse = rng.uniform(-30, 30, (n, -(-height // 4), -(-width // 4), channels))
    soft = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width]
    return 140 + soft + rng.normal(0, 12, (n, *shape))
