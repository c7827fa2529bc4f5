"""Every training behind a mean over trainings, and that mean with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import unknown
from fauxbench.displays.display import Display, chosen, drawable, look
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
        self._figure = SeedFigure(run)
        self.generator = chosen("generator", generator, self._figure.generators, "more than one training")

    def frame(self) -> pd.DataFrame:
        """Returns a row per training and detector (`scope` is `cell`), and one per mean (`configuration`)."""
        columns = ["scope", "detector", "generator_seed", "detector_seed", "value", "low", "high"]
        rows = self._figure.frame()
        return rows.loc[rows["generator"] == self.generator, columns].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        self._figure.draw(axes, self.generator, look())
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

    def frame(self) -> pd.DataFrame:
        """Returns a row per training: generator, seed, the measure and the ends of its interval."""
        ends = [self.metric, f"{self.metric}_low", f"{self.metric}_high"]
        return self._figure.frame()[["generator", "generator_seed", *ends]].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        self._figure.draw(axes, look())
