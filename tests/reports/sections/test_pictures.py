from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from reports.load import load
from reports.sections import pictures, steps


def _pixels(uri: str) -> np.ndarray:
    return np.asarray(
        Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/webp;base64,")))).convert("LA")
    )


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


def test_the_lineup_is_a_few_reals_and_as_many_fakes_of_every_configuration(run_folder: Path) -> None:
    found = pictures.lineup(load(run_folder))
    assert [name for name, _ in found] == ["", "baseline", "tuned"]
    assert [(picture.n, picture.width, picture.height) for _, picture in found] == 3 * [(8, 35, 17)]


def test_films_are_no_larger_than_they_are_seen(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    frames = [Image.new("RGB", (512, 256), (20 * k, 10, 10)) for k in range(6)]
    frames[0].save(folder / "images" / "film.webp", save_all=True, append_images=frames[1:], duration=80)
    index = pd.read_csv(folder / "images" / "index.csv")
    film = {"file": "film.webp", "kind": "interpolation", "generator": "tuned", "generator_seed": 0}
    film |= {"checkpoint": "epoch-0040", "rows": 1, "columns": 1, "height": 256, "width": 512}
    pd.concat([index, pd.DataFrame([film])]).to_csv(folder / "images" / "index.csv", index=False)
    [(name, _, picture)] = pictures.films(load(sealed(folder)))
    assert (name, picture.width, picture.height, picture.n) == ("tuned", 128, 64, 6)


def test_missing_and_broken_pictures_are_left_out(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=40)
    (folder / "images" / "real.png").unlink()
    (folder / "images" / "grid-0-epoch-0040.png").write_bytes(b"not a picture")
    run = load(sealed(folder))
    assert [name for name, _, _ in pictures.grids(run)] == ["tuned", "real-copy", "noise"]
    assert [name for name, _ in pictures.lineup(run)] == ["tuned"]
    found = steps.section(run)
    assert found is not None
    assert found["real"] is None
    assert found["rows"][-1]["cells"][0]["image"] is None


def test_no_file_outside_the_folder_is_embedded(make_run: Callable[..., Path], sealed: Callable[[Path], Path]) -> None:
    folder = make_run(n=40)
    (folder / "images" / "real.png").rename(folder / "secret.png")
    index = (folder / "images" / "index.csv").read_text().replace("real.png", "../secret.png")
    (folder / "images" / "index.csv").write_text(index)
    assert "" not in [name for name, _, _ in pictures.grids(load(sealed(folder)))]


def test_large_images_are_scaled_down_and_a_grid_is_cut_to_whole_rows(make_run: Callable[..., Path]) -> None:
    found = pictures.grids(load(make_run(n=40, side=128, channels=3)))
    assert len(found) == 5
    assert (found[0][2].width, found[0][2].height, found[0][2].n) == (8 * 64 + 7 * 4, 3 * 64 + 2 * 4, 24)


def test_pictures_leave_room_for_the_rest_of_a_page_below_four_megabytes(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    """Colour noise of 32 px, which nothing compresses, for every configuration and checkpoint of the largest preset."""
    folder = make_run(n=40)
    noise = np.random.default_rng(0).integers(0, 256, (8 * 32, 8 * 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "images" / "noise-grid.png")
    index = pd.read_csv(folder / "images" / "index.csv")
    rows = index[index["kind"].isin(["real", "grid"])]
    rows.assign(file="noise-grid.png", height=32, width=32).to_csv(folder / "images" / "index.csv", index=False)
    run = load(sealed(folder))
    grids = [picture.uri for *_, picture in pictures.grids(run)]
    along = steps.section(run)
    assert along is not None
    strips = [cell["image"].uri for row in along["rows"] for cell in row["cells"]]
    letters = 4 * 1.1  # of Base64 for three bytes of a pixel, and what the format adds
    assert 0.3 * letters * pictures.PIXELS < sum(map(len, grids)) < letters * pictures.PIXELS
    assert (
        0.1 * letters * steps.PIXELS < sum(map(len, strips)) < 0.7 * letters * steps.PIXELS
    )  # not every pixel is kept
    assert letters * (pictures.PIXELS + steps.PIXELS) < 1_600_000
