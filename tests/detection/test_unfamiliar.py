"""The warning of images that a detector has never seen the like of: rare on its own kind, there on others."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import betabinom, binom
from sklearn.datasets import load_digits, load_sample_images

from data.sources.mnist import Mnist
from detection.unfamiliar import RATE, Unfamiliar, nearest

EACH = 350  # images of a class, for training and for validation


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    images = np.round(load_digits().images * 255 / 16).astype(np.uint8)[..., None]
    return images[np.random.default_rng(3).permutation(len(images))]


def smeared(images: np.ndarray) -> np.ndarray:
    """Fakes: each row is the mean of itself and the next."""
    return ((images.astype(int) + np.roll(images, 1, axis=1)) // 2).astype(np.uint8)


@pytest.fixture(scope="module")
def fitted(digits) -> Unfamiliar:
    is_fake = np.repeat([False, True], EACH)
    reals, fakes = digits[:900], smeared(digits[900:])
    images = np.concatenate([reals[:EACH], fakes[:EACH]])
    held = np.concatenate([reals[EACH : 2 * EACH], fakes[EACH : 2 * EACH]])
    return Unfamiliar().fit(images, is_fake, validation=(held, is_fake))


@pytest.mark.parametrize("kind", ["real", "fake"])
def test_held_out_images_of_either_class_are_rarely_called_unlike(digits, fitted, kind):
    fresh = digits[2 * EACH : 900] if kind == "real" else smeared(digits[900:])[2 * EACH :]
    warned = int((fitted.score(fresh) > 1).sum())
    assert warned <= most_warned(fitted, len(fresh))
    assert fitted.rate == RATE
    assert all(limit.n == EACH and limit.low < limit.rate < limit.high for limit in fitted.limits)


def most_warned(fitted: Unfamiliar, n: int) -> int:
    """The number of warnings of `n` images that the limits' exact law exceeds once in 10,000, over their draw too."""
    limit = fitted.limits[0]
    calls = round(limit.rate * (limit.n + 1))
    return int(betabinom(n, calls, limit.n + 1 - calls).ppf(0.9999))


@pytest.mark.slow
@pytest.mark.skipif("FAUXBENCH_DATA" not in os.environ, reason="needs the files of MNIST")
def test_the_promise_holds_on_the_test_images_of_mnist_whatever_few_validation_images_it_rests_on():
    whole = Mnist().load([Path(os.environ["FAUXBENCH_DATA"])])
    official = whole.images[whole.official == "train"]
    seen = official[np.random.default_rng(0).permutation(len(official))[:6000]]
    train, held, test = seen[:2000], seen[2000:], whole.images[whole.official == "test"][::2]
    is_fake = np.repeat([False, True], 1000)
    images = np.concatenate([train[:1000], smeared(train[1000:2000])])
    kept = []
    for n in (300, 2000):
        pair = (np.concatenate([held[:n], smeared(held[-n:])]), np.repeat([False, True], n))
        fitted = Unfamiliar().fit(images, is_fake, validation=pair)
        share = float((fitted.score(test) > 1).mean())
        assert fitted.rate == RATE
        assert share * len(test) <= most_warned(fitted, len(test))
        kept.append(share <= binom(len(test), RATE).ppf(0.9999) / len(test))
    assert all(kept)


def test_noise_flat_images_and_photographs_are_called_unlike(fitted):
    noise = np.random.default_rng(0).integers(0, 256, (100, 8, 8, 1)).astype(np.uint8)
    assert (fitted.score(noise) > 1).all()
    assert (fitted.score(np.full((1, 8, 8, 1), 0, np.uint8)) > 1).all()
    photo = Image.fromarray(load_sample_images().images[0]).convert("L")
    tiles = [photo.crop((x, y, x + 64, y + 64)).resize((8, 8)) for x in range(0, 640, 64) for y in range(0, 384, 64)]
    assert (fitted.score(np.stack([np.asarray(tile) for tile in tiles])[..., None]) > 1).all()


def test_the_same_kind_in_other_colours_is_called_unlike(digits, fitted):
    assert (fitted.score(255 - digits[:200]) > 1).mean() > 0.9


def test_a_score_does_not_depend_on_the_others(digits, fitted):
    together = fitted.score(digits[700:720])
    alone = np.concatenate([fitted.score(digits[i : i + 1]) for i in range(700, 720)])
    np.testing.assert_allclose(together, alone, rtol=1e-9)


def test_few_images_have_a_rate_of_their_own_and_copies_count_once(digits):
    is_fake = np.repeat([False, True], 19)
    images = np.concatenate([digits[:19], smeared(digits[19:38])])
    few = Unfamiliar().fit(images, is_fake, validation=(images, is_fake))
    assert few.rate == pytest.approx(1 - 0.05 ** (1 / 19))
    twice = (np.repeat(images, 20, axis=0), np.repeat(is_fake, 20))  # 380 images of each class, but 19 different ones
    same = Unfamiliar().fit(images, is_fake, validation=twice, units=np.repeat(np.arange(38), 20))
    assert same.rate == few.rate
    assert [limit.n for limit in same.limits] == [19, 19]


def test_the_distance_is_the_mean_to_the_five_nearest():
    reference = np.arange(10.0)[:, None]
    assert nearest(np.array([[0.0], [20.0]]), reference) == pytest.approx([2.0, 13.0])


def test_both_classes_are_needed(digits):
    one = np.zeros(20, bool)
    with pytest.raises(ValueError, match="Real and fake images are needed"):
        Unfamiliar().fit(digits[:20], one, validation=(digits[:20], one))


def test_no_images_have_no_scores(digits, fitted):
    assert fitted.score(digits[:0]).shape == (0,)
