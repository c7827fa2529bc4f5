"""Every kind of perturbation keeps the same laws, and those that are named after something do that."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from data import perturb
from data.errors import UserError
from data.perturb.files import jpeg
from data.perturb.social import social

STRENGTHS = {  # from weak to strong
    "jpeg": (95, 60, 20),
    "blur": (0.4, 1, 3),
    "noise": (1, 6, 25),
    "resize": (0.85, 0.6, 0.3),
    "crop": (0.95, 0.8, 0.5),
    "brightness": (0.95, 0.7, 0.3),
    "contrast": (0.95, 0.7, 0.3),
    "saturation": (0.9, 0.5, 0),
    "social": (1, 2, 5),
    "cut": (0.9, 0.7, 0.4),
    "scale": (0.9, 0.7, 0.4),
}
CASES = [f"{kind}-{strength:g}" for kind, strengths in STRENGTHS.items() for strength in strengths]
SAME_SIZE = [name for name in CASES if perturb.keeps_size(name)]
seeds = st.integers(0, 2**32 - 1)
shapes = st.tuples(st.integers(8, 21), st.integers(8, 21), st.sampled_from([1, 3]))
some = settings(max_examples=6, deadline=None)


def pictures(seed: int, shape: tuple[int, int, int] = (24, 24, 3), n: int = 4) -> np.ndarray:
    """Soft shapes and a little grain in colours, as photographs have."""
    rng = np.random.default_rng(seed)
    soft = gaussian_filter(rng.normal(0, 1, (n, *shape)), (0, 2, 2, 0), mode="reflect")
    return np.clip(120 + 160 * soft + rng.normal(0, 6, soft.shape), 0, 255).astype(np.uint8)


def change(images: np.ndarray, name: str) -> float:
    return float(np.abs(perturb.apply(images, name).astype(float) - images).mean())


def test_every_kind_is_tried() -> None:
    assert list(STRENGTHS) == list(perturb.KINDS)


@pytest.mark.parametrize("name", [*CASES, "resize-0.5+jpeg-75", "noise-4+cut-0.75"])
@some
@given(seed=seeds, shape=shapes, data=st.data())
def test_an_image_is_the_same_in_any_batch_and_its_input_is_left(name, seed, shape, data) -> None:
    images = pictures(seed, shape, n=5)
    images.flags.writeable = False
    out = perturb.apply(images, name)
    assert out.dtype == np.uint8
    assert out.shape[3] == shape[2]
    assert (out.shape == images.shape) == perturb.keeps_size(name)
    assert not np.shares_memory(out, images)
    order = np.array(data.draw(st.permutations(range(5))))
    np.testing.assert_array_equal(perturb.apply(images[order], name), out[order])
    few = order[: data.draw(st.integers(1, 4))]
    np.testing.assert_array_equal(perturb.apply(images[few], name), out[few])


@pytest.mark.parametrize("kind", perturb.KINDS)
@some
@given(seed=seeds, shape=shapes)
def test_the_strength_of_nothing_changes_nothing(kind, seed, shape) -> None:
    images = pictures(seed, shape)
    if kind == "jpeg":  # the one that has no such strength: its coefficients are rounded to whole numbers
        assert change(images[..., :1], "jpeg-100") < 1
        return
    out = perturb.apply(images, f"{kind}-{perturb.KINDS[kind].nothing}")
    np.testing.assert_array_equal(out, images)
    assert not np.shares_memory(out, images)


@pytest.mark.parametrize("kind", [kind for kind in STRENGTHS if perturb.KINDS[kind].keeps_size])
@some
@given(seed=seeds, height=st.integers(16, 28), width=st.integers(16, 28))
def test_a_larger_strength_changes_more(kind, seed, height, width) -> None:
    images = pictures(seed, (height, width, 3), n=12)
    changes = [change(images, f"{kind}-{strength:g}") for strength in STRENGTHS[kind]]
    assert 0 < changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize("kind", ["noise", "brightness", "contrast"])
@some
@given(seed=seeds, first=st.floats(0, 1), second=st.floats(0, 1))
def test_of_levels_no_pixel_changes_less_at_a_larger_strength(kind, seed, first, second) -> None:
    images, (less, more) = pictures(seed, (9, 8, 3)).astype(int), sorted((first, second))
    weak, strong = (
        perturb.KINDS[kind].function(images.astype(np.uint8), 30 * by if kind == "noise" else 1 - 0.9 * by).astype(int)
        for by in (less, more)
    )
    assert (np.abs(strong - images) >= np.abs(weak - images)).all()


@pytest.mark.parametrize("name", SAME_SIZE)
def test_equal_images_of_both_sides_stay_equal(name) -> None:
    images = pictures(3, n=3)
    out = perturb.apply(np.concatenate([images, images[::-1]]), name)
    np.testing.assert_array_equal(out[:3], out[3:][::-1])


@pytest.mark.parametrize("shape", [(8, 8, 1), (8, 8, 3), (9, 31, 3), (31, 9, 1)])
@pytest.mark.parametrize("kind", perturb.KINDS)
def test_the_smallest_and_the_longest_images_take_the_ends_of_the_range(kind, shape) -> None:
    images = pictures(1, shape, n=2)
    for strength in (perturb.KINDS[kind].low, perturb.KINDS[kind].high):
        assert perturb.apply(images, f"{kind}-{strength}").shape[0] == 2


def test_noise_is_gaussian_of_its_sigma_and_independent() -> None:
    images = np.full((40, 32, 32, 3), 128, np.uint8)
    images[:, 0, 0, 0] = np.arange(40)  # else all images are one, and have one noise
    added = (perturb.apply(images, "noise-8").astype(float) - images)[:, 1:]
    assert abs(added.mean()) < 0.1
    assert added.std() == pytest.approx(8, rel=0.01)
    assert np.mean(np.abs(added) > 2 * 8) == pytest.approx(2 * norm.sf(16.5 / 8), abs=0.003)
    assert abs(np.corrcoef(added[:-1].ravel(), added[1:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(added[..., 0].ravel(), added[..., 1].ravel())[0, 1]) < 0.02


def test_resizing_takes_away_what_a_smaller_image_cannot_hold() -> None:
    at = np.arange(32)
    fine, coarse = (np.rint(128 + 100 * np.cos(2 * np.pi * f * (at + 0.5))).astype(np.uint8) for f in (0.4, 1 / 32))
    for wave, left in ((fine, 0.15), (coarse, 0.95)):
        image = np.broadcast_to(wave[None, None, :, None], (1, 32, 32, 1)).copy()
        inner = perturb.apply(image, "resize-0.5")[0, 8:-8, 8:-8, 0]
        kept = np.ptp(inner) / np.ptp(image[0, 8:-8, 8:-8, 0])
        assert kept < left if wave is fine else kept > left, "antialiased, and no blur of what is coarse"


def test_crop_and_cut_keep_the_middle() -> None:
    images = np.zeros((1, 32, 40, 1), np.uint8)
    images[:, 8:24, 10:30] = 200
    np.testing.assert_array_equal(perturb.apply(images, "cut-0.5"), images[:, 8:24, 10:30])
    assert (perturb.apply(images, "crop-0.5") == 200).all(), "what is cut away is not seen"
    small = perturb.apply(images, "scale-0.5")
    assert small.shape == (1, 16, 20, 1)
    np.testing.assert_array_equal(small[:, 6:10, 7:13], 200)


def test_colours_are_moved_as_their_names_say() -> None:
    images = pictures(5, n=6)
    grey = images @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(perturb.apply(images, "brightness-0.5"), images * 0.5, atol=0.51)
    flat = perturb.apply(images, "contrast-0.1").astype(float)
    middle = grey.mean(axis=(1, 2))[:, None, None, None]
    np.testing.assert_allclose(flat, middle + 0.1 * (images - middle), atol=0.51)
    np.testing.assert_allclose(perturb.apply(images, "saturation-0"), np.repeat(grey[..., None], 3, -1), atol=0.51)
    np.testing.assert_array_equal(perturb.apply(images[..., :1], "saturation-0.2"), images[..., :1])


def test_a_chain_is_its_steps_one_after_the_other() -> None:
    images = pictures(7)
    one_by_one = perturb.apply(perturb.apply(images, "resize-0.5"), "jpeg-60")
    np.testing.assert_array_equal(perturb.apply(images, "resize-0.5+jpeg-60"), one_by_one)
    assert not np.array_equal(perturb.apply(images, "jpeg-60+resize-0.5"), one_by_one)
    assert perturb.joined("resize-0.50", "jpeg-060+blur-1.0") == "resize-0.5+jpeg-60+blur-1"


def test_sharing_draws_for_each_image_and_compresses_last() -> None:
    images = pictures(11, (32, 32, 3), n=30)
    out = social(images, 1)
    best = [min(range(65, 101), key=lambda q: np.abs(jpeg(one[None], q).astype(int) - one).sum()) for one in out]
    assert len(set(best)) > 8, "one quality for all would be told by its tables"
    assert not np.array_equal(social(images, 2), out)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jpeg-0", "'jpeg', the quality of JPEG, must be a whole number from 1 to 100. Received: 0."),
        ("jpeg-75.5", "must be a whole number from 1 to 100. Received: 75.5."),
        ("blur-21", "'blur', the sigma of a Gaussian, in pixels, must be a number from 0 to 20. Received: 21."),
        ("noise--1", "must be a number from 0 to 100. Received: -1."),
        ("resize-1.5", "must be a number from 0.1 to 1. Received: 1.5."),
        ("crop-0", "must be a number from 0.1 to 1. Received: 0."),
        ("brightness-0", "must be a number from 0.1 to 4. Received: 0."),
        ("contrast-9", "must be a number from 0.1 to 4. Received: 9."),
        ("saturation-5", "must be a number from 0 to 4. Received: 5."),
        ("social-11", "must be a whole number from 0 to 10. Received: 11."),
        ("cut-2", "must be a number from 0.1 to 1. Received: 2."),
        ("scale-0.01", "must be a number from 0.1 to 1. Received: 0.01."),
        ("resize-0.5+jpeg-101", "must be a whole number from 1 to 100. Received: 101."),
        ("blur-nan", "such as jpeg-75. Received: 'blur-nan'."),
        ("blur-1e1", "such as jpeg-75. Received: 'blur-1e1'."),
        ("jpeg-7_5", "such as jpeg-75. Received: 'jpeg-7_5'."),
        ("noise", "such as jpeg-75. Received: 'noise'."),
        ("nois-4", "Unknown perturbation 'nois'. Did you mean 'noise'?"),
        ("jpeg-75+", "Unknown perturbation ''."),
    ],
)
def test_what_is_no_perturbation_is_told_in_one_line(name, said) -> None:
    for function in (perturb.check, lambda name: perturb.apply(pictures(0), name)):
        with pytest.raises(UserError, match=re.escape(said)) as told:
            function(name)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("kind", perturb.KINDS)
def test_other_arrays_are_refused(kind) -> None:
    strength = perturb.KINDS[kind].high
    for images in (pictures(0)[0], pictures(0).astype(float), pictures(0)[..., :2]):
        with pytest.raises(UserError, match="Expected uint8 images"):
            perturb.apply(images, f"{kind}-{strength}")
