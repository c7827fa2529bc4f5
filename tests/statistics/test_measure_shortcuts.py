"""What draws of one pool share is found once, and changes nothing of what is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from measure_shortcuts import clean, pool, remember, remembered

from detection.features.traces import chroma, jpeg


def test_descriptors_are_found_once_for_each_image():
    asked = []

    def of(images: np.ndarray, scale: int) -> np.ndarray:
        asked.append(len(images))
        return images.mean(axis=(1, 2, 3)) * scale

    images = np.random.default_rng(0).integers(0, 255, (6, 4, 4, 1), dtype=np.uint8)
    again = remembered(of)
    np.testing.assert_allclose(again(images[:4], 2), of(images[:4], 2))
    np.testing.assert_allclose(again(images[2:], 2), of(images[2:], 2))
    assert asked == [4, 4, 2, 4], "the two that both had were known"
    np.testing.assert_allclose(again(images, 3), of(images, 3))


def test_a_pool_says_the_same_with_and_without_memory(monkeypatch: pytest.MonkeyPatch):
    jobs = [("digits", fakes, 2000) for fakes in ("real-copy", "gaussian")]
    without = [clean(job, Path(), 300) for job in jobs]
    for module, name in ((jpeg, "jpeg_quality"), (jpeg, "shows"), (chroma, "chroma_halved")):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back afterwards
    remember()
    assert [clean(job, Path(), 300) for job in jobs] == without
    images, samples = pool("digits", Path(), 300)
    assert images.shape == samples.shape == (300, 8, 8, 1)
