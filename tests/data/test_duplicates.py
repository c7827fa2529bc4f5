from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data import near_duplicates as near
from data.chains import join
from data.duplicates import exact_duplicates, find_copies


def pictures(n: int, size: int = 32, seed: int = 0) -> np.ndarray:
    """Smooth random pictures, uint8 `(n, size, size, 3)`."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 9, 9, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(c).resize((size, size), Image.Resampling.BICUBIC)) for c in coarse])


def jpeg(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=60)
    return np.asarray(Image.open(file))


@given(st.lists(st.integers(0, 5), max_size=40))
def test_exact_duplicates_point_at_the_first(values):
    images = np.array(values, np.uint8).reshape(-1, 1, 1, 1)
    assert exact_duplicates(images).tolist() == [values.index(value) for value in values]


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_join_is_the_transitive_closure(pairs):
    label = list(range(20))
    for _ in range(20):
        for a, b in pairs:
            label[a] = label[b] = min(label[a], label[b])
    assert join(20, np.array(pairs, np.int64).reshape(-1, 2)).tolist() == label


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_proposals_are_all_pairs_of_near_hashes(seed):
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**63, 40, dtype=np.uint64)
    for i in range(20):  # neighbours of neighbours, by flipping 1 to 12 bits
        flips = rng.choice(64, int(rng.integers(1, 13)), replace=False)
        hashes[20 + i] = hashes[rng.integers(0, 20 + i)] ^ np.bitwise_or.reduce(np.uint64(1) << flips.astype(np.uint64))
    expected = [(i, j) for i in range(40) for j in range(i + 1, 40) if (hashes[i] ^ hashes[j]).bit_count() <= near.BITS]
    found = np.concatenate(list(near._proposed(hashes)))
    assert [tuple(pair) for pair in found.tolist()] == expected


def test_correlation_is_that_of_the_overlap():
    rng = np.random.default_rng(0)
    a, b = rng.normal(128, 40, (2, 1, 32, 32, 3)).astype(np.float32)
    b[:, 2:, :-1] = a[:, :-2, 1:] + rng.normal(0, 5, (1, 30, 31, 3))
    best = 0.0
    for dy in range(-3, 4):
        for dx in range(-3, 4):
            x = a[0, max(dy, 0) : 32 + min(dy, 0), max(dx, 0) : 32 + min(dx, 0)].astype(float)
            y = b[0, max(-dy, 0) : 32 + min(-dy, 0), max(-dx, 0) : 32 + min(-dx, 0)].astype(float)
            x, y = x - x.mean(axis=(0, 1)), y - y.mean(axis=(0, 1))
            best = max(best, (x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))
    assert near._correlation(a, b)[0] == pytest.approx(best, abs=1e-6)
    assert best > 0.95


@pytest.mark.parametrize("size", [32, 48, 64])
@pytest.mark.parametrize(
    ("alter", "at_least"),
    [
        (jpeg, 30),
        (lambda image: np.clip(image.astype(int) + 25, 0, 255).astype(np.uint8), 30),
        (lambda image: (image * 0.7 + 20).astype(np.uint8), 30),
        (lambda image: np.roll(image, 1, axis=1), 25),  # the hash does not propose every moved picture
    ],
    ids=["jpeg", "brighter", "flatter", "moved"],
)
def test_altered_copies_are_found_and_others_are_not(size, alter, at_least):
    images = pictures(60, size)
    images = np.concatenate([images, np.stack([alter(image) for image in images[:30]])])
    copies = find_copies(images)
    assert (copies.near[60:] == np.arange(30)).sum() >= at_least
    assert ((copies.near[60:] == np.arange(30)) | (copies.near[60:] == np.arange(60, 90))).all()
    assert copies.near[:60].tolist() == list(range(60))
    assert len(set(copies.exact.tolist())) == 90


def test_below_32_pixels_only_equal_pixels_count():
    images = pictures(5, 28)
    images = np.concatenate([images, np.stack([jpeg(image) for image in images]), images[:1]])
    assert find_copies(images).near.tolist() == [*range(10), 0]


def test_flat_images_are_no_copies_of_each_other():
    images = np.zeros((300, 32, 32, 3), np.uint8) + np.arange(100, dtype=np.uint8).repeat(3)[:, None, None, None]
    assert len(set(find_copies(images).near.tolist())) == 100


def test_film_is_one_set():
    rng = np.random.default_rng(0)
    frames = np.clip(pictures(1)[0].astype(int) + rng.integers(-9, 9, (200, 32, 32, 3)), 0, 255).astype(np.uint8)
    assert set(find_copies(frames).near.tolist()) == {0}
