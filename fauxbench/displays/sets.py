"""How the AUC of sets of images of one source grows with their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxbench.displays.display import Display, chosen, drawable, legend, look
from reports.figures.sets import SetFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class SetDisplay(Display):
    """The AUC of sets of images of one generator, by the number of their images, a curve for each detector.

    Args:
        run: A run, as reports read it.
        generator: Its id. Defaults to `None`, the first that sets were asked of.
    """

    def __init__(self, run: Run, generator: str | None = None) -> None:
        self._figure = SetFigure(run)
        self.generator = chosen("generator", generator, self._figure.generators, "sets of images")

    def frame(self) -> pd.DataFrame:
        """Returns a row per detector and number of images `m`: the AUC and the ends of its interval."""
        return self._figure.frame(self.generator).drop(columns="generator")

    def _draw(self, axes: Axes) -> None:
        styles = self._figure.draw(axes, self.generator, look())
        axes.set(xlabel="images in a set", ylabel="AUC of sets", title=f"sets of images of {drawable(self.generator)}")
        legend(axes, styles, loc="lower right")
