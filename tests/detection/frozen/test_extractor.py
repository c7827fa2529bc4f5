"""The feature extractor: what it learns, and that its features depend on nothing but the image and the seed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data.errors import UserError
from data.sources.digits import Digits
from detection.frozen.extractor import Extractor

pytestmark = pytest.mark.slow  # networks are trained


def noise(n: int, height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, height, width, channels), dtype=np.uint8)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    loaded = Digits().load()
    return loaded.images, loaded.labels


@pytest.fixture(scope="module")
def trained(digits) -> Extractor:
    images, labels = digits
    return Extractor(passes=20).fit(images[:600], labels[:600])


def test_learns_classes(trained, digits):
    images, labels = digits
    assert trained.name == "classes-cnn64-v1"
    assert trained.accuracy(images[600:], labels[600:]) > 0.8


def test_features_part_the_classes_of_new_images(trained, digits):
    """Of each new image the nearest other one mostly shows the same digit."""
    images, labels = digits
    features = trained.features(images[600:])
    assert features.shape == (len(images) - 600, 64)
    assert features.dtype == np.float64
    distances = ((features[:, None] - features) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (labels[600:][distances.argmin(axis=1)] == labels[600:]).mean() > 0.8


def test_mean_variance_over_the_training_images_is_one(trained, digits):
    assert trained.features(digits[0][:600]).var(axis=0).mean() == pytest.approx(1)


def test_features_do_not_depend_on_batch_or_order(trained, digits):
    images = digits[0][:300]
    whole = trained.features(images)
    assert np.array_equal(trained.features(images[::-1])[::-1], whole)
    assert np.array_equal(np.concatenate([trained.features(part) for part in np.split(images, [1, 37, 290])]), whole)
    assert trained.features(images[:0]).shape == (0, 64)


def test_learns_rotations_without_labels(digits):
    images = digits[0]
    found = Extractor(passes=20).fit(images[:600])
    assert found.name == "rotations-cnn64-v1"
    assert found.accuracy(images[600:]) > 0.6


def test_one_class_is_no_question(digits):
    images = digits[0][:40]
    assert Extractor(passes=1).fit(images, np.zeros(40, np.int64)).task == "rotations"


def test_learns_attributes():
    images = noise(600, 8, 8, 1)
    attributes = np.random.default_rng(1).random((600, 2)) < 0.5
    images[attributes[:, 0], :, :4] //= 4
    images[attributes[:, 1], :4] //= 4
    found = Extractor(passes=20).fit(images[:400], attributes[:400])
    assert found.name == "attributes-cnn64-v1"
    assert found.accuracy(images[400:], attributes[400:]) > 0.9


def test_the_same_seed_gives_the_same_features_and_another_other_ones(digits):
    images, labels = digits[0][:100], digits[1][:100]
    first, second, other = (Extractor(random_state=seed, passes=2).fit(images, labels) for seed in (3, 3, 4))
    assert np.array_equal(first.features(images), second.features(images))
    assert first.digest == second.digest != other.digest


@pytest.mark.parametrize("shape", [(8, 8, 3), (9, 14, 1), (28, 28, 1), (32, 32, 3), (64, 48, 3), (128, 128, 3)])
def test_sizes_and_channels(shape):
    images = noise(8, *shape)
    before = images.copy()
    found = Extractor(passes=1).fit(images)
    features = found.features(images[:3])
    assert np.array_equal(images, before)
    assert features.shape == (3, 64)
    assert np.isfinite(features).all()
    assert (features.var(axis=0) > 0).any()


def test_save_and_load(trained, digits, tmp_path: Path):
    trained.save(tmp_path / "a")
    loaded = Extractor().load(tmp_path / "a")
    assert np.array_equal(loaded.features(digits[0][:50]), trained.features(digits[0][:50]))
    assert (loaded.name, loaded.digest) == (trained.name, trained.digest)
    loaded.save(tmp_path / "b")
    for name in ("extractor.npz", "extractor.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("harm", ["weights", "other-weights", "json", "nothing-there"])
def test_refuses_what_is_no_extractor(trained, tmp_path: Path, harm: str):
    trained.save(tmp_path)
    if harm == "weights":
        (tmp_path / "extractor.npz").write_bytes(b"PK")
    elif harm == "other-weights":
        with np.load(tmp_path / "extractor.npz") as file:
            arrays = dict(file)
        np.savez(tmp_path / "extractor.npz", **(arrays | {"w000": arrays["w000"] + 1}))
    elif harm == "json":
        (tmp_path / "extractor.json").write_text(json.dumps({"task": "classes"}))
    else:
        (tmp_path / "extractor.json").unlink()
    with pytest.raises(UserError) as raised:
        Extractor().load(tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "images",
    [noise(7, 8, 8, 1), noise(9, 3, 8, 1), noise(9, 8, 8, 2), noise(9, 8, 8, 1) / 255],
    ids=["too-few", "too-small", "two-channels", "floats"],
)
def test_refuses_images_that_it_cannot_learn_from(images):
    with pytest.raises(UserError, match="Received"):
        Extractor().fit(images)


def test_refuses_images_of_another_size(trained):
    with pytest.raises(UserError, match="takes uint8 images of 8x8x1"):
        trained.features(noise(3, 9, 8, 1))


def test_needs_weights():
    with pytest.raises(RuntimeError, match="no weights yet"):
        Extractor().features(noise(3, 8, 8, 1))
