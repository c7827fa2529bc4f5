"""Curves along a training: losses, and quality checkpoint by checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import unknown
from fauxbench.displays.display import Display, chosen, drawable, legend, look, main_first
from reports.figures.curves import Style
from reports.figures.losses import PANELS, LossFigure
from reports.figures.quality import QualityFigure
from reports.figures.svg import DASHES
from reports.load import DISTANCES, QUALITY, natural

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run

WORDS = {"loss": "loss", "output": "mean output of the discriminator"}


class LossDisplay(Display):
    """Losses of a generator and its discriminator step by step: a smoothed line over the light range of the raw values.

    Args:
        run: A run, as reports read it.
        generator: Its id. Defaults to `None`, the first with losses.
        panel: `"loss"`, or `"output"` for what the discriminator says of reals and of fakes. Defaults to `"loss"`.
    """

    def __init__(self, run: Run, generator: str | None = None, *, panel: str = "loss") -> None:
        if panel not in PANELS:
            raise unknown("panel", panel, PANELS)
        figures = {name: LossFigure(run, name) for name in main_first(run)}
        known = [name for name, figure in figures.items() if figure.has(panel)]
        self.generator = chosen("generator", generator, known, f"a {WORDS[panel]} to show")
        self._figure, self._panel = figures[self.generator], panel

    def frame(self) -> pd.DataFrame:
        """Returns a row per recorded step: losses, outputs, images per second."""
        return self._figure.frame().reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        styles = self._figure.draw(axes, self._panel, look())
        axes.set(ylabel=WORDS[self._panel], title=drawable(self.generator))
        legend(axes, styles)


class QualityDisplay(Display):
    """One measure of quality at every checkpoint, with intervals, above what two sets of real images reach.

    Args:
        run: A run, as reports read it.
        metric: Such as `"fd"`, `"precision"` or `"recall"`. Defaults to `"fd"`.
    """

    def __init__(self, run: Run, metric: str = "fd") -> None:
        if metric not in QUALITY + DISTANCES:
            raise unknown("measure of quality", metric, QUALITY + DISTANCES)
        self._figure, self.metric = QualityFigure(run, metric), metric
        chosen("generator", None, self._figure.generators, f"{metric} at more than one checkpoint")

    def frame(self) -> pd.DataFrame:
        """Returns a row per generator and checkpoint: the measure, the ends of its interval, and the reals' own."""
        rows = self._figure.frame()
        ends = [f"{self.metric}{end}" for end in ("", "_low", "_high", "_floor")]
        order = sorted(rows.index, key=lambda at: natural(rows.at[at, "checkpoint"]))
        return rows.loc[order, ["generator", "checkpoint", *ends]].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        styles = self._figure.draw(axes, look())
        if self.frame()[f"{self.metric}_floor"].notna().any():
            styles["reals beside reals"] = Style(look().real, DASHES[2])
        axes.set_ylabel(self.metric)
        legend(axes, styles)
