"""A measure of quality along the training, one curve per configuration, above what real images reach."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from reports.figures import curves, svg
from reports.figures.look import PAGE, Look
from reports.load import Run, natural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE = 20  # a logarithmic axis from this ratio of the largest to the smallest value on


class QualityFigure:
    """One measure of all configurations with more than one checkpoint.

    Args:
        run: A run. Of several training runs of a configuration the first is shown.
        metric: `"fd"`, `"kd"`, `"precision"`, `"recall"`, `"density"`, `"coverage"` or `"memorisation"`.
    """

    def __init__(self, run: Run, metric: str) -> None:
        frame, self._metric, self._signs = run.generators_frame, metric, curves.of_generators(run)
        controls = {generator.id for generator in run.generators if generator.role}
        frame = frame[frame[metric].notna() & ~frame["generator"].isin(controls)]
        first = frame.groupby("generator")["generator_seed"].transform("min")
        frame = frame[frame["generator_seed"].isna() | (frame["generator_seed"] == first)]
        counts = frame.groupby("generator")["checkpoint"].nunique()
        self.generators = [generator.id for generator in run.generators if counts.get(generator.id, 0) > 1]
        self._rows = frame[frame["generator"].isin(self.generators)]

    def frame(self) -> pd.DataFrame:
        """The rows of `generators.csv` behind the drawing."""
        return self._rows

    def svg(self, *, name: str) -> str:
        """Draws the curves with their 95 % intervals, and the floor as a thin line.

        Args:
            name: Prefix of the ids in the drawing.

        Returns:
            An `<svg>` element; empty text without curves.
        """
        if not self.generators:
            return ""
        with svg.panel(4.6, 2.8) as (figure, axes):
            axes.set_position((0.12, 0.18, 0.84, 0.78))
            self.draw(axes)
            return svg.export(figure, name=name, title=f"{self._metric} along the training, with 95 % intervals")

    def draw(self, axes: Axes, look: Look = PAGE) -> dict[str, curves.Style]:
        """Draws the curves onto axes, and returns how that of each generator looks."""
        places, label = _places(self._rows["checkpoint"])
        frame, styles = self._curves(places), curves.styles(self._signs, self.generators, look)
        curves.bands(axes, frame, styles, alpha=0.13)
        curves.lines(axes, frame, styles, lw=1.6 * look.width, marker="o", ms=4 * look.width, markeredgewidth=0)
        for floor in sorted(set(self._rows[f"{self._metric}_floor"].dropna())):
            axes.axhline(floor, color=look.real, lw=look.width, ls=svg.DASHES[2])
        values = self._rows[self._metric]
        if self._metric == "fd" and values.min() > 0 and values.max() > WIDE * values.min():
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.yaxis.set_minor_formatter(lambda value, _: "")
        elif self._metric != "kd":
            axes.set_ylim(bottom=0)
        axes.set_xlabel(label)
        return styles

    def _curves(self, places: dict[str, float]) -> pd.DataFrame:
        value, low, high = (self._rows[f"{self._metric}{end}"] for end in ("", "_low", "_high"))
        at = self._rows["checkpoint"].map(places)
        frame = pd.DataFrame({"curve": self._rows["generator"], "x": at, "y": value, "low": low, "high": high})
        return frame.sort_values("x", kind="stable")


def _places(checkpoints: pd.Series) -> tuple[dict[str, float], str]:
    """Where each checkpoint stands: at the number in its name, or else at its position; and the axis' label."""
    names = sorted(set(checkpoints), key=natural)
    found = [re.fullmatch(r"(\D*?)\W*(\d+)", name) for name in names]
    words = {match[1] for match in found if match}
    if all(found) and len(words) == 1:
        return {match[0]: float(match[2]) for match in found if match}, words.pop() or "checkpoint"
    return {name: float(position) for position, name in enumerate(names)}, "checkpoint"
