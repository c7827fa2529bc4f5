"""The run folder's `explanations`: what detectors look at, as PNG figures with the numbers that they show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plan.planner import Cell
from benchmark.results import heat
from benchmark.results.gather import Gathered
from benchmark.stages import picks
from benchmark.store.png import grid, write_png
from data.names import safe

INDEX = [
    "file", "data", "kind", "generator", "generator_seed", "detector", "detector_seed", "rows", "columns", "height",
    "width", "low", "high", "limit",
]  # fmt: skip
PICKS = [
    "generator", "generator_seed", "detector", "detector_seed", "kind", "row", "column", "image_id", "label", "is_fake",
    "score", "probability", "threshold",
]  # fmt: skip
SPECTRA = [
    "generator", "generator_seed", "radius", "frequency", "real", "fake", "difference", "real_se", "fake_se", "n_real",
    "n_fake",
]  # fmt: skip


def write(folder: Path, read: Gathered) -> None:
    """Writes the figures at natural size, `index.csv`, which says what each shows, `picks.csv` and `spectra.csv`.

    Kinds are `picks`, a row of images for each of `benchmark.stages.picks.KINDS`; `heat`, the same images with their
    heat maps; `means`, the mean heat maps of real and of fake test images; `weights`, a linear detector's, one picture
    for each plane; and `spectrum`, the mean spectra of real and of fake test images in grey from `low` to `high`
    decibel, and fake minus real. Signed values are blue at `-limit`, which is for "real", and orange at `limit`. `data`
    names the array behind a figure, for NumPy.
    """
    folder.mkdir(parents=True, exist_ok=True)
    index: list[dict[str, Any]] = []
    picked, profiles = [], []
    for cell in read.measured:
        stage = read.plan.measured.get("explain", {}).get(cell.name)
        if stage is not None and read.ended_well(stage):
            picked.append(_cell(folder, cell, read.path(stage), index))
    for (generator, seed), stage in read.plan.measured.get("spectra", {}).items():
        if read.ended_well(stage):
            profiles.append(_spectrum(folder, generator, seed, read.path(stage), index))
    for name, frames, columns in (("picks.csv", picked, PICKS), ("spectra.csv", profiles, SPECTRA)):
        joined = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
        joined[columns].to_csv(folder / name, index=False)
    pd.DataFrame(index, columns=INDEX).to_csv(folder / "index.csv", index=False)


def _cell(folder: Path, cell: Cell, stage: Path, index: list[dict[str, Any]]) -> pd.DataFrame:
    """Writes the figures of one cell, and returns its rows of `picks.csv`."""
    about = {
        "generator": cell.generator, "generator_seed": cell.generator_seed,
        "detector": cell.detector, "detector_seed": cell.detector_seed,
    }  # fmt: skip
    start = f"{safe(cell.generator)}-seed{cell.generator_seed}-{safe(cell.detector)}-seed{cell.detector_seed}"
    table = pd.read_csv(stage / "picks.csv", dtype={"image_id": str, "kind": str})
    rows = table["kind"].map(picks.KINDS.index).to_numpy()
    columns = table.groupby("kind").cumcount().to_numpy()
    images = np.load(stage / "picks.npy")
    places = rows * picks.MOST + columns
    _figure(folder, index, f"{start}-picks", "picks", _laid(images, places), picks.MOST, about)
    if (maps := _array(stage / "maps.npy")) is not None:
        limit = heat.limit_of(maps)
        laid = _laid(heat.overlaid(images, maps, limit), places)
        _figure(folder, index, f"{start}-heat", "heat", laid, picks.MOST, about | {"limit": limit}, maps)
    for kind in ("means", "weights"):
        if (values := _array(stage / f"{kind}.npy")) is not None:
            limit = heat.limit_of(values)
            colours = heat.diverging(values, limit)
            _figure(folder, index, f"{start}-{kind}", kind, colours, len(values), about | {"limit": limit}, values)
    return table.assign(**about, row=rows, column=columns)[PICKS]


def _spectrum(folder: Path, generator: str, seed: int, stage: Path, index: list[dict[str, Any]]) -> pd.DataFrame:
    """Writes the figure of one bank, and returns its rows of `spectra.csv`."""
    values = np.load(stage / "spectra.npy")
    low, high = np.quantile(values, [1 - heat.STRONGEST, heat.STRONGEST])
    difference = values[1] - values[0]
    limit = heat.limit_of(difference)
    shown = np.concatenate([heat.shades(values, low, high), heat.diverging(difference, limit)[None]])
    about = {"generator": generator, "generator_seed": seed}
    scale = {"low": low, "high": high, "limit": limit}
    _figure(folder, index, f"{safe(generator)}-seed{seed}-spectrum", "spectrum", shown, 3, about | scale, values)
    return pd.read_csv(stage / "spectra.csv").assign(**about)[SPECTRA]


def _figure(
    folder: Path, index: list[dict[str, Any]], name: str, kind: str, images: np.ndarray, columns: int,
    about: dict[str, Any], data: np.ndarray | None = None,
) -> None:  # fmt: skip
    write_png(folder / f"{name}.png", grid(images, columns))
    if data is not None:
        np.save(folder / f"{name}.npy", data)
    size = {"rows": -(-len(images) // columns), "columns": columns, "height": images.shape[1], "width": images.shape[2]}
    index.append({"file": f"{name}.png", "data": None if data is None else f"{name}.npy", "kind": kind} | about | size)


def _laid(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Returns one image for each place of the figure, black where there is none."""
    laid = np.zeros((len(picks.KINDS) * picks.MOST, *images.shape[1:]), np.uint8)
    laid[places] = images
    return laid


def _array(path: Path) -> np.ndarray | None:
    return np.load(path) if path.exists() else None
