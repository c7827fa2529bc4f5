"""Sample grids for the page: real beside fake, whole grids, and the films between latent vectors."""

from __future__ import annotations

import base64
import io
from typing import Any

import pandas as pd

from reports.embed.tiles import Picture, grid, opened, tiled
from reports.load import Run, natural

THUMBS, ACROSS = 8, 4  # images of a side on the first screen
PIXELS = 140_000  # of all grids together, which are cut to whole rows below it: a third of a megabyte
FILM = 128  # pixels of a film, about as large as it is seen


def lineup(run: Run, *, n: int = THUMBS, across: int = ACROSS) -> list[tuple[str, Picture]]:
    """A few real images, then as many of the last checkpoint of every generator that is no control.

    Args:
        run: A run.
        n: How many of each, at most. Defaults to 8.
        across: How many stand in a row. Defaults to 4.

    Returns:
        (generator id or "", picture).
    """
    controls = {generator.id for generator in run.generators if generator.role}
    found = []
    for name, _, row in _last(run):
        if name not in controls and (images := grid(run, row)) is not None:
            found.append((name, tiled(images, across, min(n, images.n))))
    return found


def grids(run: Run) -> list[tuple[str, str, Picture]]:
    """The real images, then the last checkpoint of every generator: (generator id or "", checkpoint, picture)."""
    last = _last(run)
    found = [(name, checkpoint, _whole(run, row, PIXELS // len(last))) for name, checkpoint, row in last]
    return [(name, checkpoint, picture) for name, checkpoint, picture in found if picture]


def notes(run: Run) -> dict[str, str]:
    """Generator id -> how the pictures of its training differ from what detectors are shown of it."""
    rows = run.images[run.images["note"] != ""]
    return dict(zip(rows["generator"], rows["note"], strict=True))


def nearest(run: Run) -> list[tuple[str, str, Picture]]:
    """The most copied fakes and their nearest real images: (generator id, checkpoint, picture of three rows)."""
    rows = first_seed(run)
    found = []
    for row in rows[rows["kind"] == "nearest"].itertuples():
        images = grid(run, row)
        if images is not None:
            found.append((row.generator, row.checkpoint, tiled(images, images.columns, images.n, exact=False)))
    return found


def films(run: Run) -> list[tuple[str, str, Picture]]:
    """The ways through latent vectors: (generator id, checkpoint, an animated picture)."""
    from PIL import Image

    rows = first_seed(run)
    found = []
    for row in rows[rows["kind"] == "interpolation"].itertuples():
        if opened(run, row) is None:  # looked at first, so that nothing but a picture gets into the page
            continue
        content = (run.folder / "images" / row.file).read_bytes()
        with Image.open(io.BytesIO(content)) as film:
            content = min(content, _smaller(film), key=len)
        with Image.open(io.BytesIO(content)) as film:
            uri = f"data:image/{str(film.format).lower()};base64,{base64.b64encode(content).decode()}"
            found.append((row.generator, row.checkpoint, Picture(uri, *film.size, getattr(film, "n_frames", 1))))
    return found


def first_seed(run: Run) -> pd.DataFrame:
    """The rows of the index that are of the first training run of each generator, and of the real images."""
    first = run.images.groupby("generator")["generator_seed"].transform("min")
    return run.images[run.images["generator_seed"].isna() | (run.images["generator_seed"] == first)]


def _last(run: Run) -> list[tuple[str, str, Any]]:
    """(generator id or "", checkpoint, row) of the real images and of the last checkpoint of every generator."""
    rows = first_seed(run)
    found = [("", "", row) for row in rows[rows["kind"] == "real"].head(1).itertuples()]
    for generator in run.generators:
        mine = rows[(rows["generator"] == generator.id) & (rows["kind"] == "grid")]
        if len(mine):
            row = max(mine.itertuples(), key=lambda row: natural(row.checkpoint))
            found.append((generator.id, row.checkpoint, row))
    return found


def _whole(run: Run, row: Any, area: int) -> Picture | None:
    images = grid(run, row)
    if images is None:
        return None
    rows = max(min(images.n // images.columns, int(area / (images.cost * images.columns))), 1)
    return tiled(images, images.columns, rows * images.columns)


def _smaller(film: Any) -> bytes:
    """Returns a film as the page has it: no larger than it is seen, and a fifth of the bytes of one without a loss."""
    from PIL import Image, ImageSequence

    size = tuple(max(round(side * min(FILM / max(film.size), 1)), 1) for side in film.size)
    pause = film.info.get("duration", 100)
    first, *others = [frame.convert("RGB").resize(size, Image.Resampling.BOX) for frame in ImageSequence.Iterator(film)]
    buffer = io.BytesIO()
    first.save(buffer, format="webp", save_all=True, append_images=others, duration=pause, loop=0, quality=75)
    return buffer.getvalue()
