"""One metric of every detector on every generator, as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.errors import unknown
from fauxbench.displays.display import Display, drawable, look, main_first
from reports import numbers
from reports.sections import tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run

READABLE = 0.6  # of the colours: from here on ink on them is white


class HeatmapDisplay(Display):
    """The table detector x generator as a heat map, with its numbers; what failed or was not run says so.

    Args:
        run: A run, as reports read it.
        metric: A name out of `metrics.csv`. Defaults to `"auc"`.
    """

    def __init__(self, run: Run, metric: str = "auc") -> None:
        if metric not in (known := tables.metric_names(run)):
            raise unknown("metric", metric, known)
        self.metric, self._entries, self._frame = metric, tables.table(run, metric), tables.frame(run, metric)
        self._generators = main_first(run)
        self._detectors = [each.id for each in sorted(run.detectors, key=lambda each: bool(each.role))]
        self.size = (1.1 * len(self._generators) + 2.2, 0.28 * len(self._detectors) + 0.9)

    def frame(self) -> pd.DataFrame:
        """Returns a row per pair: detector, generator, value, the ends of its interval, status and note."""
        return self._frame[["detector", "generator", "value", "low", "high", "status", "note", "runs"]]

    def _draw(self, axes: Axes) -> None:
        grid = [[self._entries[detector, generator] for generator in self._generators] for detector in self._detectors]
        values = np.array([[entry.value for entry in row] for row in grid], float)
        bounded = numbers.is_bounded(self.metric)
        seen = values[np.isfinite(values)]
        low, high = float(min(seen, default=0.0)), float(max(seen, default=1.0))
        if bounded:
            low, high = min(low, 0.5), 1.0
        ink = look().ink
        axes.imshow(values, cmap="Oranges", vmin=low, vmax=high, aspect="auto")
        for row, entries in enumerate(grid):
            for column, entry in enumerate(entries):
                dark = entry.status == "done" and entry.value > low + READABLE * (high - low)
                text = tables.text(entry, self.metric)
                axes.text(column, row, text, ha="center", va="center", fontsize="small", color="white" if dark else ink)
        axes.set_xticks(range(len(self._generators)), [drawable(name) for name in self._generators])
        axes.set_yticks(range(len(self._detectors)), [drawable(name) for name in self._detectors])
        axes.tick_params(length=0)
        axes.set_title(tables.METRICS.get(self.metric, (self.metric, ""))[0])
