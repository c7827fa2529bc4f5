"""Which images make up a batch, and what augmentation makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from data import perturb
from data.errors import UserError
from data.options import check_options
from detection.detectors.resnet import ResNet
from detection.detectors.resnet_wang import ResNetWang
from detection.networks.batches import blurred, class_weights, compressed, plain_batches


def noise(n: int, side: int = 16, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, side, side, channels), dtype=np.uint8)


@pytest.fixture
def strengths(monkeypatch):
    """What the perturbations are asked for: `blur` every sigma, `jpeg` every quality."""

    def recorded(function, strengths):
        def called(images, strength):
            strengths.extend(np.asarray(strength).tolist())
            return function(images, strength)

        return called

    asked = {"blur": [], "jpeg": []}
    for name, strengths in asked.items():
        monkeypatch.setattr(perturb, name, recorded(getattr(perturb, name), strengths))
    return asked


def test_plain_batches_hold_every_image_once_up_to_whole_batches():
    batches = plain_batches(95, 10, np.random.default_rng(0))
    assert batches.shape == (10, 10)  # 9.5 rounds to the even 10: five images come again
    assert np.bincount(batches.ravel(), minlength=95).tolist().count(2) == 5
    assert plain_batches(3, 8, np.random.default_rng(0)).shape == (1, 8)
    assert (np.sort(plain_batches(20, 10, np.random.default_rng(1)).ravel()) == np.arange(20)).all()
    assert not (plain_batches(20, 10, np.random.default_rng(1)).ravel() == np.arange(20)).all()


def test_weights_make_classes_equal():
    is_fake = np.arange(100) < 20
    weights = class_weights(is_fake)
    assert weights[is_fake].sum() == pytest.approx(weights[~is_fake].sum()) == pytest.approx(50)
    assert weights[0] == pytest.approx(2.5)


def test_blur_and_compression_have_their_shares_and_ranges(strengths):
    images = noise(2000, side=8, channels=1)
    before = images.copy()
    out = blurred(images, np.random.default_rng(1), 0.5, 1.2)
    drawn = np.array(strengths["blur"])
    assert 0.46 < (drawn > 0).mean() < 0.54
    assert 1.15 < drawn.max() <= 1.2
    assert drawn[drawn > 0].mean() == pytest.approx(0.6, abs=0.05)
    unchanged = (out == images).all(axis=(1, 2, 3))
    assert unchanged[drawn == 0].all()
    assert not unchanged[drawn > 0.5].any()
    out = compressed(images, np.random.default_rng(1), 0.1, (30, 33))
    qualities, counts = np.unique(strengths["jpeg"], return_counts=True)
    assert qualities.tolist() == [30, 31, 32, 33]  # both ends
    assert 160 < counts.sum() < 240
    assert (out != images).any(axis=(1, 2, 3)).sum() == counts.sum()
    np.testing.assert_array_equal(images, before)


def test_probability_zero_draws_nothing():
    images, rng = noise(4), np.random.default_rng(3)
    np.testing.assert_array_equal(compressed(blurred(images, rng, 0, 3), rng, 0, (1, 1)), images)
    assert rng.random() == np.random.default_rng(3).random()


@pytest.mark.parametrize(("side", "largest"), [(256, 3.0), (32, 1.06), (8, 0.53)])
def test_wangs_blur_is_scaled_to_the_image(strengths, side, largest):
    ResNetWang(jpeg=0)._augment(noise(600 if side < 256 else 40, side, 1), np.random.default_rng(0))
    assert 0.9 * largest < max(strengths["blur"]) <= largest + 0.005
    assert strengths["jpeg"] == []


def test_wangs_augmentation_is_as_published(strengths):
    detector = ResNetWang()
    assert (detector.blur, detector.jpeg, detector.jpeg_quality) == (0.5, 0.5, [30, 100])
    still = {"shift": 0, "mirror": False}
    images = noise(400)
    out = ResNetWang(**still)._augment(images, np.random.default_rng(0))
    assert 170 < len(strengths["jpeg"]) < 230
    assert (min(strengths["jpeg"]), max(strengths["jpeg"])) == (30, 100)
    sharp = np.array(strengths["blur"]) == 0
    assert 0.42 < sharp.mean() < 0.58
    untouched = (out == images).all(axis=(1, 2, 3))
    assert 0.4 < untouched[sharp].mean() < 0.6  # independent draws: of those without blur, half have no JPEG either
    np.testing.assert_array_equal(out, ResNetWang(**still)._augment(images, np.random.default_rng(0)))
    np.testing.assert_array_equal(ResNet(**still)._augment(images, np.random.default_rng(0)), images)
    weaker = ResNetWang(blur=0.1, jpeg=0.1, **still)._augment(images, np.random.default_rng(0))
    assert 0.74 < (weaker == images).all(axis=(1, 2, 3)).mean() < 0.9


@pytest.mark.parametrize("sigma", [0.0, 101.0, float("inf"), float("nan")])
def test_a_blur_without_end_is_refused(sigma):
    with pytest.raises(
        UserError, match=r"blur_sigma' of detector 'x' must be (a finite number, )?float > 0 and <= 100"
    ):
        check_options(ResNetWang, {"blur_sigma": sigma}, "detector 'x'")
