"""What a detector finds of configurations that it has not learned from: lessons by exams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import UserError
from fauxbench.displays.display import Display, chosen, drawable, look
from reports.figures.transfer import TransferFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class TransferDisplay(Display):
    """A detector's AUC after each lesson, on each exam; where both are one, in italics, that of the usual lesson.

    Args:
        run: A run, as reports read it, that asked the question `transfer`.
        detector: Its id. Defaults to `None`, the one that carries best.

    Raises:
        UserError: If the run did not ask the question, or has no such detector.
    """

    def __init__(self, run: Run, detector: str | None = None) -> None:
        self._figure = TransferFigure(run)
        if not self._figure.detectors:
            raise UserError("This run did not ask what transfers. Run it with --ask transfer.")
        self.detector = chosen("detector", detector, self._figure.detectors, "cells of the question 'transfer'")
        width, height = self._figure.size(self.detector)
        self.size = (width + 0.8, height + 1.2)

    def frame(self) -> pd.DataFrame:
        """Returns a row for each lesson and exam: AUC, own AUC, difference, shifts and rates with their intervals."""
        return self._figure.of(self.detector).drop(columns="detector").reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        self._figure.draw(axes, self.detector, look())
        axes.set(xlabel="tested on", ylabel="learned from", title=f"AUC of {drawable(self.detector)}")
