from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import zoom

from benchmark.quality.planted import changes
from data.chains import join
from data.copies import spectra
from data.copies_between import between
from data.duplicates import exact_duplicates, find_copies
from data.near_duplicates import reduced
from data.sources.digits import Digits


def pictures(n: int, size: int = 32, seed: int = 0) -> np.ndarray:
    """Smooth random pictures, uint8 `(n, size, size, 3)`."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 9, 9, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(c).resize((size, size), Image.Resampling.BICUBIC)) for c in coarse])


def textured(n: int, size: int = 32, seed: int = 5) -> np.ndarray:
    """Random pictures with details of several sizes, uint8 `(n, size, size, 3)`."""
    rng = np.random.default_rng(seed)
    made = np.zeros((n, size, size, 3))
    for side, weight in ((4, 1.0), (8, 0.6), (16, 0.35)):
        coarse = rng.normal(0, weight, (n, side, side, 1)) + rng.normal(0, weight / 3, (n, side, side, 3))
        made += zoom(coarse, (1, size / side, size / side, 1), order=1)
    return np.clip(128 + 45 * made, 0, 255).astype(np.uint8)


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


@pytest.mark.parametrize("size", [32, 48, 64])
@pytest.mark.parametrize(
    ("alter", "at_least"),
    [
        (jpeg, 30),
        (lambda image: np.clip(image.astype(int) + 25, 0, 255).astype(np.uint8), 30),
        (lambda image: (image * 0.7 + 20).astype(np.uint8), 30),
        (lambda image: np.roll(image, 1, axis=1), 30),
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


@pytest.mark.parametrize("name", list(changes((28, 28, 3), small=True)))
def test_below_32_pixels_what_can_be_undone_is_found(name):
    images = pictures(40, 28)
    rng = np.random.default_rng(0)
    copies = np.stack([changes((28, 28, 3))[name](image, rng) for image in images])
    assert find_copies(np.concatenate([images, copies])).near.tolist() == [*range(40)] * 2


def test_below_32_pixels_a_move_before_an_even_background_is_undone():
    images = np.pad(pictures(20, 12), ((0, 0), (2, 2), (2, 2), (0, 0)))
    moved = np.roll(images, (1, -2), (1, 2))
    darker = images // 2
    assert find_copies(np.concatenate([images, moved])).near.tolist() == [*range(20)] * 2
    assert find_copies(np.concatenate([images, darker])).near.tolist() == [*range(20)] * 2


def test_no_digits_are_merged():
    images = Digits().load([]).images
    assert find_copies(images).near.tolist() == list(range(len(images)))


def test_shapes_without_levels_are_no_copies_below_32_pixels():
    images = np.zeros((10, 8, 8, 1), np.uint8)
    images[np.arange(10), *np.triu_indices(4)] = 255  # one dot each, none where another's mirror image has it
    assert find_copies(images).near.tolist() == list(range(10))


@pytest.mark.parametrize("name", list(changes((32, 32, 3))))
def test_changed_copies_are_found(name):
    images = textured(60)
    rng = np.random.default_rng(0)
    copies = np.stack([changes((32, 32, 3))[name](image, rng) for image in images])
    near = find_copies(np.concatenate([images, copies])).near
    assert near[:60].tolist() == list(range(60))
    assert (near[60:] == np.arange(60)).mean() >= 0.9
    assert np.isin(near[60:], [np.arange(60), np.arange(60, 120)]).all()


def test_changes_in_turn_are_found():
    images = textured(60)
    rng = np.random.default_rng(0)
    known = changes((32, 32, 3))
    copies = np.stack([known["cropped"](known["negative"](known["turned by 90"](x, rng), rng), rng) for x in images])
    assert (find_copies(np.concatenate([images, copies])).near[60:] == np.arange(60)).mean() >= 0.9


def test_frames_of_a_slow_pan_are_one_set():
    wide = np.random.default_rng(3).integers(0, 256, (12, 24, 3), dtype=np.uint8)
    scene = np.asarray(Image.fromarray(wide).resize((96, 32), Image.Resampling.BICUBIC))
    frames = np.stack([scene[:, left : left + 32] for left in range(60)])
    assert set(find_copies(frames).near.tolist()) == {0}


@pytest.mark.parametrize("shape", [(32, 48), (64, 40)])
def test_other_shapes_and_grey_images_too(shape):
    images = np.stack(
        [np.asarray(Image.fromarray(x).resize(shape[::-1], Image.Resampling.BICUBIC)) for x in textured(30)]
    )
    images = images.mean(axis=3, keepdims=True).astype(np.uint8)
    near = find_copies(np.concatenate([images, images[:, :, ::-1]])).near
    assert near.tolist() == [*range(30)] * 2


def test_copies_between_two_sets_say_what_was_done():
    images = textured(40)
    others = np.concatenate([images[:5], images[5:10, :, ::-1], 255 - images[10:15], textured(20, seed=9)])
    found = between(images, others)
    assert found["first"].tolist() == found["second"].tolist() == list(range(15))
    assert found["how"].tolist() == ["equal"] * 5 + ["mirrored or turned"] * 5 + ["inverted"] * 5
    small = Digits().load([]).images
    found = between(small[:300], np.concatenate([255 - small[:10], small[300:400]]))
    assert found["first"].tolist() == found["second"].tolist() == list(range(10))


def test_order_of_images_does_not_matter():
    images = textured(30)
    both = np.concatenate([images, images[:, ::-1]])
    order = np.random.default_rng(0).permutation(60)
    near = find_copies(both[order]).near
    assert all((near[i] == near[j]) == (order[i] % 30 == order[j] % 30) for i in range(60) for j in range(60))


def test_every_orientation_is_a_sign_in_the_basis():
    image = textured(1).mean(axis=3, dtype=np.float32)
    basis, parts = spectra.symmetries()
    np.testing.assert_allclose(basis.T @ basis, np.eye(len(basis)), atol=1e-6)
    here = spectra.magnitudes(spectra.spectrum(image))
    ways = [image, image[:, :, ::-1], image.transpose(0, 2, 1), image.transpose(0, 2, 1)[:, :, ::-1]]
    for code, way in enumerate(ways):
        there = spectra.magnitudes(spectra.spectrum(np.ascontiguousarray(way)))
        for part, sign in zip(parts, spectra.SIGNS[code], strict=True):
            np.testing.assert_allclose(there[:, part], sign * here[:, part], atol=1e-4)


def test_flat_images_are_no_copies_of_each_other():
    images = np.zeros((300, 32, 32, 3), np.uint8) + np.arange(100, dtype=np.uint8).repeat(3)[:, None, None, None]
    assert len(set(find_copies(images).near.tolist())) == 100


def test_film_is_one_set():
    rng = np.random.default_rng(0)
    frames = np.clip(pictures(1)[0].astype(int) + rng.integers(-9, 9, (200, 32, 32, 3)), 0, 255).astype(np.uint8)
    assert set(find_copies(frames).near.tolist()) == {0}


@pytest.mark.parametrize("shape", [(8, 8, 1), (16, 16, 3), (8, 16, 3)])
def test_small_images_are_enlarged_as_pillow_does(shape):
    images = np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8)
    grey, at = reduced(images)
    assert len(at) == 40
    for image, found in zip(images, grey, strict=True):
        pixels = Image.fromarray(image.squeeze()).resize((32, 32), Image.Resampling.BOX)
        expected = np.asarray(pixels, np.float32).reshape(32, 32, -1).mean(axis=2)
        assert np.array_equal(found, expected.astype(np.float16))
