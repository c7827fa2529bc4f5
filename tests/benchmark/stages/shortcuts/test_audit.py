"""Planted traces, on either class and on a part of its images, and clean sets that differ as generators do."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.stats import fisher_exact

from benchmark.findings.registry import KINDS
from benchmark.results.shortcuts import trace_verdicts
from benchmark.stages.shortcuts.audit import smallest_share, traces
from benchmark.stages.shortcuts.traces import TRACES
from data import perturb


@cache
def scenes(n: int, seed: int = 0, side: int = 32, channels: int = 3) -> np.ndarray:
    """Coloured blobs with edges and grain: like photographs in what is looked for."""
    rng = np.random.default_rng(seed)
    smooth = gaussian_filter(rng.normal(size=(n, side, side, channels)), (0, 3, 3, 0), mode="wrap") * 300
    edges = gaussian_filter(rng.normal(size=(n, side, side, 1)), (0, 2, 2, 0)) > 0
    grain = gaussian_filter(rng.normal(size=(n, side, side, channels)), (0, 0.5, 0.5, 0)) * 12
    values = 110 + rng.normal(0, 15, (n, 1, 1, channels)) + smooth + 40 * edges + grain
    images = np.clip(values, 0, 255).astype(np.uint8)
    images.setflags(write=False)  # they are drawn once for all tests
    return images


@cache
def all_digits() -> np.ndarray:
    from sklearn.datasets import load_digits

    return np.round(load_digits().images / 16 * 255).astype(np.uint8)[..., None]


def digits(n: int, seed: int = 0) -> np.ndarray:
    images = all_digits()
    return images[np.random.default_rng(seed).permutation(len(images))[:n]]


def audited(reals: np.ndarray, fakes: np.ndarray) -> dict[str, dict]:
    """Trains on three fifths of each side, tests on the rest, and returns the findings by trace."""
    cut = 3 * len(reals) // 5
    units = np.arange(len(reals))
    parts = [((reals[at], units[at]), (fakes[at], units[at] + 10_000)) for at in (slice(cut), slice(cut, None))]
    rows = trace_verdicts({"made": traces(*parts)})
    return {row["about"].removesuffix(", made"): row for row in rows}


def on_some(change, images: np.ndarray, share: float) -> np.ndarray:
    carry = np.random.default_rng(3).random(len(images)) < share
    out = images.copy()
    out[carry] = change(images[carry])
    return out


def level_moved(images):
    out = images.copy()
    levels = np.unique(images)
    middle = len(levels) // 2
    out[out == levels[middle]] = levels[middle + 1]
    return out


def pixel(images):
    out = images.copy()
    out[:, 5, 3] = 255
    return out


def black_border(images):
    out = images.copy()
    out[:, :, -1] = 0
    return out


def repeated(images):
    out = images.copy()
    out[:, 0] = out[:, 1]
    return out


def chroma(images):
    """Colour at half the resolution and no JPEG: luminance stays as it is."""
    out = []
    for image in images:
        light, *colour = Image.fromarray(image).convert("YCbCr").split()
        small = [plane.resize((plane.width // 2, plane.height // 2), Image.Resampling.BOX) for plane in colour]
        large = [plane.resize(light.size, Image.Resampling.BILINEAR) for plane in small]
        out.append(np.asarray(Image.merge("YCbCr", [light, *large]).convert("RGB")))
    return np.stack(out)


def jpeg(quality):
    return lambda images: perturb.jpeg(images, quality)


def cut_from_a_larger_jpeg(images):
    big = np.pad(images, ((0, 0), (3, 5), (5, 3), (0, 0)), mode="reflect")
    return perturb.jpeg(big, 85)[:, 3:-5, 5:-3]


PLANTED = {
    "moved level": ("a level left out", level_moved),
    "even levels": ("a level left out", lambda images: images // 2 * 2),
    "pixel": ("a constant pixel", pixel),
    "black border": ("a border of one colour", black_border),
    "repeated border": ("a repeated border", repeated),
    "jpeg 75": ("JPEG", jpeg(75)),
    "jpeg 85": ("JPEG", jpeg(85)),
    "jpeg 95": ("JPEG", jpeg(95)),
    "jpeg off the corner": ("JPEG", cut_from_a_larger_jpeg),
    "chroma": ("halved chroma", chroma),
}


@pytest.mark.parametrize("share", [pytest.param(1.0, marks=pytest.mark.slow), 0.3])
@pytest.mark.parametrize("side", ["reals", "fakes"])
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_trace_alarms_on_either_class(name, side, share):
    trace, change = PLANTED[name]
    reals, fakes = scenes(200, 1), scenes(200, 2)
    if side == "reals":
        reals = on_some(change, reals, share)
    else:
        fakes = on_some(change, fakes, share)
    row = audited(reals, fakes)[trace]
    assert row["verdict"] == "alarm", row
    assert row["advice"].lower().startswith(f"{side} carry {trace.lower()}")
    assert 0.1 < row["low"] < row["value"] <= row["high"]
    assert row["value"] > 0.6 * share


@pytest.mark.parametrize("quality", [75, 85, 95])
def test_grey_and_small_images_show_jpeg_too(quality):
    """8 x 8 pixels are one block, and most of them are clipped at black."""
    both = digits(1600)
    rows = audited(both[:800], on_some(jpeg(quality), both[800:], 0.3))
    assert rows["JPEG"]["verdict"] == "alarm"
    assert "halved chroma" not in rows  # grey images have none


@pytest.mark.parametrize("side", [8, 12, pytest.param(128, marks=pytest.mark.slow)])
def test_all_sizes_are_looked_at(side):
    n = 60 if side == 128 else 300
    clean = audited(scenes(n, 1, side), scenes(n, 2, side))
    assert "alarm" not in {row["verdict"] for row in clean.values()}, clean
    assert audited(scenes(n, 1, side), jpeg(80)(scenes(n, 2, side)))["JPEG"]["verdict"] == "alarm"


def resized(images):
    small = [Image.fromarray(image).resize((16, 16), Image.Resampling.LANCZOS) for image in images]
    return np.stack([np.asarray(image.resize((32, 32), Image.Resampling.BICUBIC)) for image in small])


def softened(images):
    return gaussian_filter(images.astype(float), (0, 0.8, 0.8, 0)).round().astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "trace"),
    [
        (lambda images: np.minimum(images, 170), "ends of the range"),
        (softened, "a cut-off"),
        (resized, "a cut-off"),
        (lambda images: images.repeat(2, 1).repeat(2, 2)[:, :32, :32], "enlargement"),
    ],
    ids=["no top levels", "smooth", "resized", "enlarged"],
)
@pytest.mark.parametrize("side", ["reals", "fakes"])
def test_what_an_honest_generator_does_too_is_a_note(change, trace, side):
    reals, fakes = scenes(200, 1), scenes(200, 2)
    reals, fakes = (change(reals), fakes) if side == "reals" else (reals, change(fakes))
    rows = audited(reals, fakes)
    assert rows[trace]["verdict"] == "note", rows[trace]
    assert "cannot tell which" in rows[trace]["advice"]
    assert "alarm" not in {row["verdict"] for row in rows.values()}


def paler(images):
    return (images * 0.7 + 40).astype(np.uint8)


def dark_at_the_border(images):
    """The soft fall-off that zero padding leaves in a generator's images."""
    return gaussian_filter(images.astype(float), (0, 0.7, 0.7, 0), mode="constant").round().astype(np.uint8)


@pytest.mark.parametrize("change", [np.copy, paler, dark_at_the_border])
def test_an_honest_generator_raises_no_alarm(change):
    rows = audited(scenes(600, 1), change(scenes(600, 2)))
    assert "alarm" not in {row["verdict"] for row in rows.values() if row["about"] != "a level left out, made"}, rows
    rows = audited(digits(1600)[:800], np.copy(digits(1600)[800:]))
    assert "alarm" not in {row["verdict"] for row in rows.values()}, rows


def test_a_ground_of_one_level_is_no_frame():
    """Digits on black: a generator whose black is not quite black differs in its borders, and has no frame."""
    reals = np.zeros((300, 16, 16, 1), np.uint8)
    reals[:, 4:12, 4:12] = np.random.default_rng(0).integers(60, 255, (300, 8, 8, 1))
    fakes = reals[::-1] + np.random.default_rng(1).integers(0, 2, reals.shape).astype(np.uint8)
    assert audited(reals, fakes)["a border of one colour"]["verdict"] == "pass"


def test_a_pass_says_what_it_could_have_seen_and_few_images_are_no_pass():
    many = audited(scenes(300, 1), scenes(300, 2))["JPEG"]
    assert many["verdict"] == "pass"
    assert 0.05 <= many["smallest"] < 0.2
    few = audited(scenes(8, 1), scenes(8, 2))["JPEG"]
    assert few["verdict"] == "cannot tell"


def test_levels_that_nobody_leaves_out_are_a_pass_and_rare_ones_none():
    rng = np.random.default_rng(0)
    full = rng.integers(0, 256, (600, 32, 32, 3), np.uint8)
    assert audited(full[:300], full[300:])["a level left out"]["verdict"] == "pass"
    flat = np.full((600, 16, 16, 1), 30, np.uint8) + (np.arange(600) % 3)[:, None, None, None].astype(np.uint8)
    assert audited(flat[:300], flat[300:])["a level left out"]["verdict"] == "cannot tell"


@pytest.mark.parametrize(("strokes", "verdict"), [(200, "cannot tell"), (24, "alarm")])
def test_the_edge_of_a_peak_says_nothing_of_a_level(strokes, verdict):
    """MNIST's digits are drawn with 252 to 254, and hardly touch 248 to 250: what is due at 251 nobody can say."""

    def drawn(n, seed, share):
        rng = np.random.default_rng(seed)
        flat = np.full((n, 28 * 28), 120, np.uint8)
        flat[:, :12] = rng.integers(248, 251, (n, 12))
        flat[:, 12 : 12 + strokes] = rng.integers(252, 255, (n, strokes))
        flat[rng.random(n) < share, 300] = 251
        return flat.reshape(n, 28, 28, 1)

    assert audited(drawn(300, 0, 0.6), drawn(300, 1, 1.0))["a level left out"]["verdict"] == verdict


def test_images_of_one_unit_are_one_image():
    """200 frames of one film carry a trace: that is one film."""
    reals, fakes = scenes(200, 1), repeated(scenes(200, 2))
    units = np.arange(200)
    one = ((reals, units), (fakes, np.full(200, 9999)))
    record = next(found for found in traces(one, one) if found["trace"] == "a repeated border")
    assert record["n"] == [200, 1]
    assert record["p"] > 0.001


def test_the_smallest_share_is_what_fishers_test_sees():
    smallest = smallest_share((200, 200), 0.05, 0.01)
    rng = np.random.default_rng(0)
    carried = rng.binomial(200, 0.05 + 0.95 * smallest, 400)
    p = [fisher_exact([[mine, 200 - mine], [10, 190]], alternative="greater")[1] for mine in carried]
    assert 0.7 < np.mean(np.array(p) <= 0.01) < 0.92
    assert np.isnan(smallest_share((3, 3), 0.0, 0.01))


def test_every_trace_is_a_finding_that_can_be_ignored():
    assert len({trace.name for trace in TRACES}) == len(TRACES)
    for trace in TRACES:
        assert trace.number in KINDS
        assert not KINDS[trace.number].exhaustive
    assert {trace.graver for trace in TRACES if trace.number == "FB028"} == {"note"}


def test_levels_between_files_and_pictures_are_the_files_own():
    """A file is judged by its pixels, whatever it is saved as afterwards."""
    image = scenes(1, 1)[0]
    file = io.BytesIO()
    Image.fromarray(jpeg(85)(image[None])[0]).save(file, "PNG")
    from detection.features.traces.jpeg import jpeg_quality

    assert abs(jpeg_quality(np.asarray(Image.open(file))[None])[0] - 85) <= 1
