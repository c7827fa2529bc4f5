"""The run folder's images: real ones, and every checkpoint's images of one fixed latent batch, as PNG grids."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.execute.state import Outcome
from benchmark.plan.planner import Plan
from benchmark.plan.stage import Row
from benchmark.store.checkpoints import INTERPOLATION, Checkpoints
from benchmark.store.png import COLUMNS, animation, grid
from benchmark.store.store import Store
from data.names import safe

STRIP = 12  # images of an evolution


def write(folder: Path, plan: Plan, store: Store, outcomes: dict[str, Outcome]) -> None:
    """Writes the grids, at natural size and without gaps, and `index.csv`, which says what each shows.

    Kinds are `real`; `grid`, the fixed latent batch; `evolution`, its first images at each checkpoint, one row each;
    `interpolation`, a film of a closed way through latent vectors; `preview`, a picture that a generator makes of
    itself, which for a face swap has the columns A, A>A, A>B, B, B>B, B>A of faces held out; and `nearest`: the most
    copied fakes, and below each the nearest image that its generator was trained on and the nearest one that was held
    out. A training's own pictures are drawn as it goes on, without the options of sampling, and `note` says so: rows
    that share a training share them.
    """
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
    notes = {row.id: _unused(row) for row in plan.generators}
    for (generator, seed), stage in plan.trainings.items():
        if stage.key in good and generator not in controls:
            about = {"generator": generator, "generator_seed": seed, "note": notes[generator]}
            rows.extend(_of_training(folder, store.path(stage.function, stage.key), about))
    known = {row.id for row in plan.generators if row.plugin.attribute("control")}
    for (generator, seed), stage in plan.measured.get("quality", {}).items():
        copies = store.path(stage.function, stage.key) / "copies.npy"
        if stage.key in good and generator not in known and copies.exists():
            trained = stage.inputs["trained"]
            last = Checkpoints(store.path(trained.function, trained.key)).names[-1]
            about = {"kind": "nearest", "generator": generator, "generator_seed": seed, "checkpoint": last}
            triples = np.load(copies)
            name = f"{safe(generator)}-seed{seed}-{last}-nearest.png"
            rows.append(_grid(folder, name, np.concatenate(list(triples)), columns=triples.shape[1], **about))
    columns = [
        "file", "kind", "generator", "generator_seed", "checkpoint", "rows", "columns", "height", "width", "note",
    ]  # fmt: skip
    pd.DataFrame(rows, columns=columns).to_csv(folder / "index.csv", index=False)


def _unused(row: Row) -> str:
    """Returns which options of sampling a generator has that the pictures of its training were drawn without."""
    named = row.plugin.attribute("sampling_options", ())
    given = [f"{name} = {json.dumps(row.options[name])}" for name in named if name in row.options]
    return f"drawn without {', '.join(given)}" if given else ""


def _of_training(folder: Path, trained: Path, about: dict[str, Any]) -> list[dict[str, object]]:
    """Writes the pictures of one training, and returns their rows of the index."""
    start = f"{safe(str(about['generator']))}-seed{about['generator_seed']}"
    checkpoints = Checkpoints(trained).folders
    previews = [np.load(path / "preview.npy") for path in checkpoints]
    rows = [
        _grid(folder, f"{start}-{path.name}.png", preview, **about, kind="grid", checkpoint=path.name)
        for path, preview in zip(checkpoints, previews, strict=True)
    ]
    for path, preview in zip(checkpoints, previews, strict=True):
        if (path / "preview.png").exists():
            shown = about | {"kind": "preview", "checkpoint": path.name}
            rows.append(_copied(folder, f"{start}-{path.name}-preview.png", path / "preview.png", preview, shown))
    last = {"checkpoint": checkpoints[-1].name}
    if len(previews) > 1:
        n = min(STRIP, *map(len, previews))
        strip = np.concatenate([preview[:n] for preview in previews])
        rows.append(_grid(folder, f"{start}-evolution.png", strip, columns=n, **about, **last, kind="evolution"))
    if (trained / INTERPOLATION).exists():
        images = np.load(trained / INTERPOLATION)
        name = f"{start}-interpolation.webp"
        (folder / name).write_bytes(animation(images))
        size = {"rows": 1, "columns": 1, "height": images.shape[1], "width": images.shape[2]}
        rows.append({"file": name, **about, **last, **size, "kind": "interpolation"})
    return rows


def _copied(folder: Path, name: str, source: Path, like: np.ndarray, about: dict[str, object]) -> dict[str, object]:
    """Copies a picture of images as large as those in `like`, `(n, h, w, c)`."""
    from PIL import Image

    shutil.copyfile(source, folder / name)
    _, height, width, _ = like.shape
    with Image.open(source) as opened:
        size = {"rows": opened.height // height, "columns": opened.width // width}
    return {"file": name, **about, **size, "height": height, "width": width}


def _grid(folder: Path, name: str, images: np.ndarray, columns: int = COLUMNS, **about: object) -> dict[str, object]:
    from PIL import Image

    laid = grid(images, columns)
    Image.fromarray(laid[..., 0] if laid.shape[2] == 1 else laid).save(folder / name, optimize=True)
    _, height, width, _ = images.shape
    size = {"rows": laid.shape[0] // height, "columns": columns, "height": height, "width": width}
    return {"file": name, **about, **size}
