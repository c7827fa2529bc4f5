"""The Inception network equals the reference, image by image, and its images are resized as the reference does."""

from __future__ import annotations

import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmark.quality.inception import distances as inception
from benchmark.quality.inception import images as inception_images
from benchmark.quality.inception import network as inception_network
from benchmark.store import digest

pytestmark = pytest.mark.slow

# Every 85th of the 2,048 features of one image of 47 x 90 and one of 320 x 340 pixels (`images` below). They come from
# pytorch-fid 0.3.0 with PyTorch 2.15 on a CPU: its `fid_inception_v3()`, with the download of the weights replaced by
# `load_state_dict` of `weights` of formula.py, inside its `InceptionV3([3])`, which also resizes.
GOLDEN = {
    "odd": [
        2.981499, 0.02659412, 0.6695108, 0.1416579, 1.361009, 0.01151088, 0, 0.05635552, 0.02162566, 0.0248018,
        3.688413, 2.620557, 0.1023732, 0.3273108, 0, 0.01555409, 0.01104608, 0.1818686, 0.1643509, 1.639628,
        0.1656612, 0.004975667, 0.0217017, 3.877445, 1.292293
    ],
    "large": [
        2.682169, 0.01720735, 0.7307496, 0.1599492, 1.29226, 0.004807462, 0, 0.0682464, 0.000386595, 0.02718814,
        3.238769, 2.227429, 0.07863107, 0.188414, 0, 0, 0.01735878, 0.09744415, 0.1082691, 1.413727, 0.1145917,
        0.003451288, 0, 3.321662, 1.195066
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def network(weights_file: Path) -> inception.Inception:
    return inception.Inception(weights_file, digest.of_file(weights_file))


def images(formula: ModuleType, name: str) -> np.ndarray:
    return formula.images(1, 47, 90) if name == "odd" else formula.images(2, 320, 340)[1:]


@pytest.mark.parametrize("name", GOLDEN)
def test_features_are_those_of_the_reference(network: inception.Inception, formula: ModuleType, name: str) -> None:
    found = network.features(images(formula, name))
    assert found.shape == (1, 2048)
    np.testing.assert_allclose(found[0, ::85], GOLDEN[name], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_an_image_has_the_same_features_in_any_company(network: inception.Inception, formula: ModuleType) -> None:
    several = formula.images(18, 8, 8, 1)
    told: list[tuple[int, int]] = []
    together = network.features(several, lambda *done: told.append(done))
    assert told == [(16, 18), (18, 18)]
    np.testing.assert_array_equal(network.features(several[15:]), together[15:])
    np.testing.assert_array_equal(network.features(np.repeat(several[:1], 3, axis=3)), together[:1])
    assert network.features(several[:0]).shape == (0, 2048)


def test_features_that_are_not_finite_are_refused(
    network: inception.Inception, formula: ModuleType, monkeypatch
) -> None:
    class Broken:
        def predict_on_batch(self, batch: np.ndarray) -> np.ndarray:
            return np.full((len(batch), 2048), np.nan)

    monkeypatch.setattr(network, "_model", Broken())
    with pytest.raises(ValueError, match="not finite"):
        network.features(formula.images(1, 8, 8))


def test_the_network_has_the_size_of_the_published_one() -> None:
    """Its 94 convolutions; the published file also holds the layer of the classes, which is not used."""
    shapes = inception_network.shapes()
    assert len(shapes) == 5 * 94
    kernels = sum(math.prod(shape) for name, shape in shapes.items() if name.endswith("conv.weight"))
    assert kernels == 21_751_136
    assert shapes["Mixed_6c.branch7x7_2.conv.weight"] == (160, 160, 1, 7)
    assert shapes["Mixed_7c.branch3x3dbl_3b.bn.running_var"] == (384,)


def brute_force(image: np.ndarray) -> np.ndarray:
    """Bilinear interpolation of a line of NumPy, row by row."""
    height, width, channels = image.shape
    out = np.empty((299, 299, channels))
    x = np.maximum((np.arange(299) + 0.5) * width / 299 - 0.5, 0.0)[:, None]
    left = x[:, 0].astype(int)
    right = np.minimum(left + 1, width - 1)
    for i in range(299):
        y = max((i + 0.5) * height / 299 - 0.5, 0.0)
        top, below = int(y), min(int(y) + 1, height - 1)
        inside = x - left[:, None]
        upper = image[top, left] * (1 - inside) + image[top, right] * inside
        lower = image[below, left] * (1 - inside) + image[below, right] * inside
        out[i] = upper * (1 - (y - top)) + lower * (y - top)
    return out / 127.5 - 1


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (2, 3, 1), (32, 32, 3), (299, 299, 3), (400, 5, 1), (598, 310, 3), (33, 900, 3)]
)
def test_resizing_is_bilinear(formula: ModuleType, shape: tuple[int, int, int]) -> None:
    image = formula.images(1, *shape)
    found = inception_images.prepared(image)
    assert found.dtype == np.float32
    assert found.shape == (1, 299, 299, 3)
    np.testing.assert_allclose(found[0], np.broadcast_to(brute_force(image[0].astype(float)), (299, 299, 3)), atol=3e-5)


def test_an_image_of_the_networks_size_is_only_scaled(formula: ModuleType) -> None:
    image = formula.images(1, 299, 299)
    np.testing.assert_allclose(inception_images.prepared(image), image / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize(
    "image", [np.zeros((1, 8, 8, 3)), np.zeros((8, 8, 3), np.uint8), np.zeros((1, 8, 8, 2), np.uint8)]
)
def test_other_images_are_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Expected uint8 images"):
        inception_images.prepared(image)
