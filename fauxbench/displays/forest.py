"""What cells of runs differ by: each difference with its interval, beside the line where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.use.compare.comparison import title
from data.errors import UserError
from fauxbench.displays.display import Display, drawable, look

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from benchmark.use.compare.comparison import Comparison

ROW = 0.24  # inches
MOST = 60  # rows of one drawing; of more the largest differences


class ForestDisplay(Display):
    """Differences of a metric between runs, with 95 % intervals; full dots differ by more than their interval.

    Args:
        found: A comparison.
        differing: Whether to show only those that differ by more than their interval. Defaults to `False`.
        metric: Of which metric. Defaults to `None`, the comparison's first.
    """

    def __init__(self, found: Comparison, *, differing: bool = False, metric: str | None = None) -> None:
        self._metric = metric or next(iter(found.metrics), "")
        rows = found.frame(differing=differing, metric=self._metric or None)
        rows = rows[rows["low"].notna() & rows["high"].notna()].reset_index(drop=True)
        if rows.empty:
            raise UserError(
                "There is no difference to draw. Expected a comparison with cells that were compared"
                f"{' and differ' if differing else ''}. Received: {', '.join(found.runs)}."
            )
        self._rows, self._runs = rows, found.runs
        self.size = (6.4, 0.9 + ROW * min(len(rows), MOST))

    def frame(self) -> pd.DataFrame:
        """Returns a row per difference: the cell, the metric, the difference with its interval, and `differs`."""
        return self._rows[["run", "scope", "cell", "metric", "difference", "low", "high", "p_holm", "differs"]]

    def _draw(self, axes: Axes) -> None:
        rows, colours = self.frame(), look()
        if len(rows) > MOST:
            keep = rows["difference"].abs().sort_values(ascending=False).index[:MOST]
            rows = rows.loc[sorted(keep)]
        places = range(len(rows), 0, -1)
        for at, row in zip(places, rows.to_dict("records"), strict=True):
            colour = colours.fake if row["differs"] else colours.rest
            axes.plot([row["low"], row["high"]], [at, at], color=colour, lw=1.4, solid_capstyle="butt")
            face = colour if row["differs"] else "none"
            axes.plot([row["difference"]], [at], "o", ms=4.5, mfc=face, mec=colour)
        axes.axvline(0, color=colours.rest, lw=0.8, ls=":")
        several = len(self._runs) > 2
        names = [f"{run}: {cell}" if several else cell for run, cell in zip(rows["run"], rows["cell"], strict=True)]
        axes.set_yticks(list(places), [drawable(name) for name in names], fontsize="small")
        axes.set_ylim(0.4, len(rows) + 0.6)
        axes.set_xlabel(f"{title(self._metric)} less that of {drawable(self._runs[0])}, with 95 % interval")
        axes.set_title("differences" if len(rows) == len(self._rows) else f"the {MOST} largest of {len(self._rows)}")
