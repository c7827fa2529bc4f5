"""What is left of each detector's AUC after processing, against the strength of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxbench.displays.display import Display, chosen, drawable, legend, look
from reports.figures.robustness import RobustnessFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class RobustnessDisplay(Display):
    """The AUC of every detector on one generator's images after one kind of processing, from clean to strong.

    Args:
        run: A run, as reports read it.
        generator: Its id. Defaults to `None`, the first that was asked.
        kind: Such as `"jpeg"`, or the whole name of one of several steps. Defaults to `None`, the first.
        train: What was done to the images that detectors learned from: `"none"`, or `"same"`. Defaults to `None`, the
            first.
        preprocess: What the detectors' side did to all images. Defaults to `None`, the first.
    """

    def __init__(
        self, run: Run, generator: str | None = None, *, kind: str | None = None, train: str | None = None,
        preprocess: str | None = None,
    ) -> None:  # fmt: skip
        self._figure = figure = RobustnessFigure(run)
        self.generator = chosen("generator", generator, figure.generators, "an AUC after processing")
        self.preprocess = chosen("preprocessing", preprocess, figure.preprocesses, "an AUC after processing")
        of = f"an AUC on '{self.generator}'"
        self.kind = chosen("kind", kind, figure.kinds(self.generator, self.preprocess), of)
        self.train = chosen("training", train, figure.trains(self.generator, self.preprocess), of)

    def frame(self) -> pd.DataFrame:
        """Returns a row per detector and strength, clean images among them: the AUC and the ends of its interval."""
        rows = self._figure.frame(self.generator, self.preprocess, self.train, self.kind)
        columns = ["detector", "perturbation", "strength", "value", "low", "high", "note"]
        return rows[columns].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        styles = self._figure.styles(self.generator, self.preprocess, look())
        self._figure.draw_kind(axes, self.generator, self.preprocess, self.train, self.kind, styles, look())
        axes.set(xlabel=f"strength of {self.kind}", ylabel="AUC", title=drawable(self.generator))
        legend(axes, styles)
