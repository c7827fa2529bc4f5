"""The AUC of each detector along a generator's training, and quality against detectability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.figures import curves, svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUESTION = "along_training"
TEXT = "kind generator detector lesson checkpoint is_last family sampling frontier note"
NUMBERS = "epoch runs value low high fd fd_low fd_high"
WIDE = 20  # a logarithmic axis from this ratio of the largest to the smallest FD on


class AlongTrainingFigure:
    """All points of the answer that have an AUC.

    Args:
        run: A run.
    """

    def __init__(self, run: Run) -> None:
        answer = run.answer(QUESTION, text=TEXT, numbers=NUMBERS)
        rows = answer[(answer["kind"] == "auc") & answer["value"].notna()]
        order = {detector.id: at for at, detector in enumerate(run.detectors)}
        self._rows, self._signs = rows.reset_index(drop=True), curves.of_detectors(run)
        self._generator_signs = curves.of_generators(run)
        own = rows[(rows["lesson"] == "own") & rows["epoch"].notna()]
        counts = own.groupby("generator")["epoch"].nunique()
        self._order = [generator.id for generator in run.generators]
        self.generators = [name for name in self._order if counts.get(name, 0) > 1]
        known = rows[(rows["lesson"] == "own") & rows["fd"].notna()]
        self.placed = known.reset_index(drop=True)
        self.detectors = sorted(set(known["detector"]), key=lambda name: order.get(name, len(order)))

    def frame(self) -> pd.DataFrame:
        """Returns the rows of the answer behind the drawings."""
        return self._rows

    def of(self, generator: str) -> pd.DataFrame:
        """Returns those of one generator."""
        return self._rows[self._rows["generator"] == generator].reset_index(drop=True)

    def of_detector(self, detector: str) -> pd.DataFrame:
        """Returns those of one detector that have a quality, each tested by what has learned from it."""
        return self.placed[self.placed["detector"] == detector].reset_index(drop=True)

    def svg(self, generator: str, *, name: str) -> str:
        """Draws the AUC along the training of one of `generators`; `name` is the prefix of the ids in the drawing."""
        with svg.panel(4.6, 2.8) as (figure, axes):
            axes.set_position((0.12, 0.18, 0.84, 0.78))
            self.draw(axes, generator)
            title = f"AUC along the training of {generator}, with 95 % intervals"
            return svg.export(figure, name=name, title=title)

    def frontier_svg(self, detector: str, *, name: str) -> str:
        """Draws quality against the AUC of one of `detectors`; `name` is the prefix of the ids in the drawing."""
        with svg.panel(4.6, 2.8) as (figure, axes):
            axes.set_position((0.12, 0.18, 0.84, 0.78))
            self.draw_frontier(axes, detector)
            title = f"FD against the AUC of {detector}, checkpoint by checkpoint, with 95 % intervals"
            return svg.export(figure, name=name, title=title)

    def draw(self, axes: Axes, generator: str, look: Look = PAGE) -> dict[str, curves.Style]:
        """Draws the AUC of each detector by epoch; what has learned from the last checkpoint alone is a thin line.

        Returns:
            How the curve of each detector looks.
        """
        rows = self.of(generator).sort_values("epoch", kind="stable")
        points = rows.rename(columns={"detector": "curve", "epoch": "x", "value": "y"})
        own, last = (points[points["lesson"] == lesson] for lesson in ("own", "last"))
        drawn = set(points["curve"])
        styles = curves.styles(self._signs, [name for name in self._signs if name in drawn], look)
        curves.bands(axes, own, styles, alpha=0.13)
        curves.lines(axes, own, styles, lw=1.6 * look.width, marker="o", ms=3.6 * look.width, markeredgewidth=0)
        curves.lines(axes, last, styles, lw=0.8 * look.width, alpha=0.6)
        axes.axhline(0.5, color=look.rest, lw=0.8 * look.width)
        axes.set_ylim(min(0.45, float(points["y"].min()) - 0.02), 1.01)
        axes.set(xlabel="epoch", ylabel="AUC")
        return styles

    def draw_frontier(self, axes: Axes, detector: str, look: Look = PAGE) -> dict[str, curves.Style]:
        """Draws a point for each checkpoint with both its intervals, joined along the training; those that no other
        beats in both are large.

        Returns:
            How the points of each generator look.
        """
        rows = self.of_detector(detector)
        known = set(rows["generator"])
        styles = curves.styles(self._generator_signs, [name for name in self._order if name in known], look)
        for name, (colour, dash, *_) in styles.items():
            mine = rows[rows["generator"] == name].sort_values("epoch", kind="stable")
            x, y = mine["fd"].to_numpy(), mine["value"].to_numpy()
            lines: dict[str, Any] = {"color": colour, "lw": 0.7 * look.width, "alpha": 0.35}
            axes.hlines(y, mine["fd_low"].clip(lower=1e-9), mine["fd_high"], **lines)
            axes.vlines(x, mine["low"], mine["high"], **lines)
            axes.plot(x, y, color=colour, ls=dash, lw=0.9 * look.width, alpha=0.7)
            best = mine["frontier"].str.lower().eq("true").to_numpy()
            for chosen, size in ((~best, 3.0), (best, 6.5)):
                style: dict[str, Any] = {"ls": "none", "marker": "o", "ms": size * look.width, "markeredgewidth": 0}
                axes.plot(x[chosen], y[chosen], color=colour, **style)
        fd = rows["fd"]
        if len(fd) and fd.min() > 0 and fd.max() > WIDE * fd.min():
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.xaxis.set_minor_formatter(lambda value, _: "")
        elif len(fd):
            axes.set_xlim(0, float(np.nanmax(rows["fd_high"].fillna(fd))) * 1.03)
        axes.set_ylim(min(0.45, float(rows["value"].min()) - 0.02), 1.01)
        axes.set(xlabel="FD: distance from real images", ylabel="AUC")
        return styles
