"""The AUC of every detector, with its interval and the trainings behind a mean; of one generator, and as a heat map."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.figures import curves, seeds, svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DARK = 0.55  # values of the colour map below which ink on it would not be read
MAP = "cividis"  # read alike with and without colour vision


class AucFigure:
    """The AUCs of all main cells.

    Args:
        run: A run.
    """

    def __init__(self, run: Run) -> None:
        known = {row["cell"]: row for row in run.metric_rows.get("auc", []) if row["scope"] == "cell"}
        done = [cell for cell in run.main_rows if cell["status"] == "done" and cell["cell"] in known]
        rows = [known[cell["cell"]] | {name: cell[name] for name in ("generator", "detector")} for cell in done]
        columns = ["generator", "detector", "generator_seed", "detector_seed", "ledger_seed", "value", "low", "high"]
        self._cells = pd.DataFrame(rows, columns=["scope", "cell", *columns]).dropna(subset=["value"])
        whole = [row for row in run.metric_rows.get("auc", []) if row["scope"] == "configuration"]
        self._whole = pd.DataFrame(whole, columns=["scope", "perturbation", *columns])
        self._whole = self._whole[self._whole["perturbation"].isin(["", "none", "clean"])]
        shown = set(self._cells["generator"])
        ordered = sorted(run.generators, key=lambda generator: bool(generator.role))
        self.generators = [generator.id for generator in ordered if generator.id in shown]
        self._detectors = [detector.id for detector in run.detectors]
        self._signs = curves.of_detectors(run)

    def order(self, generator: str) -> list[str]:
        """Detectors with an AUC on a generator, from the highest mean down."""
        means = self._means[self._means["generator"] == generator].set_index("detector")["value"]
        return sorted(means.index, key=lambda name: (-means[name], self._detectors.index(name)))

    def of(self, generator: str) -> pd.DataFrame:
        """The rows behind the drawing of a generator: those of single trainings, then means over several."""
        rows = pd.concat([self._cells.assign(of="training"), self._means.assign(of="mean")])
        return rows[rows["generator"] == generator]

    def frame(self) -> pd.DataFrame:
        """generator, detector, value, low, high and runs: one row for each place of the table."""
        return self._means[["generator", "detector", "value", "low", "high", "runs"]]

    @cached_property
    def _means(self) -> pd.DataFrame:
        """The one row of a pair, or its configuration's; without that the mean, of which no interval is known."""
        rows = []
        pair = ["generator", "detector"]
        whole = {tuple(row[name] for name in pair): row for row in self._whole.to_dict("records")}
        for key, mine in self._cells.groupby(pair, sort=False):
            row = mine.iloc[0] if len(mine) == 1 else whole.get(key)
            ends = {"low": np.nan, "high": np.nan, "value": mine["value"].mean()}
            found = ends if row is None else {name: row[name] for name in ends}
            rows.append(dict(zip(pair, key, strict=True)) | found | {"runs": len(mine)})
        return pd.DataFrame(rows, columns=[*pair, "value", "low", "high", "runs"])

    def draw(self, axes: Axes, generator: str, look: Look = PAGE) -> None:
        """Draws a dot for each training, a stroke for their mean and a line for its interval, a row for a detector."""
        mine, order = self._cells[self._cells["generator"] == generator], self.order(generator)
        means = self._means[self._means["generator"] == generator]
        colours = {name: style.colour for name, style in curves.styles(self._signs, order, look).items()}
        seeds.dots(axes, mine, means, "detector", order, colours, look)
        axes.axvline(0.5, color=look.ink, lw=0.6, ls=svg.DASHES[2], zorder=1)

    def table(self, axes: Axes, look: Look = PAGE) -> None:
        """Draws the mean of every pair as a field of a heat map, with its number."""
        values = self._means.pivot(index="detector", columns="generator", values="value")
        values = values.reindex(index=self._detectors, columns=self.generators)
        low = min(0.5, float(values.min().min()))
        axes.pcolormesh(values.to_numpy(float), cmap=MAP, vmin=low, vmax=1, edgecolors="white", linewidth=0.8)
        axes.grid(False)
        for (row, column), value in np.ndenumerate(values.to_numpy(float)):
            pale = value == value and (value - low) / (1 - low) < DARK
            text = f"{value:.3f}" if value == value else "none"
            axes.text(
                column + 0.5, row + 0.5, text, ha="center", va="center", size=6.5, color="white" if pale else look.ink
            )
        turned = 90 if len(self.generators) >= 6 else 0
        names = [svg.label(name, 20 if turned or len(self.generators) < 4 else 14) for name in self.generators]
        axes.set_xticks(np.arange(len(names)) + 0.5, names, rotation=turned)
        axes.set_yticks(np.arange(len(values)) + 0.5, [svg.label(name, seeds.LONGEST) for name in values.index])
        axes.set(ylim=(len(values), 0), xlim=(0, len(names)))
        axes.tick_params(length=0)
