"""One line for each configuration: clean, few-shot, unseen, processed and pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import UserError
from fauxbench.displays.display import Display, drawable, look
from reports.figures.profile import AUCS, NAMES, ProfileFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class ProfileDisplay(Display):
    """The profile of each configuration; it is drawn as its AUCs, each kind with a mark of its own.

    Args:
        run: A run, as reports read it.
    """

    def __init__(self, run: Run) -> None:
        self._figure = ProfileFigure(run)
        if not self._figure.generators:
            raise UserError('This run has no profile: it is asked for by ask = ["profile"] of [protocol].')
        self.size = (5.2, 0.5 * len(self._figure.generators) + 1.2)

    def frame(self) -> pd.DataFrame:
        """Returns a row per configuration and number, with its detector, its interval and what it is of."""
        return self._figure.frame()

    def _draw(self, axes: Axes) -> None:
        rows, names = self._figure.frame(), self._figure.generators
        for at, number in enumerate(AUCS):
            mine = rows[rows["number"] == number].set_index("generator").reindex(names)
            places = [place + 0.18 * (at - 1.5) for place in range(len(names))]
            colour = look().series[at]
            axes.hlines(places, mine["low"], mine["high"], color=colour, lw=1.2)
            axes.plot(mine["value"], places, "o", ms=4, color=colour, label=NAMES[number])
        axes.set_yticks(range(len(names)), [drawable(name) for name in names])
        axes.set(ylim=(len(names) - 0.5, -0.5), xlabel="AUC (0.5 is guessing)")
        axes.legend(fontsize="small")
