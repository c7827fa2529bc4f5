"""The nearest image: copies that were mirrored, turned, coded or shifted are near, likeness is not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from benchmark.quality import closest


def textures(n: int, seed: int = 0) -> np.ndarray:
    """Smooth pictures, uint8 `(n, 32, 32, 3)`."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (n, 6, 6, 3), np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((32, 32), Image.Resampling.BICUBIC)) for one in small])


def jpeg(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=60)
    return np.asarray(Image.open(file))


CHANGES = {
    "mirrored": lambda image: image[:, ::-1],
    "upside down": lambda image: image[::-1],
    "turned": lambda image: np.rot90(image),
    "negative": lambda image: 255 - image,
    "brighter": lambda image: np.clip(image.astype(int) // 2 + 90, 0, 255).astype(np.uint8),
    "JPEG": jpeg,
    "shifted": lambda image: np.roll(image, 1, axis=1),
    "noisy": lambda image: np.clip(image + np.random.default_rng(0).normal(0, 8, image.shape), 0, 255).astype(np.uint8),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_changed_copies_are_near_and_others_are_not(change):
    images = textures(200)
    changed = np.stack([CHANGES[change](image) for image in images[:40]])
    found = closest.by_outline(closest.outlines(changed), closest.outlines(images))
    np.testing.assert_array_equal(found.at, np.arange(40))
    assert np.quantile(found.ratio, 0.95) < 0.5
    others = closest.by_outline(closest.outlines(textures(40, seed=1)), closest.outlines(images))
    assert np.quantile(others.ratio, 0.05) > 0.5


def test_images_of_its_own_unit_are_not_looked_at():
    images = np.repeat(textures(30), 2, axis=0)
    outlines, units = closest.outlines(images), np.arange(60) // 2
    assert closest.by_outline(outlines, outlines).ratio.max() < 0.05
    found = closest.by_outline(outlines, outlines, units, units)
    assert (units[found.at] != units).all()
    assert found.ratio.min() > 0.3


def test_by_features_is_brute_force():
    rng = np.random.default_rng(0)
    features, pool = rng.normal(size=(20, 5)), rng.normal(size=(50, 5))
    distances = np.linalg.norm(features[:, None] - pool, axis=2)
    found = closest.by_features(features, pool)
    np.testing.assert_array_equal(found.at, distances.argmin(axis=1))
    np.testing.assert_allclose(found.ratio, distances.min(axis=1) / np.sort(distances, axis=1)[:, 9])


def test_flat_and_small_images_have_no_nan():
    flat = np.full((12, 4, 6, 1), 7, np.uint8)
    found = closest.by_outline(closest.outlines(flat), closest.outlines(flat))
    assert np.isfinite(found.ratio).all()
    alone = closest.outlines(textures(1))
    assert closest.by_outline(alone, alone, np.zeros(1, int), np.zeros(1, int)).ratio.tolist() == [1.0]
