from __future__ import annotations

import io
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score

from detection.detectors.sentinel import SentinelContent, SentinelFormat, lots, robust_scaling
from detection.features.content_cues import content_cues, content_names, png_bytes
from detection.features.format_cues import absent_levels, copied_lines, format_cues, framed_sides, jpeg_blocks

NOTHING = np.zeros(256, dtype=bool)


def scenes(n: int, seed: int = 0, side: int = 32, channels: int = 3) -> np.ndarray:
    """Coloured blobs with edges and grain: like photographs in what the sentinels look at."""
    rng = np.random.default_rng(seed)
    smooth = gaussian_filter(rng.normal(size=(n, side, side, channels)), (0, 3, 3, 0), mode="wrap") * 300
    edges = gaussian_filter(rng.normal(size=(n, side, side, 1)), (0, 2, 2, 0)) > 0
    grain = gaussian_filter(rng.normal(size=(n, side, side, 1)), (0, 0.5, 0.5, 0)) * 12
    values = 110 + rng.normal(0, 15, (n, 1, 1, channels)) + smooth + 40 * edges + grain
    return np.clip(values, 0, 255).astype(np.uint8)


@cache
def all_digits() -> np.ndarray:
    from sklearn.datasets import load_digits

    return np.round(load_digits().images / 16 * 255).astype(np.uint8)[..., None]


def digits(n: int, seed: int = 0) -> np.ndarray:
    images = all_digits()
    return images[np.random.default_rng(seed).permutation(len(images))[:n]]


def as_jpeg(images: np.ndarray, quality: int) -> np.ndarray:
    out = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        out.append(np.array(Image.open(file)))
    return np.stack(out)


def auc(detector, real: np.ndarray, fake: np.ndarray) -> float:
    """Trains on 50 %, validates on 20 % and tests on 30 % of each side."""
    cuts = [int(len(real) * share) for share in (0, 0.5, 0.7, 1)]
    parts = []
    for low, high in pairwise(cuts):
        parts.append((np.concatenate([real[low:high], fake[low:high]]), np.repeat([False, True], high - low)))
    detector.fit(*parts[0], validation=parts[1])
    return float(roc_auc_score(parts[2][1], detector.decision_function(parts[2][0])))


def within_chance(value: float, n: int) -> bool:
    """Within three standard errors of 0.5 for n + n images without ties."""
    return abs(value - 0.5) < 3 * np.sqrt((2 * n + 1) / (12 * n * n))


# sentinel-format: what it must catch


@pytest.mark.parametrize("quality", [95, 75, 40])
@pytest.mark.parametrize("side", ["fake", "real"])
def test_a_jpeg_side_is_caught(quality, side):
    real, fake = scenes(200, 1), scenes(200, 2)
    real, fake = (as_jpeg(real, quality), fake) if side == "real" else (real, as_jpeg(fake, quality))
    assert auc(SentinelFormat(), real, fake) > 0.95


def test_grey_jpegs_are_caught():
    real, fake = scenes(200, 1, channels=1), scenes(200, 2, channels=1)
    assert auc(SentinelFormat(), real, as_jpeg(fake[..., 0], 85)[..., None]) > 0.95


def test_values_off_the_grid_are_caught():
    real, fake = digits(800)[:400], digits(800)[400:]
    off = np.clip(fake.astype(int) + np.random.default_rng(0).integers(-1, 2, fake.shape), 0, 255)
    assert auc(SentinelFormat(), real, off.astype(np.uint8)) > 0.99
    assert auc(SentinelFormat(), scenes(200, 1) // 4 * 4, scenes(200, 2)) > 0.99


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("line", [np.s_[:, 0], np.s_[:, -1], np.s_[:, :, 0], np.s_[:, :, -2:]])
def test_a_frame_on_one_side_is_caught(level, line):
    fake = scenes(200, 2)
    fake[line] = level
    assert auc(SentinelFormat(), scenes(200, 1), fake) > 0.8


def test_a_repeated_border_line_is_caught():
    fake = scenes(200, 2)
    fake[:, -1] = fake[:, -2]
    assert auc(SentinelFormat(), scenes(200, 1), fake) > 0.95


# sentinel-format: what it must not see


def softened(images: np.ndarray) -> np.ndarray:
    return gaussian_filter(images.astype(float), (0, 0.8, 0.8, 0)).round().astype(np.uint8)


def dark_at_the_border(images: np.ndarray) -> np.ndarray:
    """The soft fall-off that zero padding leaves in a generator's images."""
    return gaussian_filter(images.astype(float), (0, 0.7, 0.7, 0), mode="constant").round().astype(np.uint8)


def checkered(images: np.ndarray) -> np.ndarray:
    """Patterns of period 2, 4 and 8, as transposed convolutions draw them."""
    at = np.arange(images.shape[1])
    wave = sum(6 * np.cos(2 * np.pi * at / period) for period in (2, 4, 8))
    return np.clip(images + wave[:, None, None] + wave[:, None], 0, 255).astype(np.uint8)


def shifted(images: np.ndarray) -> np.ndarray:
    return np.roll(images, (3, 5), axis=(1, 2))


def paler(images: np.ndarray) -> np.ndarray:
    return (images * 0.7 + 40).astype(np.uint8)


@pytest.mark.parametrize("change", [np.copy, softened, dark_at_the_border, checkered, shifted, paler])
def test_what_a_generator_may_do_leaves_it_at_chance(change):
    assert within_chance(auc(SentinelFormat(), scenes(600, 1), change(scenes(600, 2))), 180)


def test_blurred_digits_on_the_same_grid_leave_it_at_chance():
    images = digits(1700)
    soft = gaussian_filter(images[850:].astype(float), (0, 0.5, 0.5, 0))
    levels = np.unique(images)
    nearest = levels[np.abs(soft[..., None] - levels.astype(float)).argmin(axis=-1)]
    assert within_chance(auc(SentinelFormat(), images[:850], nearest), 255)


@pytest.mark.slow
def test_its_p_values_on_halves_of_the_reals_are_uniform():
    from scipy.stats import kstest, mannwhitneyu

    p_values = []
    is_fake = np.arange(300) % 2 == 0
    for seed in range(150):
        images = digits(900, seed)
        detector = SentinelFormat(random_state=seed)
        detector.fit(images[:300], is_fake, validation=(images[300:600], is_fake))
        scores = detector.decision_function(images[600:])
        p_values.append(mannwhitneyu(scores[is_fake], scores[~is_fake], alternative="greater").pvalue)
    assert kstest(p_values, "uniform").pvalue > 0.001


# the cues of sentinel-format


def test_absent_levels_are_those_between_common_ones():
    images = digits(500)
    absent = absent_levels(images)
    assert absent.sum() == 256 - 17
    assert not absent[np.unique(images)].any()


def test_a_rare_level_is_not_an_absent_one():
    rng = np.random.default_rng(0)
    images = np.clip(rng.normal(128, 12, (200, 8, 8, 1)), 0, 255).astype(np.uint8)
    assert images.max() < 200
    assert not absent_levels(images)[190:].any()
    background = np.zeros((100, 28, 28, 1), dtype=np.uint8)  # mostly one level, few pixels at others
    background[:, 10, :20, 0] = rng.choice(np.arange(3, 256), (100, 20))
    assert not absent_levels(background).any()


def test_two_level_images_leave_out_all_others():
    images = np.random.default_rng(0).choice(np.array([0, 255], dtype=np.uint8), (200, 8, 8, 1))
    assert absent_levels(images).sum() == 254


def test_framed_sides_are_counted():
    images = np.random.default_rng(0).normal(128, 20, (4, 32, 32))
    images[1, 0] = 255
    images[2, :, :2] = 0
    images[3, [0, -1]] = images[3, :, [0, -1]] = 0
    np.testing.assert_array_equal(framed_sides(images), [0, 1, 1, 4])


def test_a_picture_on_an_empty_ground_has_no_frame():
    images = np.zeros((1, 32, 32))
    images[0, 8:24, 8:24] = 255
    assert framed_sides(images)[0] == 0


def test_copied_lines_are_counted_where_they_mean_something():
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
    images[1, 0] = images[1, 1]
    images[2, :, -1] = images[2, :, -3]
    images[3, 0] = images[3, 1] = 7
    images[4, 1::2] = images[4, ::2]  # enlarged twofold: not a border's doing
    np.testing.assert_array_equal(copied_lines(images), [0, 1, 1, 0, 0])


@pytest.mark.parametrize("side", [8, 9, 12, 32])
def test_jpeg_blocks_are_finite_at_every_size(side):
    values = jpeg_blocks(scenes(3, side=side, channels=1)[..., 0].astype(float))
    assert values.shape == (3,)
    assert np.isfinite(values).all()
    if side == 8:
        assert (values == 0).all()


def test_clean_images_have_no_cue_at_all():
    assert format_cues(scenes(300), NOTHING).any(axis=0).sum() == 0


def test_lots_are_spread_evenly_and_belong_to_the_pixels():
    images = scenes(500)
    values = lots(images)
    assert 0 <= values.min() < 0.02
    assert 0.98 < values.max() < 1
    np.testing.assert_array_equal(lots(images[::-1]), values[::-1])


# sentinel-content


def test_content_cues_of_a_known_image():
    image = np.zeros((1, 8, 8, 3), dtype=np.uint8)
    image[0, :4, :, 0] = 255
    cues = dict(zip(content_names(3), content_cues(image)[0], strict=True))
    assert cues["mean red"] == cues["spread red"] == 127.5
    assert cues["mean blue"] == cues["spread green"] == 0
    assert cues["contrast"] == pytest.approx(0.299 * 255)
    assert cues["share at 255"] == pytest.approx(1 / 6)
    assert cues["share at 0"] == pytest.approx(5 / 6)
    assert cues["distinct values"] == 2
    assert cues["PNG bytes"] == png_bytes(image[0]) < 200
    assert content_cues(image[..., :1]).shape == (1, len(content_names(1)))


def test_content_sees_paler_images_and_not_a_copy():
    assert auc(SentinelContent(), scenes(300, 1), paler(scenes(300, 2))) > 0.9
    assert within_chance(auc(SentinelContent(), scenes(300, 1), scenes(300, 2)), 90)


def test_content_is_not_ruled_by_a_few_odd_images():
    real, fake = scenes(300, 1), paler(scenes(300, 2))
    real[:5], fake[:5] = 255, np.random.default_rng(0).integers(0, 256, fake[:5].shape)
    assert auc(SentinelContent(), real, fake) > 0.9


def test_robust_scaling_falls_back_where_most_values_are_equal():
    cues = np.zeros((100, 3))
    cues[:, 0] = np.arange(100)
    cues[:10, 1] = 5
    centre, spread = robust_scaling(cues)
    np.testing.assert_array_equal(centre, [49.5, 0, 0])
    assert spread[0] == pytest.approx(49.5 / 1.349)
    assert spread[1] == pytest.approx(1.5)
    assert spread[2] == 1
