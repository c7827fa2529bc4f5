"""Every training behind a mean over trainings, and that mean with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.errors import unknown
from fauxbench.displays.display import FAKE, INK, Display, chosen, colours, drawable
from reports.figures.quality_runs import QualityRunsFigure
from reports.figures.seeds import SeedFigure
from reports.load import DISTANCES, QUALITY

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class SeedDisplay(Display):
    """The AUC of every training of a generator, detector by detector, and their mean.

    Args:
        run: A run, as reports read it.
        generator: Its id. Defaults to `None`, the first that was trained more than once.
    """

    def __init__(self, run: Run, generator: str | None = None) -> None:
        figure = SeedFigure(run)
        self.generator = chosen("generator", generator, figure.generators, "more than one training")
        rows = figure.frame()
        self._rows = rows[rows["generator"] == self.generator]
        self._order = [each.id for each in run.detectors if each.id in set(self._rows["detector"])]
        self._colours = colours(run)

    def frame(self) -> pd.DataFrame:
        """Returns a row per training and detector (`scope` is `cell`), and one per mean (`configuration`)."""
        columns = ["scope", "detector", "generator_seed", "detector_seed", "value", "low", "high"]
        return self._rows[columns].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        shown = {name: self._colours[name]["color"] for name in self._order}
        rows = self._rows
        _dots(axes, rows[rows["scope"] == "cell"], rows[rows["scope"] == "configuration"], "detector", shown)
        axes.set_xlabel("AUC")
        axes.set_title(f"every training of {drawable(self.generator)}, and the mean")


class QualityRunsDisplay(Display):
    """One measure of quality at the end of every training, generator by generator, and the mean.

    Args:
        run: A run, as reports read it.
        metric: Such as `"fd"`. Defaults to `"fd"`.
    """

    def __init__(self, run: Run, metric: str = "fd") -> None:
        if metric not in QUALITY + DISTANCES:
            raise unknown("measure of quality", metric, QUALITY + DISTANCES)
        self._figure, self.metric = QualityRunsFigure(run, metric), metric
        chosen("generator", None, self._figure.generators, f"{metric} of more than one training")
        of = (run.over_runs["measure"] == metric) & run.over_runs["generator"].isin(self._figure.generators)
        self._means = run.over_runs[of]

    def frame(self) -> pd.DataFrame:
        """Returns a row per training: generator, seed, the measure and the ends of its interval."""
        ends = [self.metric, f"{self.metric}_low", f"{self.metric}_high"]
        return self._figure.frame()[["generator", "generator_seed", *ends]].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        runs = self._figure.frame().assign(value=lambda rows: rows[self.metric])
        _dots(axes, runs, self._means, "generator", dict.fromkeys(self._figure.generators, FAKE))
        axes.set_xlabel(self.metric)


def _dots(axes: Axes, runs: pd.DataFrame, means: pd.DataFrame, row: str, shown: dict[str, str]) -> None:
    """Draws runs as dots, their means as strokes and the intervals of these as lines, one row for each name."""
    for at, (name, colour) in enumerate(shown.items()):
        values = runs.loc[runs[row] == name, "value"]
        axes.scatter(values, np.full(len(values), at), color=colour, alpha=0.75, s=22)
        for mean in means[means[row] == name].tail(1).to_dict("records"):  # the table's row
            axes.scatter([mean["value"]], [at], marker="|", s=120, color=INK, zorder=4)
            axes.hlines([at], mean["low"], mean["high"], color=INK, lw=1.1)
    axes.set_yticks(range(len(shown)), [drawable(name) for name in shown])
    axes.invert_yaxis()
