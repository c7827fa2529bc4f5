"""Pictures of a made-up run: grids of samples, and figures of what detectors look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from made_names import CHECKPOINTS, GENERATORS, write_csv
from PIL import Image

SHOWN: dict[str, tuple[str, ...]] = {
    "cnn": ("heat", "means"),
    "linear-pixel": ("heat", "means", "weights"),
    "sentinel-content": (),
}


PICKED = {"real called fake": 3, "fake called real": 0, "doubtful": 8}


def images(folder: Path, rng, rename, side: int, channels: int, quality: bool) -> None:
    def grid(name: str, blur: float, columns: int = 8, rows: int = 6) -> None:
        y, x = np.mgrid[:side, :side] / side - 0.5
        tiles = np.empty((rows, columns, side, side, channels))
        for k in np.ndindex(rows, columns):
            radius = np.hypot(x - rng.normal() * 0.05, y - rng.normal() * 0.05)
            ring = np.exp(-(((radius - 0.28) / 0.1) ** 2)) * (1 - blur) + rng.random((side, side)) * blur
            tiles[k] = (ring * 255)[..., None] * (0.6 + 0.4 * rng.random(channels) if channels == 3 else 1)
        array = tiles.transpose(0, 2, 1, 3, 4).reshape(rows * side, columns * side, channels).astype(np.uint8)
        Image.fromarray(array[..., 0] if channels == 1 else array).save(folder / "images" / name)

    shape = {"rows": 6, "columns": 8, "height": side, "width": side}
    grid("real.png", 0.02)
    index = [{"file": "real.png", "kind": "real", "generator": "", "generator_seed": "", "checkpoint": ""} | shape]
    for number, (generator, facts) in enumerate(GENERATORS.items()):
        for k, checkpoint in enumerate(CHECKPOINTS if facts["kind"] == "dcgan" else ("final",)):
            name = f"grid-{number}-{checkpoint}.png"
            grid(name, {"noise": 1.0, "real-copy": 0.02}.get(facts["kind"], 0.6 / (k + 1)))
            index.append(
                {"file": name, "kind": "grid", "generator": rename.get(generator, generator)}
                | {"generator_seed": 0, "checkpoint": checkpoint, **shape}
            )
    for name in ("baseline", "tuned") if quality else ():
        grid(f"{name}-nearest.png", 0.1, rows=3)
        about = {"file": f"{name}-nearest.png", "kind": "nearest", "generator": rename.get(name, name)}
        index.append(about | {"generator_seed": 0, "checkpoint": CHECKPOINTS[-1], **shape, "rows": 3})
    write_csv(folder / "images" / "index.csv", index)


def explanations(folder: Path, rng, rename, side: int, channels: int) -> None:
    """Writes figures of noise, and the tables that say what they are."""
    folder.mkdir()
    index: list[dict[str, Any]] = []
    picks: list[dict[str, Any]] = []
    spectra = []

    def figure(name: str, kind: str, rows: int, columns: int, depth: int, **about: Any) -> None:
        pixels = rng.integers(0, 256, (rows * side, columns * side, depth), dtype=np.uint8)
        Image.fromarray(pixels[..., 0] if depth == 1 else pixels).save(folder / f"{name}.png")
        size = {"rows": rows, "columns": columns, "height": side, "width": side}
        index.append({"file": f"{name}.png", "data": "", "kind": kind, "detector": "", **about, **size, "limit": 1.5})

    for generator in ("baseline", "tuned"):
        of = {"generator": rename.get(generator, generator), "generator_seed": 0}
        figure(f"{generator}-spectrum", "spectrum", 1, 3, 3, **of, low=10, high=60)
        radius = np.arange(side // 2 + 1)
        table = pd.DataFrame({"radius": radius, "frequency": radius / side, "real": 60.0 - radius})
        table = table.assign(fake=table["real"] + radius**2 / 9, difference=radius**2 / 9, real_se=0.1, fake_se=0.2)
        spectra.append(table.assign(**of, n_real=300, n_fake=200))
        for detector, kinds in SHOWN.items():
            by = of | {"detector": rename.get(detector, detector), "detector_seed": 0}
            for kind in ("picks", *kinds):
                planes = {"means": 2, "weights": channels}.get(kind)
                rows, columns, depth = (1, planes, 3) if planes else (3, 8, channels if kind == "picks" else 3)
                figure(f"{generator}-{detector}-{kind}", kind, rows, columns, depth, **by)
            for row, (kind, n) in enumerate(PICKED.items()):
                for column in range(n):
                    place = {"kind": kind, "row": row, "column": column, "image_id": f"test/{column}"}
                    fake = kind == "doubtful" and column % 2 == 0
                    picks.append(by | place | {"is_fake": fake, "score": 0.5 - column / 10, "threshold": 0.25})
    pd.DataFrame(index).to_csv(folder / "index.csv", index=False)
    pd.DataFrame(picks).to_csv(folder / "picks.csv", index=False)
    pd.concat(spectra).to_csv(folder / "spectra.csv", index=False)
