"""How the AUC of sets of images of one source grows with their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.figures import curves, svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT, NUMBERS = "scope generator detector measure note", "ledger_seed generator_seed m value low high runs"
TARGET = 0.99


class SetFigure:
    """The AUC of sets by the number of their images, detector by detector, over the training runs of a configuration.

    Args:
        run: A run; of several splits of the real images, the first is shown.
    """

    def __init__(self, run: Run) -> None:
        rows = run.answer("sets", text=TEXT, numbers=NUMBERS)
        self.rows = rows[(rows["scope"] == "configuration") & (rows["ledger_seed"] == rows["ledger_seed"].min())]
        self._aucs = self.rows[(self.rows["measure"] == "auc") & self.rows["value"].notna()]
        known = set(self._aucs["generator"])
        self.generators = [generator.id for generator in run.generators if generator.id in known]
        self._detectors, self._signs = [detector.id for detector in run.detectors], curves.of_detectors(run)

    def detectors(self, generator: str) -> list[str]:
        """The detectors with a curve on a generator, in the order of the run."""
        known = set(self._aucs.loc[self._aucs["generator"] == generator, "detector"])
        return [name for name in self._detectors if name in known]

    def frame(self, generator: str | None = None) -> pd.DataFrame:
        """The rows of `answers/sets.csv` behind the curves, of one generator or of all."""
        rows = self._aucs if generator is None else self._aucs[self._aucs["generator"] == generator]
        return rows[["generator", "detector", "m", "value", "low", "high", "runs"]].reset_index(drop=True)

    def svg(self, generator: str, *, name: str) -> str:
        """Draws the curves of a generator with their 95 % intervals as bands.

        Args:
            generator: One of `generators`.
            name: Prefix of the ids in the drawing.

        Returns:
            An `<svg>` element.
        """
        with svg.panel(4.2, 2.7) as (figure, axes):
            axes.set_position((0.13, 0.17, 0.84, 0.8))
            self.draw(axes, generator)
            axes.set_xlabel("images in a set")
            axes.set_ylabel("AUC of sets")
            return svg.export(figure, name=name, title=f"AUC of sets of images of {generator}, by their number")

    def draw(self, axes: Axes, generator: str, look: Look = PAGE) -> dict[str, curves.Style]:
        """Draws them onto axes, and returns the style of each detector."""
        rows = self.frame(generator)
        styles = curves.styles(self._signs, self.detectors(generator), look)
        drawn = pd.DataFrame(
            {"curve": rows["detector"], "x": rows["m"], "y": rows["value"], "low": rows["low"], "high": rows["high"]}
        )
        axes.axhline(TARGET, color=look.ink, lw=0.7 * look.width, ls=(0, (2, 2)))
        curves.bands(axes, drawn, styles, alpha=0.1)
        curves.lines(axes, drawn, styles, lw=1.5 * look.width, marker="o", ms=3)
        sizes = sorted(set(rows["m"]))
        axes.set_xscale("log")
        axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
        axes.minorticks_off()
        ends = rows[["value", "low"]].to_numpy(float)
        axes.set_ylim(min(0.5, float(np.nanmin(ends))) - 0.01, 1.01)
        return styles
