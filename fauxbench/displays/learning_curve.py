"""The AUC against the number of labelled images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxbench.displays.display import Display, chosen, drawable, legend, look
from reports.figures.learning_curve import LearningCurveFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class LearningCurveDisplay(Display):
    """The AUC of each detector on a generator by how many labelled images it learned from, validation included.

    A dot is one draw of as many images, the line their mean and the band its 95 % interval.

    Args:
        run: A run, as reports read it.
        generator: Its id. Defaults to `None`, the first with a curve.
    """

    size = (6.4, 3.6)

    def __init__(self, run: Run, generator: str | None = None) -> None:
        self._figure = LearningCurveFigure(run)
        self.generator = chosen("generator", generator, self._figure.generators, "a learning curve")

    def frame(self) -> pd.DataFrame:
        """Returns a row for each mean (`what` is `mean`) with the ends of its interval, and one for each draw."""
        return self._figure.of(self.generator).drop(columns="generator")

    def _draw(self, axes: Axes) -> None:
        styles = self._figure.draw(axes, self.generator, look())
        axes.set_title(f"labelled images it takes to find {drawable(self.generator)}")
        legend(axes, styles, fontsize="x-small", loc="upper left", bbox_to_anchor=(1.01, 1))
