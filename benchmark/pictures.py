"""The run folder's images: real ones, and every checkpoint's images of one fixed latent batch, as PNG grids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.checkpoints import Checkpoints
from benchmark.execute import Outcome
from benchmark.plan import Plan
from benchmark.store import Store

COLUMNS = 8


def write(folder: Path, plan: Plan, store: Store, outcomes: dict[str, Outcome]) -> None:
    """Writes the grids, at natural size and without gaps, and `index.csv`, which says what each shows."""
    from data.imageset import ImageSet
    from data.ledger import Ledger

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    good = {key for key, outcome in outcomes.items() if outcome.status in ("done", "cached")}
    if plan.prepared.key in good:
        prepared = store.path("prepare", plan.prepared.key)
        images = ImageSet.load(prepared / "images")
        at = Ledger.load(prepared, images).parts["test"]
        chosen = np.sort(np.random.default_rng(0).permutation(at)[: COLUMNS * COLUMNS])
        rows.append(_grid(folder, "real.png", np.array(images.images[chosen]), kind="real"))
    controls = {row.id for row in plan.generators if row.plugin.attribute("control") == "real-copy"}
    for (generator, seed), stage in plan.trainings.items():
        if stage.key not in good or generator in controls:
            continue
        for path in Checkpoints(store.path(stage.function, stage.key)).folders:
            name = f"{_safe(generator)}-seed{seed}-{path.name}.png"
            about = {"kind": "grid", "generator": generator, "generator_seed": seed, "checkpoint": path.name}
            rows.append(_grid(folder, name, np.load(path / "preview.npy"), **about))
    columns = ["file", "kind", "generator", "generator_seed", "checkpoint", "rows", "columns", "height", "width"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "index.csv", index=False)


def grid(images: np.ndarray, columns: int = COLUMNS) -> np.ndarray:
    """Lays uint8 images `(n, h, w, c)` row by row into one image `(rows * h, columns * w, c)`, the rest black."""
    n, height, width, channels = images.shape
    rows = -(-n // columns)
    cells = np.zeros((rows * columns, height, width, channels), np.uint8)
    cells[:n] = images
    laid = cells.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return laid.reshape(rows * height, columns * width, channels)


def _grid(folder: Path, name: str, images: np.ndarray, **about: object) -> dict[str, object]:
    from PIL import Image

    laid = grid(images)
    Image.fromarray(laid[..., 0] if laid.shape[2] == 1 else laid).save(folder / name, optimize=True)
    _, height, width, _ = images.shape
    size = {"rows": laid.shape[0] // height, "columns": COLUMNS, "height": height, "width": width}
    return {"file": name, **about, **size}


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
