"""The AUC of every training behind a mean over seeds, and that mean with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.figures import curves, svg
from reports.figures.look import PAGE, Look
from reports.load import CLEAN, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST = 22  # letters of a detector's id beside the points


class SeedFigure:
    """The training runs of all configurations that have several, detector by detector.

    Args:
        run: A run.
    """

    def __init__(self, run: Run) -> None:
        cells = run.main_cells
        rows = run.metrics[(run.metrics["metric"] == "auc") & run.metrics["value"].notna()]
        single = rows[(rows["scope"] == "cell") & rows["cell"].isin(cells.loc[cells["status"] == "done", "cell"])]
        configurations = rows[(rows["scope"] == "configuration") & rows["perturbation"].isin(CLEAN)]
        self._rows = pd.concat([single, configurations])
        several = single.groupby(["generator", "detector"]).size().groupby("generator").max() > 1
        self.generators = [
            generator.id for generator in run.generators if not generator.role and several.get(generator.id, False)
        ]
        self._detectors = [detector.id for detector in run.detectors]
        self._signs = curves.of_detectors(run)

    def frame(self) -> pd.DataFrame:
        """The rows of `metrics.csv` behind the drawing: those of the cells, then those of the configurations."""
        return self._rows[self._rows["generator"].isin(self.generators)]

    def svg(self, generator: str, *, name: str) -> str:
        """Draws a dot for each training run, a stroke for the mean over them and a line for its 95 % interval.

        Args:
            generator: One of `generators`.
            name: Prefix of the ids in the drawing.

        Returns:
            An `<svg>` element.
        """
        height = 0.55 + 0.24 * len(self._order(generator))
        with svg.panel(4.6, height) as (figure, axes):
            axes.set_position((0.31, 0.45 / height, 0.66, 1 - 0.5 / height))
            self.draw(axes, generator)
            return svg.export(figure, name=name, title=f"AUC of every training of {generator}, and their mean")

    def draw(self, axes: Axes, generator: str, look: Look = PAGE) -> None:
        """Draws them onto axes."""
        order, rows = self._order(generator), self._rows[self._rows["generator"] == generator]
        runs, means = (rows[rows["scope"] == scope] for scope in ("cell", "configuration"))
        means = means[means["detector"].isin(order)].drop_duplicates("detector", keep="last")  # the table's row
        colours = {name: style.colour for name, style in curves.styles(self._signs, self._detectors, look).items()}
        dots(axes, runs, means, "detector", order, colours, look)
        axes.set_xlabel("AUC")

    def _order(self, generator: str) -> list[str]:
        rows = self._rows[(self._rows["generator"] == generator) & (self._rows["scope"] == "cell")]
        trained = set(rows["detector"])
        return [detector for detector in self._detectors if detector in trained]


def dots(
    axes: Axes,
    runs: pd.DataFrame,
    means: pd.DataFrame,
    row: str,
    order: list[str],
    colours: dict[str, str] | None = None,
    look: Look = PAGE,
) -> None:
    """Draws runs as dots, their means as strokes and the intervals of these as lines, one row for each name.

    Args:
        axes: Where to draw.
        runs: Columns `value` and that of the row.
        means: Likewise, one row for each name, with `low` and `high`.
        row: The column whose names the rows are.
        order: The names from above.
        colours: Of the dots of each name. Defaults to `None`, the colour of fakes.
        look: All other colours. Defaults to the page's.
    """
    palette = colours or dict.fromkeys(order, look.fake)
    places = {name: place for place, name in enumerate(order)}
    for name, values in runs[runs[row].isin(order)].groupby(row, sort=False)["value"]:
        dots: dict[str, Any] = {"linestyle": "none", "marker": "o", "ms": 5, "markeredgewidth": 0, "alpha": 0.75}
        axes.plot(values, [places[name]] * len(values), color=palette[name], **dots)
    strokes: dict[str, Any] = {
        "color": look.ink,
        "linestyle": "none",
        "marker": "|",
        "ms": 9,
        "markeredgewidth": 1.4,
        "zorder": 4,
    }
    axes.plot(means["value"], means[row].map(places), **strokes)
    known = means.dropna(subset=["low", "high"])
    axes.hlines(known[row].map(places), known["low"], known["high"], color=look.ink, lw=1.1, zorder=4)
    axes.set_yticks(range(len(order)), [svg.label(name, LONGEST) for name in order])
    axes.set(ylabel="", ylim=(len(order) - 0.5, -0.5))
