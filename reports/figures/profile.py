"""The profile of each configuration: what the AUC of its images is in four situations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from reports.figures import svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT, NUMBERS = "generator number detector measure about note", "value low high runs"
NAMES = {
    "clean": "clean", "few_shot": "few-shot", "unseen": "unseen", "processed": "processed", "pooled": "pooled",
}  # fmt: skip
LONGEST = 22


class ProfileFigure:
    """The numbers of each configuration with their intervals, a panel for each kind.

    Args:
        run: A run.
    """

    def __init__(self, run: Run) -> None:
        self.rows = run.answer("profile", text=TEXT, numbers=NUMBERS)
        known = set(self.rows["generator"])
        self.generators = [generator.id for generator in run.generators if generator.id in known]

    def frame(self) -> pd.DataFrame:
        """The rows of `answers/profile.csv`."""
        return self.rows[[*TEXT.split()[:3], *NUMBERS.split(), "about", "note"]].reset_index(drop=True)

    def draw(self, panels: Sequence[Axes], look: Look = PAGE) -> None:
        """Draws one panel for each AUC of the profile onto axes, the configurations from above."""
        for at, (axes, number) in enumerate(zip(panels, AUCS, strict=True)):
            rows = self.rows[self.rows["number"] == number].set_index("generator").reindex(self.generators)
            places = range(len(rows))
            axes.hlines(places, rows["low"], rows["high"], color=look.ink, lw=1.1 * look.width)
            axes.plot(rows["value"], places, linestyle="none", marker="o", ms=4, color=look.fake, markeredgewidth=0)
            names = [svg.label(name, LONGEST) for name in self.generators] if at == 0 else [""] * len(rows)
            axes.set_yticks(places, names)
            axes.set(ylim=(len(rows) - 0.5, -0.5), xlim=(self._start, 1.01))
            axes.axvline(0.5, color=look.ink, lw=0.6, ls=(0, (2, 2)))

    @property
    def _start(self) -> float:
        aucs = self.rows[self.rows["number"].isin(AUCS)]
        lowest = pd.concat([aucs["value"], aucs["low"]]).min()
        return min(0.48, float(lowest) - 0.02) if lowest == lowest else 0.48


AUCS = tuple(NAMES)[:4]
