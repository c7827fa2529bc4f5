"""Which configuration is said to have made an image, by the one that has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import UserError
from fauxbench.displays.display import Display, look
from reports.figures.sources import SourceFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class SourceDisplay(Display):
    """The confusion matrix of the sources of images.

    Args:
        run: A run, as reports read it.
    """

    def __init__(self, run: Run) -> None:
        self._figure = SourceFigure(run)
        if not self._figure.classes:
            raise UserError('This run tells no sources apart: several configurations are asked by ask = ["sources"].')
        side = len(self._figure.classes)
        self.size = (1.1 * side + 1.8, 0.4 * side + 1.2)

    def frame(self) -> pd.DataFrame:
        """Returns a row per pair of classes: the share of `made_by` that is `said` to be of the other, with its ends.

        An empty name stands for real images.
        """
        return self._figure.frame()

    def _draw(self, axes: Axes) -> None:
        self._figure.draw(axes, look())
        axes.set(xlabel="said to be of", ylabel="made by")
