"""Files are judged as they came, though the images that detectors see were reduced."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from data.imageset import ImageSet
from data.sources.folder import read_images
from detection.features.traces.jpeg import jpeg_quality
from generation.folder import Folder


def photographs(n: int, side: int = 44) -> np.ndarray:
    rng = np.random.default_rng(0)
    grain = gaussian_filter(rng.normal(size=(n, side, side, 3)), (0, 1, 1, 0)) * 150
    return np.clip(128 + grain, 0, 255).astype(np.uint8)


@pytest.fixture
def jpegs(tmp_path):
    folder = tmp_path / "fakes"
    folder.mkdir()
    for i, image in enumerate(photographs(12)):
        Image.fromarray(image).save(folder / f"{i:02d}.jpg", quality=85)
    return folder


@pytest.mark.parametrize("mixed", ["resize", "center-crop"])
def test_a_folder_keeps_a_corner_of_its_files_as_they_came(jpegs, tmp_path, mixed):
    fakes = Folder(path=str(jpegs), mixed=mixed, size=32).fit(np.zeros((4, 32, 32, 3), np.uint8))
    at = np.arange(12)
    assert fakes.take(at).shape == fakes.came(at).shape
    assert (jpeg_quality(fakes.came(at)) == 85).all()
    assert (jpeg_quality(fakes.take(at)) > 100).all()  # reduced, or cut off the grid's corner: nothing is left there
    fakes.save(tmp_path / "kept")
    again = Folder(path=str(jpegs)).load(tmp_path / "kept")
    np.testing.assert_array_equal(again.came(at), fakes.came(at))


def test_files_that_are_kept_as_they_are_have_no_second_copy(jpegs, tmp_path):
    found = read_images(jpegs)
    assert found.originals is None
    fakes = Folder(path=str(jpegs)).fit(np.zeros((4, 44, 44, 3), np.uint8))
    np.testing.assert_array_equal(fakes.came(np.arange(3)), fakes.take(np.arange(3)))


def test_originals_go_along_with_their_images(jpegs, tmp_path):
    found = read_images(jpegs, mixed="resize", size=32)
    assert found.originals is not None
    few = found.take([3, 1])
    np.testing.assert_array_equal(few.originals, found.originals[[3, 1]])
    few.save(tmp_path / "set")
    np.testing.assert_array_equal(ImageSet.load(tmp_path / "set").originals, few.originals)
    with pytest.raises(ValueError, match="Originals must have"):
        ImageSet("odd", found.images, found.labels, found.ids, found.classes, originals=found.images[..., :1])
