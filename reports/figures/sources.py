"""Which configuration is said to have made an image, by the one that has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.figures import svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT, NUMBERS = "scope measure made_by said note", "ledger_seed generator_seed value low high n runs"
REAL = "real images"
LONGEST = 22
READABLE = 0.55  # of the colours: from here on ink on them is white


class SourceFigure:
    """The confusion matrix of the sources of images, over the training seeds.

    Args:
        run: A run; of several splits of the real images, the first is shown.
    """

    def __init__(self, run: Run) -> None:
        rows = run.answer("sources", text=TEXT, numbers=NUMBERS)
        self.rows = rows[(rows["scope"] == "configuration") & (rows["ledger_seed"] == rows["ledger_seed"].min())]
        self._said = self.rows[self.rows["measure"] == "said"]
        known = set(self._said["made_by"])
        names = ["", *[generator.id for generator in run.generators]]
        self.classes = [name for name in names if name in known]  # "" are the real images

    def frame(self) -> pd.DataFrame:
        """The rows of `answers/sources.csv` behind the matrix; an empty name stands for real images."""
        return self._said[["made_by", "said", "value", "low", "high", "n", "runs"]].reset_index(drop=True)

    def matrix(self) -> np.ndarray:
        """The shares, a row for each class of images and a column for each that is said."""
        table = self._said.pivot(index="made_by", columns="said", values="value")
        return table.reindex(index=self.classes, columns=self.classes).to_numpy(float)

    def draw(self, axes: Axes, look: Look = PAGE) -> None:
        """Draws the matrix onto axes, with its numbers."""
        shares = self.matrix()
        axes.imshow(shares, cmap="Oranges", vmin=0, vmax=1, aspect="auto")
        for (row, column), share in np.ndenumerate(shares):
            colour = "white" if share > READABLE else look.ink
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", color=colour, fontsize="small")
        names = [svg.label(name or REAL, LONGEST) for name in self.classes]
        axes.set_xticks(
            range(len(names)), names, rotation=20 if len(names) > 3 else 0, ha="right" if len(names) > 3 else "center"
        )
        axes.set_yticks(range(len(names)), names)
        axes.grid(visible=False)
        axes.tick_params(length=0)
