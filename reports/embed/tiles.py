"""Pictures as data URIs, no larger than they are seen; the files of the run folder stay as they are."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from reports.load import Run

CHEAPER = 4  # how many pixels of what was scaled down take the room of one that keeps its value
LARGEST = 64  # pixels of one image in the page; a larger one is scaled down
EXACT = {"lossless": True, "method": 0, "exact": True}  # a quarter smaller than PNG, in a tenth of the time
LOSSY = {"quality": 82, "method": 4, "alpha_quality": 100}  # for what was scaled down, whose pixels are new anyway
COLOURS = 128  # of a map: less than half the bytes, each pixel still its own, and within a hundredth of its colour
FINE = {"quality": 95, "method": 4, "alpha_quality": 100}  # a third of EXACT, and no difference that is seen


@dataclass(frozen=True)
class Picture:
    """A picture to stand in the page. `width` and `height` are its own pixels; `n` counts the images in it."""

    uri: str
    width: int
    height: int
    n: int


@dataclass(frozen=True)
class Grid:
    """A picture of equal images side by side, as the page has it.

    Attributes:
        image: What lies in the file, or less of it, scaled down.
        height: Of one image in it.
        width: Of one image in it.
        columns: Images in a row.
        scaled: Whether it was scaled down.
    """

    image: Any
    height: int
    width: int
    columns: int
    scaled: bool = False

    @property
    def cost(self) -> float:
        """Pixels of one image, as the page has to pay for them."""
        return self.height * self.width / (CHEAPER if self.scaled else 1)

    @property
    def n(self) -> int:
        """Images in it."""
        return self.columns * max(self.image.height // self.height, 1)


def grid(run: Run, row: Any, name: str = "images", *, largest: int = LARGEST) -> Grid | None:
    """Returns the images that a row of an index names in a folder of the run, or `None` if there are none.

    Args:
        run: The run.
        row: With `file`, and `height` and `width` of one image.
        name: The folder. Defaults to `"images"`.
        largest: Pixels of the longer side of one image, above which all are scaled down. Defaults to 64.
    """
    path = _path(run, row, name)
    if path is None:
        return None
    about = path.stat()
    height, width = (int(side) if side == side and side > 0 else 0 for side in (row.height, row.width))
    return _grid(path, about.st_mtime_ns, about.st_size, height, width, largest)


@lru_cache(maxsize=128)
def _grid(path: Path, _changed: int, _size: int, height: int, width: int, largest: int) -> Grid | None:
    """Reads a file once for all places of the page: decoding sixty images of a thousand pixels takes a second."""
    from PIL import Image

    image = _opened(path)
    if image is None:
        return None
    if not (height and width):
        height, width = image.height, image.width
    height, width = min(height, image.height), min(width, image.width)
    columns, rows = max(image.width // width, 1), max(image.height // height, 1)
    if max(height, width) <= largest:
        return Grid(image, height, width, columns)
    small = [max(round(side * largest / max(height, width)), 1) for side in (width, height)]
    cut = image.crop((0, 0, columns * width, rows * height))
    laid = cut.resize((columns * small[0], rows * small[1]), Image.Resampling.BOX)
    return Grid(laid, small[1], small[0], columns, scaled=True)


def tiled(found: Grid, across: int, n: int, *, exact: bool = True) -> Picture:
    """Lays the first `n` images of a grid out anew, `across` in a row, with clear gaps between them.

    Args:
        found: The grid.
        across: Images in a row.
        n: How many images.
        exact: Whether images that were not scaled down keep every pixel, rather than a third of the bytes where that
            is less. Defaults to `True`.
    """
    from PIL import Image

    height, width = found.height, found.width
    gap = max(height // 16, 1) if n > 1 else 0
    rows = -(-n // across)
    mode = "LA" if found.image.mode == "L" and not found.scaled else "RGBA"
    size = (across * (width + gap) - gap, rows * (height + gap) - gap)
    laid = Image.new(mode, size, (0,) * len(mode))
    for k in range(n):
        left, top = k % found.columns * width, k // found.columns * height
        tile = found.image.crop((left, top, left + width, top + height)).convert(mode)
        laid.paste(tile, (k % across * (width + gap), k // across * (height + gap)))
    return _picture(laid, n, [LOSSY] if found.scaled else [EXACT] if exact else [EXACT, FINE])


def in_few_colours(found: Grid) -> Grid:
    """Returns a map of numbers in `COLOURS` colours; a loss like a photograph's would mix those of its neighbours."""
    from PIL import Image

    if found.scaled or found.image.mode == "L":
        return found
    fewer = found.image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return replace(found, image=fewer.convert("RGB"))


def opened(run: Run, row: Any, name: str = "images") -> Any:
    """Returns the picture that a row of an index names in a folder of the run, or `None` if there is none."""
    path = _path(run, row, name)
    return None if path is None else _opened(path)


def _path(run: Run, row: Any, name: str) -> Path | None:
    folder = (run.folder / name).resolve()
    path = (folder / row.file).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


def _opened(path: Path) -> Any:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.convert("L" if image.mode in ("1", "L") else "RGB")
    except (OSError, SyntaxError, ValueError):
        return None


def _picture(image: Any, n: int, ways: list[dict[str, Any]]) -> Picture:
    """Returns a picture, stored in the way of these that takes the fewest bytes."""
    stored = []
    for way in ways:
        buffer = io.BytesIO()
        image.save(buffer, format="webp", **way)
        stored.append(buffer.getvalue())
    uri = f"data:image/webp;base64,{base64.b64encode(min(stored, key=len)).decode()}"
    return Picture(uri, image.width, image.height, n)
