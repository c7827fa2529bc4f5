"""The section on what detectors look at: figures in their places, few enough of them, and old runs without."""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from reports import page
from reports.figures.spectra import SpectrumFigure
from reports.load import Run, load
from reports.sections import explain
from reports.sections.pictures import Picture


@pytest.fixture(scope="module")
def run(run_folder: Path) -> Run:
    return load(run_folder)


@pytest.fixture
def copied(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the folder, to be changed."""
    return Path(shutil.copytree(run_folder, tmp_path / "run"))


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.uri.split(",")[1]))).convert("RGB"))


def saved(run: Run, name: str) -> np.ndarray:
    return np.asarray(Image.open(run.folder / "explanations" / name).convert("RGB"))


def test_detectors_show_what_they_have(run: Run) -> None:
    found = explain.section(run)
    assert found is not None
    assert found["generators"] == ["baseline", "tuned"]
    assert [name for name, _ in found["means"]] == ["cnn", "linear-pixel"]
    assert [name for name, _ in found["weights"]] == ["linear-pixel"]
    assert [name for name, _ in found["picks"]] == ["cnn", "linear-pixel", "sentinel-content"]
    assert [shown["generator"] for shown in found["spectra"]] == ["baseline", "tuned"]
    assert all(len(shown["maps"]) == 3 for shown in found["spectra"])


def test_pieces_are_cut_where_they_lie(run: Run) -> None:
    found = explain.section(run)
    (_, means), _ = found["means"]
    whole = saved(run, "tuned-cnn-means.png")
    for side, (piece, zoom) in enumerate(means[1]):
        np.testing.assert_array_equal(pixels(piece), whole[:, 8 * side : 8 * side + 8])
        assert zoom == 12
    panel = found["picks"][0][1][0]
    doubtful = panel["lines"][2]
    for kind, strip in doubtful["pictures"]:
        third = saved(run, f"baseline-cnn-{kind}.png")[16:24]
        for at in range(8):
            apart = np.abs(pixels(strip)[:, 9 * at : 9 * at + 8].astype(int) - third[:, 8 * at : 8 * at + 8])
            assert apart.mean() <= (20 if kind == "heat" else 0), "128 colours for 512 of noise; else every pixel"


def test_rows_of_images_say_what_is_in_them(run: Run) -> None:
    panels = dict(explain.section(run)["picks"])
    real, fake, doubtful = panels["cnn"][1]["lines"]
    assert (real["n"], real["scores"], real["sides"]) == (3, "0.5 to 0.3", "real, real, real")
    assert (fake["n"], fake["pictures"]) == (0, [])
    assert (doubtful["n"], doubtful["fakes"], doubtful["sides"][:10]) == (8, 4, "fake, real")
    assert [kind for kind, _ in real["pictures"]] == ["picks", "heat"]
    assert [kind for kind, _ in panels["sentinel-content"][0]["lines"][0]["pictures"]] == ["picks"]
    assert panels["cnn"][0]["threshold"] == "0.25"


def test_large_images_leave_room_for_fewer(run: Run) -> None:
    assert explain.section(run)["most"] == 8
    rows = pd.DataFrame({"kind": "picks", "height": 32.0, "width": 32.0, "columns": 8.0}, index=range(10))
    assert explain._most(rows) == 6
    assert explain._most(rows.assign(height=64.0)) == 3
    assert explain._most(rows.assign(height=512.0)) == 3  # scaled down to 64
    assert explain._most(rows.head(0)) == 1
    sizes = run.explanations.assign(height=run.explanations["height"] * 4, width=run.explanations["width"] * 4)
    fewer = explain.section(replace(run, explanations=sizes))
    assert fewer["most"] == 6
    assert fewer["picks"][0][1][0]["lines"][2]["n"] == 6


def test_many_detectors_leave_room_for_the_first(run: Run) -> None:
    names = [f"d{at:02d}" for at in range(25)]
    rows = pd.DataFrame({"kind": "picks", "height": 32.0, "width": 32.0, "columns": 8.0, "detector": names * 5})
    assert explain._chosen(rows, names) == names[:13]  # of 3 times 5 images of 1,024 pixels
    assert explain._chosen(rows.assign(height=4096.0, width=4096.0), names) == names[:3]  # scaled down to 64
    sizes = run.explanations.assign(height=4096.0, width=4096.0)
    large = pd.concat([sizes] * 20)
    fewer = explain.section(replace(run, explanations=large))
    assert ([name for name, _ in fewer["picks"]], fewer["left_out"]) == (["cnn"], 2)
    assert explain.section(run)["left_out"] == 0
    text = page.render(replace(run, explanations=large))
    assert "of the first detector: those of 2 more would not fit" in re.sub(r"\s+", " ", text)


def test_curves_are_of_the_table_and_share_their_axes(run: Run) -> None:
    figure = SpectrumFigure(run)
    assert len(figure.frame()) == len(pd.read_csv(run.folder / "explanations" / "spectra.csv"))
    drawings = [figure.difference(name, name="x") for name in figure.generators]
    assert "fakes of tuned minus" in drawings[1]
    assert drawings[0] == drawings[1].replace("tuned", "baseline")
    louder = run.spectra.assign(
        difference=run.spectra["difference"] * np.where(run.spectra["generator"] == "tuned", 9, 1)
    )
    assert SpectrumFigure(replace(run, spectra=louder)).difference("baseline", name="x") != drawings[0]


def test_the_page_shows_it_and_says_it_in_words(run_folder: Path) -> None:
    text = page.write(run_folder).read_text(encoding="utf-8")
    part = text[text.index('<section id="explain">') :]
    part = part[: part.index("</section>")]
    assert "speaks for fake" in part
    alternatives = re.findall(r'alt="([^"]*)"', part)
    assert all(alternatives)
    assert "Mean heat map of cnn on fake test images against tuned" in alternatives
    assert any("with heat maps: fake, real, fake" in words for words in alternatives)
    assert part.count("<details>") == 3


def test_a_run_without_explanations_is_shown_as_before(copied: Path, sealed: Callable[[Path], Path]) -> None:
    for path in (copied / "explanations").iterdir():
        if path.suffix != ".csv":
            path.unlink()
        else:
            path.write_text(path.read_text().splitlines()[0] + "\n")
    assert explain.section(load(sealed(copied))) is None
    assert 'id="explain"' not in page.write(copied).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["index.csv", "picks.csv", "spectra.csv"])
def test_a_table_without_rows_costs_its_own_part(copied: Path, sealed: Callable[[Path], Path], name: str) -> None:
    path = copied / "explanations" / name
    path.write_text(path.read_text().splitlines()[0] + "\n")
    found = explain.section(load(sealed(copied)))
    if name == "index.csv":
        assert found is None or not found["means"]
        return
    assert found["means"]
    assert (name == "picks.csv") == (not found["picks"])
    assert (name == "spectra.csv") == (not found["spectra"])


def test_what_is_no_picture_is_left_out(copied: Path, sealed: Callable[[Path], Path]) -> None:
    for path in (copied / "explanations").glob("*.png"):
        path.write_bytes(b"<script>")
    found = explain.section(load(sealed(copied)))
    assert (found["means"], found["weights"], found["picks"]) == ([], [], [])
    assert all(not shown["maps"] for shown in found["spectra"])
