"""What one detector says of real images and of the fakes of one generator: its scores, and its probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxbench.displays.display import Display, chosen, drawable, legend, look, main_first
from reports.figures import reliability, scores
from reports.figures.curves import Style
from reports.figures.svg import DASHES

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
        return scores.ScoreFigure(run).frame()

    def _draw(self, axes: Axes) -> None:
        rows = self.frame()
        scores.draw(axes, rows["real"].to_numpy(float), rows["fake"].to_numpy(float), look())
        edges = [*rows["left"], rows["right"].iloc[-1]]
        shown = [0, len(rows) // 2, len(rows)]
        axes.set_xticks(shown, [f"{edges[at]:.3g}" for at in shown])
        axes.set(xlabel="score: higher is more likely fake", ylabel="share of images")
        legend(axes, {"reals": Style(look().real), "fakes": Style(look().fake, DASHES[1])})
        self._title(axes)


class ReliabilityDisplay(CellDisplay):
    __doc__ = f"Shares of fakes among test images of a probability, with intervals. {CellDisplay.__doc__}"
    what = "probabilities"

    @staticmethod
    def _numbers(run: Run) -> pd.DataFrame:
        return reliability.ReliabilityFigure(run).frame()

    def _draw(self, axes: Axes) -> None:
        reliability.ground(axes, look())
        reliability.draw(axes, self.frame(), look())
        axes.set(xlabel="probability of being fake", ylabel="share that is fake")
        self._title(axes)
