"""A measure of quality in every training run, and the mean over the runs with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.figures import seeds, svg
from reports.figures.look import PAGE, Look
from reports.load import Run, natural

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class QualityRunsFigure:
    """The last checkpoints of all training runs, for each generator with a mean over several.

    Args:
        run: A run.
        measure: A column of `generators.csv`, such as `"fd"`.
    """

    def __init__(self, run: Run, measure: str) -> None:
        self._measure = measure
        means = run.over_runs[(run.over_runs["measure"] == measure) & run.over_runs["value"].notna()]
        self.generators = [generator.id for generator in run.generators if generator.id in set(means["generator"])]
        self._means = means[means["generator"].isin(self.generators)]
        frame = run.every_checkpoint
        frame = frame.loc[sorted(frame.index, key=lambda at: natural(frame.at[at, "checkpoint"]))]
        last = frame.drop_duplicates(["generator", "ledger_seed", "generator_seed"], keep="last").sort_index()
        self._runs = last[last["generator"].isin(self.generators) & last[measure].notna()]

    def frame(self) -> pd.DataFrame:
        """The rows of `generators.csv` behind the dots."""
        return self._runs

    def svg(self, *, name: str) -> str:
        """Draws a dot for each training run, a stroke for the mean over them and a line for its 95 % interval.

        Args:
            name: Prefix of the ids in the drawing.

        Returns:
            An `<svg>` element; empty text where no generator has several runs.
        """
        if not self.generators:
            return ""
        height = 0.55 + 0.24 * len(self.generators)
        with svg.panel(4.6, height) as (figure, axes):
            axes.set_position((0.31, 0.45 / height, 0.66, 1 - 0.5 / height))
            self.draw(axes)
            return svg.export(figure, name=name, title=f"{self._measure} of every training run, and its mean")

    def draw(self, axes: Axes, look: Look = PAGE) -> None:
        """Draws them onto axes."""
        runs = self._runs.assign(value=self._runs[self._measure])
        seeds.dots(axes, runs, self._means, "generator", self.generators, look=look)
        axes.set_xlabel(self._measure)
