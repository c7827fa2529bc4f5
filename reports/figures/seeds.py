"""The AUC of every training behind a mean over seeds, and that mean with its interval."""

from __future__ import annotations

import pandas as pd

from reports.figures import svg
from reports.load import CLEAN, Run

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
        several = single.groupby("generator")["generator_seed"].nunique() > 1
        self.generators = [
            generator.id for generator in run.generators if not generator.role and several.get(generator.id, False)
        ]
        self._detectors = [detector.id for detector in run.detectors]
        self._ranks = run.ranks

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
        import seaborn

        rows = self._rows[self._rows["generator"] == generator]
        runs, means = (rows[rows["scope"] == scope] for scope in ("cell", "configuration"))
        order = [detector for detector in self._detectors if detector in set(runs["detector"])]
        means = means[means["detector"].isin(order)].drop_duplicates("detector", keep="last")  # the table's row
        colours = {
            detector: svg.SERIES[svg.series(rank, sentinel=role)[0]] for detector, (rank, role) in self._ranks.items()
        }
        height = 0.55 + 0.24 * len(order)
        with svg.panel(4.6, height) as (figure, axes):
            axes.set_position((0.31, 0.45 / height, 0.66, 1 - 0.5 / height))
            place = {"x": "value", "y": "detector", "order": order, "ax": axes}
            seaborn.stripplot(
                runs, hue="detector", palette=colours, jitter=False, size=5, alpha=0.75, legend=False, **place
            )
            # One value for each detector: there is nothing that seaborn could average or resample.
            seaborn.pointplot(
                means,
                errorbar=None,
                color=svg.INK,
                linestyle="none",
                marker="|",
                ms=9,
                markeredgewidth=1.4,
                zorder=4,
                **place,
            )
            known = means.dropna(subset=["low", "high"])
            axes.hlines(
                known["detector"].map(order.index), known["low"], known["high"], color=svg.INK, lw=1.1, zorder=4
            )
            axes.set_yticks(range(len(order)), [_short(detector) for detector in order])
            axes.set(xlabel="AUC", ylabel="", ylim=(len(order) - 0.5, -0.5))
            return svg.export(figure, name=name, title=f"AUC of every training of {generator}, and their mean")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
