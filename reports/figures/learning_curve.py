"""The AUC of each detector against the number of labelled images that it learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.figures import curves, svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUESTION = "learning_curve"
TEXT = "kind generator detector all_images note"
NUMBERS = (
    "n n_train_real n_train_fake n_validation_real n_validation_fake n_real n_fake runs draws threshold value low high"
)
COLUMNS = ["generator", "detector", "what", "n", "draw", "generator_seed", "detector_seed", "value", "low", "high"]


class LearningCurveFigure:
    """A curve for each detector: means over draws with their intervals, and a dot for each draw.

    Args:
        run: A run.
    """

    def __init__(self, run: Run) -> None:
        answer = run.answer(QUESTION, text=TEXT, numbers=NUMBERS)
        means = answer[answer["kind"] == "auc"].assign(what="mean")
        cells = run.cells[(run.cells["question"] == QUESTION) & (run.cells["status"] == "done")]
        aucs = run.metrics[(run.metrics["metric"] == "auc") & (run.metrics["scope"] == "cell")]
        draws = cells.merge(aucs[["cell", "value"]], on="cell").assign(what="draw")
        draws = draws.rename(columns={"train_n": "n", "train_draw": "draw"})
        rows = pd.concat([means, draws]).reindex(columns=COLUMNS)
        order = {detector.id: at for at, detector in enumerate(run.detectors)}
        self._rows = rows.sort_values(["n", "what"], kind="stable")
        self._signs = curves.of_detectors(run)
        self.generators = [g.id for g in run.generators if (means["generator"] == g.id).any()]
        self.detectors = sorted(set(means["detector"]), key=lambda name: order.get(name, len(order)))

    def frame(self) -> pd.DataFrame:
        """Returns a row for each mean, with its interval, and one for each draw."""
        return self._rows.reset_index(drop=True)

    def of(self, generator: str) -> pd.DataFrame:
        """Returns those of one generator."""
        return self._rows[self._rows["generator"] == generator].reset_index(drop=True)

    def styles(self, look: Look = PAGE) -> dict[str, curves.Style]:
        """Returns how the curve of each detector looks."""
        return curves.styles(self._signs, self.detectors, look)

    def svg(self, generator: str, *, name: str) -> str:
        """Draws the curves of one generator.

        Args:
            generator: One of `generators`.
            name: Prefix of the ids in the drawing.

        Returns:
            An `<svg>` element.
        """
        with svg.panel(4.6, 2.8) as (figure, axes):
            axes.set_position((0.12, 0.2, 0.84, 0.76))
            self.draw(axes, generator)
            title = f"AUC on {generator} by the number of labelled images of each side, with 95 % intervals"
            return svg.export(figure, name=name, title=title)

    def draw(self, axes: Axes, generator: str, look: Look = PAGE) -> dict[str, curves.Style]:
        """Draws the curves of one generator onto axes, and returns how that of each detector looks."""
        rows = self.of(generator)
        styles = {name: style for name, style in self.styles(look).items() if (rows["detector"] == name).any()}
        means = rows[rows["what"] == "mean"].drop_duplicates(["detector", "n"], keep="last")
        points = means.rename(columns={"detector": "curve", "n": "x", "value": "y"})
        curves.bands(axes, points, styles, alpha=0.13)
        curves.lines(axes, points, styles, lw=1.6 * look.width, marker="o", ms=3.6 * look.width, markeredgewidth=0)
        for name, dots in rows[rows["what"] == "draw"].groupby("detector"):
            if name in styles:
                style = styles[str(name)]
                kind: dict[str, Any] = {"ls": "none", "marker": "o", "ms": 2.6 * look.width, "alpha": 0.45}
                (drawn,) = axes.plot(dots["n"], dots["value"], color=style.colour, markeredgewidth=0, **kind)
                drawn.set_gid(f"{style.series} curve")  # they fade and come back with their mean
        sizes = sorted(set(means["n"]))
        axes.set_xscale("log", base=2)
        axes.set_xticks(_apart(sizes), [f"{n:,.0f}" for n in _apart(sizes)])
        axes.minorticks_off()
        axes.axhline(0.5, color=look.rest, lw=0.8 * look.width)
        axes.set_ylim(min(0.45, float(rows["value"].min()) - 0.02), 1.01)
        axes.set(xlabel="labelled images of each side", ylabel="AUC")
        return styles


def _apart(sizes: list[float]) -> list[float]:
    """Returns the sizes whose labels do not run into the next one's; the last always has its own."""
    kept: list[float] = []
    for n in reversed(sizes):
        if not kept or kept[-1] / n > 1.6:
            kept.append(n)
    return kept[::-1]
