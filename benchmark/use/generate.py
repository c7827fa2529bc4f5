"""New images from a run's trained generators, as files that say what they are and how to make them again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.machine import runtime
from benchmark.store import png
from benchmark.store.out_folder import new_folder
from benchmark.use.drawing import Request, draw, split
from benchmark.use.own_process import if_foreign
from benchmark.use.stored_run import StoredRun, Trained, open_run
from data.errors import UserError
from data.imageset import snap
from data.reading.safe_image import MAX_ANIMATION

FORMAT = 1
MOST = 1_000_000
MAX_SIZE = 4096
RECORD = "manifest.json"


def chosen(opened: StoredRun, name: str | None) -> str:
    """Returns the id of the generator named, or of the only one that is no control, if it can generate.

    Raises:
        UserError: If it cannot, or none is named and there are several.
    """
    rows = [opened.generator_row(known) for known in opened.generators]
    own = [row["id"] for row in rows if not row["control"] and row["kind"] != "folder"]
    if name is None and len(own) != 1:
        listed = ", ".join(own) or "none that generates"
        raise UserError(f"--generator is needed: {opened.folder} holds {listed}.")
    row = opened.generator_row(name or own[0])
    if row["control"] == "real-copy":
        raise UserError(
            f"'{row['id']}' copies real images and generates none. Choose one of {', '.join(own) or 'none'}."
        )
    return str(row["id"])


@if_foreign("generators", lambda opened, given: chosen(opened, given.get("generator")))
def generate(
    run: str | Path | StoredRun,
    *,
    out: str | Path,
    generator: str | None = None,
    training_seed: int | None = None,
    checkpoint: str = "last",
    n: int = 64,
    seed: int = 0,
    labels: Sequence[str] | str | None = None,
    size: int | None = None,
    interpolate: int | None = None,
    store: str | Path | None = None,
) -> dict[str, Any]:
    """Writes new images of a run's generator as PNG files, with `manifest.json`; the same call gives the same bytes.

    The images are on the real images' value grid, as those that detectors saw. A generator that makes its images from
    real ones is given the run's test images, which it has not learned from.

    Args:
        run: The run folder, or the run opened.
        out: Where they go, a new or empty folder.
        generator: The generator's id. Defaults to `None`, the only one that is no control.
        training_seed: Which of its trainings. Defaults to `None`, the first.
        checkpoint: The checkpoint's name, such as `"epoch-0040"`. Defaults to `"last"`.
        n: How many images; of an interpolation, how many frames. Defaults to `64`.
        seed: Of the sampling. Defaults to `0`.
        labels: For a conditional generator, class names or numbers that the images take in turn; for one of attributes,
            those that an image has, joined by `+`, or `none`. In one text they are separated by commas, and a class
            name may have commas itself. One that makes its images from real ones takes those of these classes.
            Defaults to `None`, as in the run's test images.
        size: The shorter side of the written images in pixels. Defaults to `None`, as they are generated.
        interpolate: Draws a closed way through so many random images instead, also as `interpolation.webp`. Defaults to
            `None`, independent images.
        store: The run's store. Defaults to `None`, `.store` beside the run folder.

    Returns:
        What `manifest.json` says.

    Raises:
        UserError: If something given cannot be used, or the store no longer holds the generator.
    """
    opened = open_run(run, store)
    wanted = Request(
        chosen(opened, generator), opened.training_seed(training_seed), checkpoint, n, seed,
        (labels if isinstance(labels, str) else tuple(labels or ())) or None, size, interpolate,
    )  # fmt: skip
    _check(wanted)
    with new_folder(Path(out)) as folder, opened.computing():
        record = _write(folder, opened, wanted)
        (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return record


def _check(wanted: Request) -> None:
    if not 1 <= wanted.n <= MOST:
        raise UserError(f"The number of images must be 1 to {MOST:,}. Received: n={wanted.n}.")
    if not 0 <= wanted.seed < 2**32:
        raise UserError(f"The seed must be 0 to 2**32 - 1. Received: seed={wanted.seed}.")
    if wanted.size is not None and not 1 <= wanted.size <= MAX_SIZE:
        raise UserError(f"The size must be 1 to {MAX_SIZE} pixels. Received: size={wanted.size}.")
    if wanted.interpolate is not None and not 2 <= wanted.interpolate <= wanted.n:
        raise UserError(
            f"An interpolation goes through 2 images or more, and has a frame for each. "
            f"Received: interpolate={wanted.interpolate} with {wanted.n} frames."
        )
    if wanted.interpolate is not None and (wanted.labels or wanted.n % wanted.interpolate):
        raise UserError(
            f"An interpolation takes no labels, and frames that are a multiple of its images. "
            f"Received: {wanted.n} frames for interpolate={wanted.interpolate}."
        )


def _write(folder: Path, opened: StoredRun, wanted: Request) -> dict[str, Any]:
    trained = opened.trained(wanted.generator, wanted.training_seed, wanted.checkpoint)
    if getattr(trained.generator, "n_available", None) is not None:
        raise UserError(f"'{trained.id}' holds finished images of another tool and generates none: fauxbench export.")
    if isinstance(wanted.labels, str):  # now that it is known whether they are classes or attributes
        classes = () if getattr(trained.generator, "requested_attributes", ()) else opened.images.classes
        wanted = replace(wanted, labels=split(wanted.labels, classes))
    levels = opened.images.value_grid
    drawn, names, sources = draw(opened, trained, wanted)
    images = snap(drawn, levels)
    source_type = _source_type(trained, bool(sources))
    said = (
        f"Synthetic image, generated by '{trained.id}' ({trained.kind}, training seed {trained.seed}, "
        f"{trained.checkpoint}) of the run '{opened.manifest['name']}', sampling seed {wanted.seed}"
    )
    first, method = png.resized(images[:1], wanted.size)
    pixels = first.shape[1] * first.shape[2] * len(images)
    if wanted.interpolate and pixels > MAX_ANIMATION:
        raise UserError(
            f"An interpolation may have {MAX_ANIMATION:,} pixels in all its frames. Received: {pixels:,}; choose fewer "
            "frames or a smaller size."
        )
    software, files = f"fauxbench {runtime.version('fauxbench')}", []
    digits = max(6, len(str(wanted.n - 1)))
    for i, image in enumerate(images):  # one by one: enlarged, they might not fit into memory together
        scaled = png.resized(image[None], wanted.size)[0][0]
        content = png.synthetic(scaled, software, f"{said}, number {i}.", source_type)
        row = _file(folder / f"{i:0{digits}d}.png", content, names[i])
        files.append(row if not sources else row | {"source": sources[i]})
    if wanted.interpolate:
        frames = np.concatenate([png.resized(image[None], wanted.size)[0] for image in images])
        content = png.animation(frames, png.xmp(software, f"{said}, interpolation.", source_type))
        files.append(_file(folder / "interpolation.webp", content, None))
    return {
        "format": FORMAT, "what": "synthetic images generated by fauxbench",
        "run": {"name": opened.manifest["name"], "folder": opened.folder.as_posix(), "smoke": opened.smoke},
        "dataset": {"name": opened.images.name, "digest": opened.images.digest},
        "generator": trained.about | {"code_changed": trained.code_changed},
        "sampling": {
            "n": wanted.n, "seed": wanted.seed, "labels": list(wanted.labels) if wanted.labels else None,
            "interpolate": wanted.interpolate,
        },
        "value_grid": {"levels": len(levels), "moved": float((images != drawn).mean())},
        "size": {
            "native": list(images.shape[1:3]), "written": list(first.shape[1:3]), "asked": wanted.size,
            "resampling": method, "channels": images.shape[3],
        },
        "digital_source_type": source_type, "pixels": hashlib.sha256(images.tobytes()).hexdigest(),
        "versions": {
            name: runtime.version(name) for name in ("fauxbench", *runtime.LIBRARIES)
        } | {"backend": runtime.backend()},
        "files": files,
    }  # fmt: skip


def _file(path: Path, content: bytes, label: str | None) -> dict[str, Any]:
    path.write_bytes(content)
    return {"file": path.name, "sha256": hashlib.sha256(content).hexdigest(), "label": label}


def _source_type(trained: Trained, from_reals: bool) -> str:
    if from_reals:
        return png.COMPOSITE
    return png.TRAINED if getattr(trained.generator, "trains", True) else png.ALGORITHMIC
