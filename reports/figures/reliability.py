"""Reliability diagrams: the share of fakes among the images of a probability, with its interval."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.figures import small, svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
        at, share, low, high = rows[["probability", "share", "low", "high"]].to_numpy(float).T
        ends = zip(*(self._frame.points(at, end) for end in (low, high)), strict=True)
        bars = "".join(f"M{x} {bottom}V{top}" for (x, bottom), (_, top) in ends)
        style = f"fill: none; stroke: {svg.FAKE}; stroke-opacity: 0.6; stroke-width: 1.1"
        dots = [f'<circle cx="{x}" cy="{y}" r="1.5"/>' for x, y in self._frame.points(at, share)]
        marks = f'<path d="{bars}" style="{style}"/><g style="fill: {svg.FAKE}">{"".join(dots)}</g>'
        return self._frame.svg(marks, ["0", "½", "1"], title=title)

    @cached_property
    def _frame(self) -> small.Frame:
        with svg.panel(160 / 72, 90 / 72) as (figure, axes):
            axes.set_position((0.005, 13 / 90, 0.99, 75 / 90))
            ground(axes, PAGE)
            faint: dict[str, Any] = {"color": svg.FAINT, "lw": 0.6, "zorder": 0.5, "clip_on": False}
            axes.hlines([0, 0.5, 1], -0.02, 1.02, **faint)
            axes.vlines([0, 0.5, 1], -0.03, 1.03, **faint)
            return small.Frame(figure, axes, (0, 0.5, 1))


def ground(axes: Axes, look: Look) -> None:
    """Draws the line on which probabilities are true."""
    axes.plot([0, 1], [0, 1], color=look.ink, lw=0.6, alpha=0.45, clip_on=False)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.03, 1.03))


def draw(axes: Axes, rows: pd.DataFrame, look: Look = PAGE) -> None:
    """Draws the interval of each bin as a bar over its mean probability, and the share as a dot on it."""
    at, share, low, high = rows[["probability", "share", "low", "high"]].to_numpy(float).T
    axes.vlines(at, low, high, color=look.fake, lw=1.1 * look.width, alpha=0.6)
    dots: dict[str, Any] = {
        "linestyle": "none",
        "marker": "o",
        "ms": 3 * look.width,
        "markeredgewidth": 0,
        "clip_on": False,
    }
    axes.plot(at, share, color=look.fake, **dots)
