"""Pictures in the page are as large as they are seen, and small ones keep every pixel."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from reports.embed import tiles


@pytest.fixture
def run(tmp_path: Path) -> SimpleNamespace:
    (tmp_path / "images").mkdir()
    return SimpleNamespace(folder=tmp_path)


def saved(run: SimpleNamespace, side: int, *, seed: int = 0) -> tuple[SimpleNamespace, np.ndarray]:
    """A grid of 2 x 4 images of colour noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (2 * side, 4 * side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(run.folder / "images" / "grid.png")
    return SimpleNamespace(file="grid.png", height=side, width=side), pixels


def shown(picture: tiles.Picture) -> np.ndarray:
    content = base64.b64decode(picture.uri.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def test_small_images_keep_every_pixel(run: SimpleNamespace) -> None:
    row, pixels = saved(run, 32)
    found = tiles.grid(run, row)
    assert found is not None
    picture = tiles.tiled(found, 4, 8)
    gap = 2
    assert (picture.width, picture.height, picture.n) == (4 * 32 + 3 * gap, 2 * 32 + gap, 8)
    assert np.array_equal(shown(picture)[34:66, 34:66, :3], pixels[32:64, 32:64])


def test_where_exact_pixels_are_not_asked_for_a_picture_is_never_larger_and_looks_the_same(
    run: SimpleNamespace,
) -> None:
    row, _ = saved(run, 32)
    smooth = np.add.outer(np.arange(64), np.arange(128))[..., None] % 192 + np.array([0, 20, 40])
    drawn = np.random.default_rng(1).normal(smooth, 12).clip(0, 255).astype(np.uint8)
    Image.fromarray(drawn).save(run.folder / "images" / "grid.png")
    found = tiles.grid(run, row)
    assert found is not None
    whole, small = tiles.tiled(found, 4, 8), tiles.tiled(found, 4, 8, exact=False)
    assert len(small.uri) < 0.6 * len(whole.uri)
    seen = np.abs(shown(small)[..., :3].astype(int) - shown(whole)[..., :3])[:32, :32]
    assert 0 < seen.mean() < 8
    flat = tiles.Grid(Image.new("L", (8, 8), 7), 8, 8, 1)
    assert tiles.tiled(flat, 1, 1, exact=False) == tiles.tiled(flat, 1, 1)


def test_large_images_are_scaled_down_and_their_files_are_not(run: SimpleNamespace) -> None:
    row, _ = saved(run, 512)
    before = (run.folder / "images" / "grid.png").read_bytes()
    found = tiles.grid(run, row)
    assert found is not None
    picture = tiles.tiled(found, 4, 8)
    assert (found.height, found.width, found.columns) == (64, 64, 4)
    assert picture.height < 140
    assert len(picture.uri) < 100_000
    assert (run.folder / "images" / "grid.png").read_bytes() == before


def test_images_that_are_not_square_keep_their_shape(run: SimpleNamespace) -> None:
    Image.new("RGB", (400, 100), (200, 10, 10)).save(run.folder / "images" / "wide.png")
    found = tiles.grid(run, SimpleNamespace(file="wide.png", height=100, width=200))
    assert found is not None
    assert (found.height, found.width, found.n) == (32, 64, 2)


def test_a_file_is_decoded_once_and_again_when_it_changed(
    run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, _ = saved(run, 128)
    opened: list[Path] = []
    decode: Callable = tiles._opened
    monkeypatch.setattr(tiles, "_opened", lambda path: (opened.append(path), decode(path))[1])
    first = tiles.grid(run, row)
    assert tiles.grid(run, row) is first
    assert len(opened) == 1
    saved(run, 128, seed=1)
    again = tiles.grid(run, row)
    assert again is not first
    assert len(opened) == 2
