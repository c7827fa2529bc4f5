"""Real images beside what a generator draws of the same latent vectors, checkpoint by checkpoint."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import UserError
from fauxbench.displays.display import Display, chosen, drawable, main_first
from reports.embed.tiles import grid
from reports.load import natural

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run

ROWS = 6  # checkpoints that are shown of more


class PictureDisplay(Display):
    """A row of real images, then a row of fakes for each checkpoint; a column is one latent vector.

    Args:
        run: A run, as reports read it. Of several trainings the first is shown.
        generator: Its id. Defaults to `None`, the first that has pictures.
        n: Images in a row. Defaults to `8`.
    """

    def __init__(self, run: Run, generator: str | None = None, *, n: int = 8) -> None:
        if n < 1:
            raise UserError(f"n must be at least 1. Received: {n}.")
        grids = run.images[run.images["kind"] == "grid"]
        known = [name for name in main_first(run) if (grids["generator"] == name).any()]
        self.generator = chosen("generator", generator, known, "pictures")
        mine = grids[grids["generator"] == self.generator]
        mine = mine[mine["generator_seed"].isna() | (mine["generator_seed"] == mine["generator_seed"].min())]
        order = sorted(mine.index, key=lambda at: natural(mine.at[at, "checkpoint"]))
        real = run.images.index[run.images["kind"] == "real"][:1]
        self._rows, self._reals = run.images.loc[[*real, *order]], len(real)
        self._run, self._n = run, n
        self.size = (0.7 * n + 1.2, 0.72 * (min(len(order), ROWS) + len(real)) + 0.3)

    def frame(self) -> pd.DataFrame:
        """Returns a row per picture file of `images/`: its kind, checkpoint and size."""
        return self._rows[["file", "kind", "checkpoint", "rows", "columns", "height", "width"]].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        rows = list(self._rows.itertuples())
        reals, fakes = rows[: self._reals], rows[self._reals :]
        seen = np.unique(np.linspace(0, len(fakes) - 1, min(ROWS, len(fakes))).astype(int))
        shown = [("reals", row) for row in reals] + [(fakes[k].checkpoint, fakes[k]) for k in seen]
        found = [(name, images) for name, row in shown if (images := tiles(self._run, row, self._n))]
        if not found:
            raise UserError(f"No picture of '{self.generator}' can be read. Expected PNG files in images/.")
        height, width = found[0][1][0].shape[:2]
        gap = max(height // 16, 1)
        whole = np.ones((len(found) * (height + gap) - gap, self._n * (width + gap) - gap, 3))
        for k, (_, images) in enumerate(found):
            for column, image in enumerate(images):
                top, left = k * (height + gap), column * (width + gap)
                whole[top : top + image.shape[0], left : left + image.shape[1]] = image[:height, :width] / 255
        axes.imshow(whole, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks(
            [k * (height + gap) + height / 2 for k in range(len(found))], [drawable(name) for name, _ in found]
        )
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_title(drawable(self.generator))


def tiles(run: Run, row: Any, n: int) -> list[np.ndarray]:
    """Returns the first images of a grid that a row of `images/index.csv` names: uint8, of three channels."""
    found = grid(run, row, largest=sys.maxsize)  # as large as it is
    if found is None:
        return []
    pixels, height, width = np.asarray(found.image.convert("RGB")), found.height, found.width
    corners = [(k // found.columns * height, k % found.columns * width) for k in range(min(n, found.n))]
    return [pixels[top : top + height, left : left + width] for top, left in corners]
