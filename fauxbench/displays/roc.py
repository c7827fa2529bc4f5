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

    size = (6.4, 3.6)

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
        if self._log:
            axes.set_xscale("log")
            axes.set_xlim(_floor(frame), 1)
            axes.set_xticks([], minor=True)
            rates = [rate for rate in (0.001, 0.01, 0.1, 1) if rate >= axes.get_xlim()[0]]
            axes.set_xticks(rates, [f"{100 * rate:g} %" for rate in rates])
        else:
            axes.axline((0, 0), slope=1, color=INK, lw=0.8, alpha=0.45)
            axes.set_xlim(-0.01, 1.01)
        axes.set(xlabel="reals called fake", ylabel="fakes found", ylim=(-0.01, 1.01))
        axes.set_title(f"ROC on {drawable(self.generator)}")
        axes.legend(fontsize="x-small", loc="upper left", bbox_to_anchor=(1.01, 1))


def _floor(frame: pd.DataFrame) -> float:
    """Returns the smallest rate above 0, where a logarithmic axis begins."""
    above = frame.loc[(frame["fpr"] > 0) & (frame["fpr"] < 1), "fpr"]
    return float(above.min()) if len(above) else 0.001
