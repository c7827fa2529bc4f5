"""ROC curves of all detectors on one generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxbench.displays.display import INK, Display, chosen, colours, drawable, main_first
from reports.figures.roc import RocFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class RocDisplay(Display):
    """ROC curves of all detectors on one generator, with their bands; the first training where there are several.

    Args:
        run: A run, as reports read it.
        generator: Its id. Defaults to `None`, the first that has curves; a control only where nothing else has.
        log: Whether the false positive rate is logarithmic, which keeps good detectors apart. Defaults to `False`.
    """

    def __init__(self, run: Run, generator: str | None = None, *, log: bool = False) -> None:
        figures = {name: RocFigure(run, name) for name in main_first(run)}
        known = [name for name, figure in figures.items() if figure.detectors]
        self.generator = chosen("generator", generator, known, "a ROC curve")
        self._figure, self._styles, self._log = figures[self.generator], colours(run), log

    def frame(self) -> pd.DataFrame:
        """Returns a row per point: detector, fpr, tpr, the ends of its band, and the threshold."""
        columns = ["detector", "fpr", "tpr", "tpr_low", "tpr_high", "threshold"]
        return self._figure.frame()[columns].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        frame = self.frame()
        for detector, rows in frame.groupby("detector", sort=False):
            style = self._styles[str(detector)]
            rates = rows["fpr"].to_numpy(float)
            axes.plot(rates, rows["tpr"], drawstyle="steps-post", lw=1.6, label=drawable(str(detector)), **style)
            low, high = rows["tpr_low"].to_numpy(float), rows["tpr_high"].to_numpy(float)
            axes.fill_between(rates, low, high, step="post", color=style["color"], alpha=0.12, lw=0)
        axes.axline((0, 0), slope=1, color=INK, lw=0.8, alpha=0.45) if not self._log else None
        if self._log:
            axes.set_xscale("log")
            smallest = frame.loc[frame["fpr"] > 0, "fpr"].min()
            axes.set_xlim(smallest if smallest == smallest else 1e-3, 1)
        axes.set(xlabel="reals called fake", ylabel="fakes found", ylim=(-0.01, 1.01))
        axes.set_title(f"ROC on {drawable(self.generator)}")
        axes.legend(fontsize="x-small")
