"""Sample grids as data URIs: whole grids, and the evolution of the first images of a fixed latent batch."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reports.load import Run, natural

FIRST = 8  # images of a grid in the step-by-step comparison
PIXELS = 512 * 512  # a grid is cut to whole rows below this area, to keep the page small


@dataclass(frozen=True)
class Picture:
    """A PNG to stand in the page. `width` and `height` are its own pixels; `n` counts the images in it."""

    uri: str
    width: int
    height: int
    n: int


def grids(run: Run) -> list[tuple[str, str, Picture]]:
    """The real images, then the last checkpoint of every generator: (generator id or "", checkpoint, picture)."""
    rows = _first_seed(run)
    real = rows[rows["kind"] == "real"].head(1)
    found = [("", "", _whole(run, row)) for row in real.itertuples()]
    for generator in run.generators:
        mine = rows[(rows["generator"] == generator.id) & (rows["kind"] == "grid")]
        if len(mine):
            row = max(mine.itertuples(), key=lambda row: natural(row.checkpoint))
            found.append((generator.id, row.checkpoint, _whole(run, row)))
    return [(name, checkpoint, picture) for name, checkpoint, picture in found if picture]


def notes(run: Run) -> dict[str, str]:
    """Generator id -> how the pictures of its training differ from what detectors are shown of it."""
    rows = run.images[run.images["note"] != ""]
    return dict(zip(rows["generator"], rows["note"], strict=True))


def nearest(run: Run) -> list[tuple[str, str, Picture]]:
    """The most copied fakes and their nearest real images: (generator id, checkpoint, picture of three rows)."""
    rows = _first_seed(run)
    found = []
    for row in rows[rows["kind"] == "nearest"].itertuples():
        image = opened(run, row)
        if image is not None:
            height, width, columns = size_of(row, image)
            triples = tiled(image, height, width, columns, columns, columns * (image.height // height))
            found.append((row.generator, row.checkpoint, triples))
    return found


def films(run: Run) -> list[tuple[str, str, Picture]]:
    """The ways through latent vectors: (generator id, checkpoint, an animated picture)."""
    from PIL import Image

    rows = _first_seed(run)
    found = []
    for row in rows[rows["kind"] == "interpolation"].itertuples():
        if opened(run, row) is None:  # looked at first, so that nothing but a picture gets into the page
            continue
        content = (run.folder / "images" / row.file).read_bytes()
        with Image.open(io.BytesIO(content)) as film:
            uri = f"data:image/{str(film.format).lower()};base64,{base64.b64encode(content).decode()}"
            found.append((row.generator, row.checkpoint, Picture(uri, *film.size, getattr(film, "n_frames", 1))))
    return found


def evolution(run: Run) -> tuple[list[str], list[tuple[str, list[Picture | None]]], Picture | None]:
    """The first images of the same latent batch, checkpoint by checkpoint.

    Returns:
        Ids of the configurations (columns); rows of (checkpoint, one picture or None per configuration); and the
        first real images, for comparison.
    """
    rows = _first_seed(run)
    controls = [generator.id for generator in run.generators if generator.role]
    fakes = rows[(rows["kind"] == "grid") & ~rows["generator"].isin(controls)]
    counts = fakes.groupby("generator")["checkpoint"].nunique()
    names = [generator.id for generator in run.generators if counts.get(generator.id, 0) > 1]
    files = {(row.generator, row.checkpoint): row for row in fakes.itertuples() if row.generator in names}
    checkpoints = sorted({checkpoint for _, checkpoint in files}, key=natural)
    table = [
        (
            checkpoint,
            [_strip(run, files[name, checkpoint]) if (name, checkpoint) in files else None for name in names],
        )
        for checkpoint in checkpoints
    ]
    real = rows[rows["kind"] == "real"].head(1)
    return names, table, next((_strip(run, row) for row in real.itertuples()), None)


def _first_seed(run: Run) -> pd.DataFrame:
    first = run.images.groupby("generator")["generator_seed"].transform("min")
    return run.images[run.images["generator_seed"].isna() | (run.images["generator_seed"] == first)]


def _whole(run: Run, row: Any) -> Picture | None:
    image = opened(run, row)
    if image is None:
        return None
    height, width, columns = size_of(row, image)
    rows = max(min(image.height // height, PIXELS // max(image.width * height, 1)), 1)
    return tiled(image, height, width, columns, columns, rows * columns)


def _strip(run: Run, row: Any) -> Picture | None:
    image = opened(run, row)
    if image is None:
        return None
    height, width, columns = size_of(row, image)
    n = min(FIRST, columns * (image.height // height))
    return tiled(image, height, width, columns, n, n)


def tiled(image: Any, height: int, width: int, columns: int, across: int, n: int) -> Picture:
    """Lays the first `n` images of a grid out anew, `across` in a row, with clear gaps between them."""
    from PIL import Image

    gap = max(height // 16, 1) if n > 1 else 0
    rows = -(-n // across)
    mode = "LA" if image.mode == "L" else "RGBA"
    size = (across * (width + gap) - gap, rows * (height + gap) - gap)
    laid = Image.new(mode, size, (0,) * len(mode))
    for k in range(n):
        left, top = k % columns * width, k // columns * height
        tile = image.crop((left, top, left + width, top + height)).convert(mode)
        laid.paste(tile, (k % across * (width + gap), k // across * (height + gap)))
    return _picture(laid, n)


def size_of(row: Any, image: Any) -> tuple[int, int, int]:
    """Height and width of one image, and the columns of the grid; the whole picture when the index is silent."""
    known = all(value == value and value > 0 for value in (row.height, row.width))
    height, width = (
        (min(int(row.height), image.height), min(int(row.width), image.width)) if known else image.size[::-1]
    )
    return height, width, max(image.width // width, 1)


def opened(run: Run, row: Any, name: str = "images") -> Any:
    """Returns the picture that a row of an index names in a folder of the run, or `None` if there is none."""
    from PIL import Image

    folder = (run.folder / name).resolve()
    path = (folder / row.file).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        return None
    try:
        with Image.open(path) as image:
            return image.convert("L" if image.mode in ("1", "L") else "RGB")
    except (OSError, SyntaxError, ValueError):
        return None


def _picture(image: Any, n: int) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return Picture(
        f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}", image.width, image.height, n
    )
