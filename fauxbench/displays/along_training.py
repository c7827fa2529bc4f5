"""The AUC along a training, and quality against the AUC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxbench.displays.display import Display, chosen, drawable, legend, look
from reports.figures.along_training import AlongTrainingFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class AlongTrainingDisplay(Display):
    """The AUC of each detector at each checkpoint of a generator, with 95 % intervals.

    Thin lines are the detectors of the last checkpoint on those before it, where the run asked for them.

    Args:
        run: A run, as reports read it.
        generator: Its id. Defaults to `None`, the first with several checkpoints.
    """

    size = (6.4, 3.6)

    def __init__(self, run: Run, generator: str | None = None) -> None:
        self._figure = AlongTrainingFigure(run)
        self.generator = chosen("generator", generator, self._figure.generators, "an AUC at several checkpoints")

    def frame(self) -> pd.DataFrame:
        """Returns a row per detector, lesson and checkpoint: its AUC and its FD with the ends of their intervals."""
        columns = ["detector", "lesson", "checkpoint", "epoch", "value", "low", "high", "fd", "fd_low", "fd_high"]
        return self._figure.of(self.generator)[columns]

    def _draw(self, axes: Axes) -> None:
        styles = self._figure.draw(axes, self.generator, look())
        axes.set_title(f"along the training of {drawable(self.generator)}")
        legend(axes, styles, fontsize="x-small", loc="upper left", bbox_to_anchor=(1.01, 1))


class FrontierDisplay(Display):
    """Quality against the AUC of a detector: one point for each checkpoint, large where no other beats it in both.

    Args:
        run: A run, as reports read it.
        detector: Its id. Defaults to `None`, the first that was asked.
    """

    def __init__(self, run: Run, detector: str | None = None) -> None:
        self._figure = AlongTrainingFigure(run)
        self.detector = chosen("detector", detector, self._figure.detectors, "an AUC at a checkpoint of known quality")

    def frame(self) -> pd.DataFrame:
        """Returns a row per generator and checkpoint: FD and AUC with the ends of their intervals, and `frontier`."""
        rows = self._figure.of_detector(self.detector)
        columns = ["generator", "checkpoint", "fd", "fd_low", "fd_high", "value", "low", "high"]
        return rows[columns].assign(frontier=rows["frontier"].str.lower() == "true")

    def _draw(self, axes: Axes) -> None:
        styles = self._figure.draw_frontier(axes, self.detector, look())
        axes.set_title(f"quality against the AUC of {drawable(self.detector)}")
        legend(axes, styles)
