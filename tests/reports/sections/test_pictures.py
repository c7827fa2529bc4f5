from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from reports.load import load
from reports.sections import pictures


def _pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,")))))


def _without_gaps(uri: str) -> np.ndarray:
    pixels = _pixels(uri)
    return pixels[:, pixels[0, :, 1] > 0, 0]


def test_grids_are_the_last_checkpoints(run_folder: Path) -> None:
    found = pictures.grids(load(run_folder))
    assert [(name, checkpoint) for name, checkpoint, _ in found] == [
        ("", ""),
        ("baseline", "epoch-0040"),
        ("tuned", "epoch-0040"),
        ("real-copy", "final"),
        ("noise", "final"),
    ]
    saved = np.asarray(Image.open(run_folder / "images" / "real.png"))
    shown = _pixels(found[0][2].uri)
    assert shown.shape == (6 * 9 - 1, 8 * 9 - 1, 2)
    assert np.array_equal(shown[9:17, 18:26, 0], saved[8:16, 16:24])
    assert (shown[9:17, 18:26, 1] == 255).all()
    assert (shown[8, :, 1] == 0).all()
    assert found[0][2].n == 48


def test_evolution_shows_the_first_images_of_every_checkpoint(run_folder: Path) -> None:
    names, steps, real = pictures.evolution(load(run_folder))
    assert names == ["baseline", "tuned"]
    assert [checkpoint for checkpoint, _ in steps] == ["epoch-0005", "epoch-0010", "epoch-0020", "epoch-0040"]
    saved = np.asarray(Image.open(run_folder / "images" / "grid-0-epoch-0010.png"))
    strip = steps[1][1][0]
    assert strip is not None
    assert np.array_equal(_without_gaps(strip.uri), saved[:8, :64])
    assert real is not None
    assert (real.width, real.height, real.n) == (71, 8, 8)


def test_grids_of_fewer_columns_continue_in_the_next_row(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=40)
    path = folder / "images" / "index.csv"
    rows = pd.read_csv(path).astype({"rows": int})
    rows["rows"], rows["columns"] = 12, 4
    rows.to_csv(path, index=False)
    for file in (folder / "images").glob("*.png"):
        with Image.open(file) as image:
            image.crop((0, 0, 32, 48)).save(file)
    _, steps, _ = pictures.evolution(load(sealed(folder)))
    strip = steps[0][1][0]
    saved = np.asarray(Image.open(folder / "images" / "grid-0-epoch-0005.png"))
    assert strip is not None
    assert np.array_equal(_without_gaps(strip.uri), np.hstack([saved[:8], saved[8:16]]))


def test_missing_and_broken_pictures_are_left_out(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=40)
    (folder / "images" / "real.png").unlink()
    (folder / "images" / "grid-0-epoch-0040.png").write_bytes(b"not a picture")
    run = load(sealed(folder))
    assert [name for name, _, _ in pictures.grids(run)] == ["tuned", "real-copy", "noise"]
    _, steps, real = pictures.evolution(run)
    assert real is None
    assert steps[-1][1][0] is None


def test_no_file_outside_the_folder_is_embedded(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    (folder / "images" / "real.png").rename(folder / "secret.png")
    index = (folder / "images" / "index.csv").read_text().replace("real.png", "../secret.png")
    (folder / "images" / "index.csv").write_text(index)
    assert "" not in [name for name, _, _ in pictures.grids(load(sealed(folder)))]


def test_a_large_grid_is_cut_to_whole_rows(make_run: Callable[..., Path]) -> None:
    found = pictures.grids(load(make_run(n=40, side=128, channels=3)))
    assert (found[0][2].width, found[0][2].height, found[0][2].n) == (1024 + 7 * 8, 256 + 8, 16)
