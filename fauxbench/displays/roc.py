"""ROC curves of all detectors on one generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxbench.displays.display import Display, chosen, drawable, legend, look, main_first
from reports.figures.curves import Style
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
        self._figure, self._log = figures[self.generator], log

    def frame(self) -> pd.DataFrame:
        """Returns a row per point: detector, fpr, tpr, the ends of its band, and the threshold."""
        columns = ["detector", "fpr", "tpr", "tpr_low", "tpr_high", "threshold"]
        return self._figure.frame()[columns].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        figure, rest = self._figure, self._figure.rest
        figure.draw(axes, look(), log=self._log)
        styles = {name: figure.style(name, look()) for name in figure.ranked if name not in rest}
        if rest:
            styles[f"{len(rest)} others"] = Style(look().rest)
        axes.set_title(f"ROC on {drawable(self.generator)}")
        legend(axes, styles, fontsize="x-small", loc="upper left", bbox_to_anchor=(1.01, 1))
