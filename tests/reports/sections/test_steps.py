from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from reports.load import load
from reports.sections import steps


def _without_gaps(uri: str) -> np.ndarray:
    content = base64.b64decode(uri.partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("LA"))
    return pixels[pixels[:, 0, 1] > 0][:, pixels[0, :, 1] > 0, 0]


def test_the_first_images_of_every_checkpoint_and_what_is_known_of_it(run_folder: Path) -> None:
    found = steps.section(load(run_folder))
    assert found is not None
    assert found["names"] == ["baseline", "tuned"]
    rows = found["rows"]
    assert [row["checkpoint"] for row in rows] == ["epoch-0005", "epoch-0010", "epoch-0020", "epoch-0040"]
    saved = np.asarray(Image.open(run_folder / "images" / "grid-0-epoch-0010.png"))
    assert np.array_equal(_without_gaps(rows[1]["cells"][0]["image"].uri), saved[:16])
    assert (found["real"].width, found["real"].height, found["real"].n) == (71, 17, 16)
    assert rows[0]["at"] == {"epoch": 5.0, "step": 149.0}  # of 30 steps an epoch, counted from one
    assert rows[0]["cells"][0]["losses"].startswith("discriminator 0.")
    assert rows[0]["cells"][0]["quality"] == "16.000 [14.400, 17.600]"
    last, first = rows[-1]["cells"][0], rows[0]["cells"][0]
    assert last["auc"]["text"].startswith("0.9")
    assert not last["elsewhere"]
    assert first["auc"] is None
    assert first["elsewhere"]


def test_detectability_of_every_checkpoint_that_was_tested(
    make_run: Callable[..., Path], sealed: Callable[[Path], Path]
) -> None:
    folder = make_run(n=40)
    for name in ("cells", "metrics"):
        frame = pd.read_csv(folder / f"{name}.csv")
        early = frame[(frame["generator"] == "tuned") & (frame["detector"] == "cnn")]
        early = early.head(1).assign(cell="early", checkpoint="epoch-0005")
        if name == "metrics":
            early = early.assign(metric="auc", value=0.61, low=0.5, high=0.7)
        pd.concat([frame, early]).to_csv(folder / f"{name}.csv", index=False)
    found = steps.section(load(sealed(folder)))
    assert found is not None
    assert found["rows"][0]["cells"][1]["auc"] == {"detector": "cnn", "text": "0.610 [0.500, 0.700]", "place": "61.0"}


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
    found = steps.section(load(sealed(folder)))
    assert found is not None
    saved = np.asarray(Image.open(folder / "images" / "grid-0-epoch-0005.png"))
    strip = _without_gaps(found["rows"][0]["cells"][0]["image"].uri)
    assert np.array_equal(strip[:8], np.hstack([saved[:8], saved[8:16]]))


def test_many_checkpoints_are_chosen_evenly_with_both_ends(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PIXELS", 1)
    monkeypatch.setattr(steps, "LEAST", 3)
    found = steps.section(load(run_folder))
    assert found is not None
    assert [row["checkpoint"] for row in found["rows"]] == ["epoch-0005", "epoch-0020", "epoch-0040"]
    assert found["left_out"] == 1
    assert found["rows"][0]["cells"][0]["image"].n == steps.ACROSS


@pytest.mark.parametrize(
    ("checkpoint", "expected"),
    [("final", {}), ("step-300", {"step": 300.0, "epoch": 11.0}), ("7", {"checkpoint": 7.0})],
)
def test_where_a_checkpoint_stands_on_an_axis(run_folder: Path, checkpoint: str, expected: dict) -> None:
    assert steps.at(load(run_folder), checkpoint) == expected
