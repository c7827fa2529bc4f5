"""Reliability diagrams: the share of fakes among the images of a probability, with its interval."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from reports.figures import svg
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class ReliabilityFigure:
    """The bins of `reliability.csv` of all main cells; the first training run where there are several.

    Args:
        run: A run.
    """

    def __init__(self, run: Run) -> None:
        cells = run.main_cells
        cells = cells[cells["status"] == "done"].drop_duplicates(["detector", "generator"])
        pairs = {row.cell: (row.detector, row.generator) for row in cells.itertuples()}
        self._bins = {
            pairs[cell]: rows.sort_values("bin")
            for cell, rows in run.reliability.groupby("cell", sort=False)
            if cell in pairs
        }

    def frame(self) -> pd.DataFrame:
        """detector, generator, bin, n, probability, share, low, high: one row for each bin that has images."""
        parts = [
            rows.assign(detector=detector, generator=generator) for (detector, generator), rows in self._bins.items()
        ]
        return pd.concat(parts) if parts else pd.DataFrame(columns=["detector", "generator"])

    def svg(self, detector: str, generator: str, *, name: str, title: str) -> str:
        """Draws one panel, or returns an empty text where the detector gives no probabilities.

        Args:
            detector: Id of a detector.
            generator: Id of a generator.
            name: Prefix of the ids in the drawing.
            title: What the panel shows, for those who do not see it.
        """
        rows = self._bins.get((detector, generator))
        if rows is None:
            return ""
        figure, axes = self._canvas
        for drawn in list(axes.collections):
            drawn.remove()
        with svg.themed():
            _draw(axes, rows)
        return svg.export(figure, name=name, title=title, kind="plot histogram")

    @cached_property
    def _canvas(self) -> tuple[Figure, Axes]:
        """The axes on which panel after panel is drawn, as in `scores`."""
        with svg.panel(160 / 72, 90 / 72) as (figure, axes):
            axes.set_position((0.005, 13 / 90, 0.99, 75 / 90))
            axes.plot([0, 1], [0, 1], color=svg.INK, lw=0.6, alpha=0.45)
            axes.set(xlim=(-0.02, 1.02), ylim=(-0.03, 1.03), yticks=[0, 0.5, 1], yticklabels=[])
            axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])
            svg.labels_inward(axes)
            return figure, axes


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    """Draws the interval of each bin as a bar over its mean probability, and the share as a dot on it."""
    import seaborn

    axes.set(xlabel=" ", ylabel=" ")  # see `curves.lines`
    axes.vlines(rows["probability"], rows["low"], rows["high"], color=svg.FAKE, lw=1.1, alpha=0.6)
    seaborn.scatterplot(
        data=rows, x="probability", y="share", color=svg.FAKE, s=9, linewidth=0, legend=False, clip_on=False, ax=axes
    )
    axes.set(xlabel="", ylabel="")
