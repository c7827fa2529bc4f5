"""What one detector says of real images and of the fakes of one generator: its scores, and its probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxbench.displays.display import FAKE, INK, REAL, Display, chosen, drawable, main_first
from reports.figures.reliability import ReliabilityFigure
from reports.figures.scores import ScoreFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class CellDisplay(Display):
    """A figure of one detector on one generator.

    Args:
        run: A run, as reports read it.
        detector: Its id. Defaults to `None`, the first detector with such a figure.
        generator: Its id. Defaults to `None`, the first generator with such a figure.
    """

    what = ""
    size = (4.6, 3.2)

    def __init__(self, run: Run, detector: str | None = None, generator: str | None = None) -> None:
        self._all = self._numbers(run)
        pairs = set(zip(self._all["detector"], self._all["generator"], strict=True))
        known = [name for name in main_first(run) if any(name == other for _, other in pairs)]
        self.generator = chosen("generator", generator, known, self.what)
        ordered = sorted(run.detectors, key=lambda each: bool(each.role))
        able = [each.id for each in ordered if (each.id, self.generator) in pairs]
        self.detector = chosen("detector", detector, able, f"{self.what} on '{self.generator}'")

    @staticmethod
    def _numbers(run: Run) -> pd.DataFrame:
        raise NotImplementedError

    def frame(self) -> pd.DataFrame:
        """Returns a row per bin."""
        mine = (self._all["detector"] == self.detector) & (self._all["generator"] == self.generator)
        return self._all[mine].reset_index(drop=True)

    def _title(self, axes: Axes) -> None:
        axes.set_title(f"{drawable(self.detector)} on {drawable(self.generator)}")


class HistogramDisplay(CellDisplay):
    __doc__ = f"Shares of real and fake test images by score. {CellDisplay.__doc__}"
    what = "scores"

    @staticmethod
    def _numbers(run: Run) -> pd.DataFrame:
        return ScoreFigure(run).frame()

    def _draw(self, axes: Axes) -> None:
        rows = self.frame()
        edges = [*rows["left"], rows["right"].iloc[-1]]
        for side, colour in (("real", REAL), ("fake", FAKE)):
            axes.stairs(rows[side], edges, fill=True, color=colour, alpha=0.3)
            axes.stairs(rows[side], edges, color=colour, label=f"{side}s")
        axes.set(xlabel="score: higher is more likely fake", ylabel="share of images")
        axes.legend(fontsize="small")
        self._title(axes)


class ReliabilityDisplay(CellDisplay):
    __doc__ = f"Shares of fakes among test images of a probability, with intervals. {CellDisplay.__doc__}"
    what = "probabilities"

    @staticmethod
    def _numbers(run: Run) -> pd.DataFrame:
        return ReliabilityFigure(run).frame()

    def _draw(self, axes: Axes) -> None:
        rows = self.frame()
        axes.axline((0, 0), slope=1, color=INK, lw=0.8, alpha=0.45)
        axes.vlines(rows["probability"], rows["low"], rows["high"], color=FAKE, lw=1.2)
        axes.scatter(rows["probability"], rows["share"], color=FAKE, s=14, zorder=3)
        axes.set(
            xlabel="probability of being fake", ylabel="share that is fake", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02)
        )
        self._title(axes)
