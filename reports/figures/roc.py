"""ROC curves of one generator configuration, all detectors, with confidence bands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.figures import curves, svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 90
FEW = 6  # curves in colour where there are more detectors than colours


class RocFigure:
    """ROC curves of all detectors on one generator; the first training run where there are several.

    Args:
        run: A run.
        generator: Id of a generator.
    """

    def __init__(self, run: Run, generator: str) -> None:
        cells = run.main_cells
        cells = cells[(cells["generator"] == generator) & (cells["status"] == "done")]
        self._cells = dict(
            zip(*(cells.drop_duplicates("detector")[name] for name in ("detector", "cell")), strict=True)
        )
        points = run.roc[run.roc["cell"].isin(self._cells.values())]
        self._curves = {
            cell: curve.sort_values(["fpr", "tpr"])
            for cell, curve in points.groupby("cell")
            if curve["fpr"].notna().any()
        }
        self._points = {
            cell: curve[["fpr", "tpr", "tpr_low", "tpr_high"]].to_numpy(float).T for cell, curve in self._curves.items()
        }
        n_real = cells["n_test_real"].dropna()
        self._floor = 1 / max(float(n_real.max()) if len(n_real) else 1000.0, 20.0)
        self._detectors = [detector.id for detector in run.detectors]
        self._signs = curves.of_detectors(run)
        self._sentinels = {detector.id for detector in run.detectors if detector.role}
        self._generator = generator
        aucs = {row["cell"]: row["value"] for row in run.metric_rows.get("auc", []) if row["scope"] == "cell"}
        self._aucs = {name: aucs.get(cell, np.nan) for name, cell in self._cells.items()}

    @property
    def detectors(self) -> list[str]:
        """Detectors with a curve, in the order of the run."""
        return [name for name in self._detectors if self._cells.get(name) in self._curves]

    @property
    def ranked(self) -> list[str]:
        """The same, from the highest AUC on this generator down."""
        return sorted(self.detectors, key=lambda name: -np.nan_to_num(self._aucs[name], nan=-1.0))

    def auc(self, detector: str) -> float:
        """The AUC of a detector's curve; NaN where it has none."""
        return float(self._aucs[detector])

    @property
    def rest(self) -> set[str]:
        """Detectors whose curves are grey: where there are more than colours, all but the best few, and sentinels."""
        judged = [name for name in self.ranked if name not in self._sentinels]
        if len(judged) < len(svg.SERIES):
            return set()
        return {*judged[FEW:], *(set(self.detectors) & self._sentinels)}

    def frame(self) -> pd.DataFrame:
        """detector, cell, fpr, tpr, threshold, tpr_low, tpr_high of every point."""
        parts = [self._curve(name).assign(detector=name) for name in self.detectors]
        return pd.concat(parts) if parts else pd.DataFrame(columns=["detector"])

    def svg(self, *, name: str, log: bool = False) -> str:
        """Draws the curves.

        Args:
            name: Prefix of the ids in the drawing.
            log: Logarithmic false positive rate, which keeps curves of an AUC near 1 apart. Defaults to `False`.

        Returns:
            An `<svg>` element; the group of the detector at position k of the run has the class `s-k` and its name as
            a title, and of one in `rest` the class `rest`.
        """
        with svg.panel(4.6, 3.7) as (figure, axes):
            self.draw(axes, log=log)
            scale = " with a logarithmic false positive rate" if log else ""
            drawing = svg.export(figure, name=name, title=f"ROC curves on {self._generator}{scale}")
        return re.sub(
            r'<g class="s-(\d+) curve[^"]*">',
            lambda match: f"{match[0]}<title>{svg.escape(svg.plain(self._detectors[int(match[1])]))}</title>",
            drawing,
        )

    def draw(self, axes: Axes, look: Look = PAGE, *, log: bool = False) -> None:
        """Draws the curves onto axes, in the colours of the page or of a file."""
        rest = self.rest
        styles = {name: self.style(name, look) for name in [*reversed(self.ranked)]}  # the best lie on top
        styles = {name: styles[name] for name in sorted(styles, key=lambda name: name not in rest)}
        bands = {name: style for name, style in styles.items() if name not in rest}
        width = {"drawstyle": "steps-post", "solid_joinstyle": "round"}
        if log:
            axes.set_xscale("log")
        curves.bands(axes, self._bands(log), bands, alpha=0.13, step="post")
        curves.lines(axes, self._lines(log), {name: styles[name] for name in styles if name in rest}, lw=1.0, **width)
        curves.lines(axes, self._lines(log), bands, lw=1.6 * look.width, **width)
        chance = np.geomspace(self._floor, 1, 60) if log else [0, 1]
        axes.plot(chance, chance, color=look.ink, lw=0.8, alpha=0.45)
        if log:
            axes.set_xlim(self._floor, 1)
            rates = [rate for rate in (0.001, 0.01, 0.1, 1) if rate >= self._floor]
            axes.set_xticks(rates, [f"{100 * rate:g} %" for rate in rates])
            axes.set_xticks([], minor=True)
        else:
            axes.set_xlim(-0.01, 1)
            axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
        bottom = self._bottom() if log else 0.0
        axes.set_ylim(bottom, 1 + 0.015 * (1 - bottom))
        ticks = np.linspace(bottom, 1, 5)
        axes.set_yticks(ticks, [f"{100 * tick:.3g} %" if tick else "0" for tick in ticks])
        axes.set_xlabel("reals called fake" + (", logarithmic" if log else ""))
        axes.set_ylabel("fakes found")

    def _bottom(self) -> float:
        """Where the logarithmic panel begins: above 0 when all detectors but the sentinels lie far above it."""
        start = np.array([self._floor])
        lowest = [float(np.nanmin(self._at(name, start))) for name in self.detectors if name not in self._sentinels]
        return next((bottom for bottom in (0.96, 0.9, 0.8, 0.6) if min(lowest, default=0) > bottom), 0.0)

    def _curve(self, detector: str) -> pd.DataFrame:
        return self._curves[self._cells[detector]]

    def _at(self, detector: str, grid: np.ndarray) -> np.ndarray:
        """TPR and its band at rates of `grid`: those of the largest FPR that does not exceed the rate."""
        fpr, *others = self._points[self._cells[detector]]
        at = np.searchsorted(fpr, grid, side="right") - 1
        return np.array(others)[:, np.maximum(at, 0)]

    def _bands(self, log: bool) -> pd.DataFrame:
        """Points of the bands; a band with an unknown end is none."""
        grid = _grid(self._floor, log)
        ends = {detector: self._at(detector, grid)[1:] for detector in self.detectors}
        known = {detector: (grid, *both) for detector, both in ends.items() if np.isfinite(both).all()}
        return curves.frame(known, "x", "low", "high")

    def _lines(self, log: bool) -> pd.DataFrame:
        """Points of the curves: those of the table where they are few, or else at the rates of the bands."""
        grid = _grid(self._floor, log)
        found = {}
        for detector in self.detectors:
            fpr, tpr, *_ = self._points[self._cells[detector]]
            exact = not log and len(fpr) <= 3 * POINTS
            found[detector] = (fpr, tpr) if exact else (grid, self._at(detector, grid)[0])
        return curves.frame(found, "x", "y")

    def style(self, detector: str, look: Look = PAGE) -> curves.Style:
        """How the curve of a detector looks."""
        style = self._signs[detector].style(look)
        return style._replace(colour=look.rest, more=" rest") if detector in self.rest else style


def _grid(floor: float, log: bool) -> np.ndarray:
    return np.geomspace(floor, 1, POINTS) if log else np.concatenate([[0], np.linspace(0, 1, POINTS) ** 2])
