"""The AUC of each detector against the strength of what was done to the images, a small panel for each kind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.figures import curves, svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT = "generator detector preprocess perturbation kind train metric told note"
NUMBERS = "strength value low high runs"
CLEAN = "none"  # what was done to images that nothing was done to


class RobustnessFigure:
    """What is left of the AUC of each detector after each kind of processing.

    Args:
        run: A run; its figure has no `generators` where it did not ask the question.
    """

    def __init__(self, run: Run) -> None:
        rows = run.answer("robustness", text=TEXT, numbers=NUMBERS)
        self._rows = rows[(rows["metric"] == "auc") & rows["value"].notna()]
        self._signs = curves.of_detectors(run)
        self._detectors = [detector.id for detector in run.detectors]
        processed = self._rows[self._rows["perturbation"] != CLEAN]
        self.generators = [one.id for one in run.generators if (processed["generator"] == one.id).any()]
        self.preprocesses = list(dict.fromkeys(processed["preprocess"]))

    def trains(self, generator: str, preprocess: str) -> list[str]:
        """What was done to training images: `"none"`, `"same"` or both."""
        return list(dict.fromkeys(self._of(generator, preprocess)["train"]))

    def kinds(self, generator: str, preprocess: str) -> list[str]:
        """The kinds of processing, in their order."""
        return list(dict.fromkeys(self._of(generator, preprocess)["kind"]))

    def detectors(self, generator: str, preprocess: str) -> list[str]:
        """The detectors with an AUC, in the order of the run."""
        mine = set(self._of(generator, preprocess)["detector"])
        return [name for name in self._detectors if name in mine]

    def frame(self, generator: str, preprocess: str, train: str | None = None, kind: str | None = None) -> pd.DataFrame:
        """The rows behind the drawing: those of clean images, and of one way to train and one kind or of all."""
        clean = self._rows["perturbation"] == CLEAN
        here = (self._rows["generator"] == generator) & (self._rows["preprocess"] == preprocess)
        for column, wanted in (("train", train), ("kind", kind)):
            here &= clean | (self._rows[column] == wanted) if wanted is not None else True
        return self._rows[here]

    def svg(self, generator: str, preprocess: str, train: str, kind: str, *, name: str) -> str:
        """Draws one kind.

        Args:
            generator: One of `generators`.
            preprocess: One of `preprocesses`.
            train: One of `trains`.
            kind: One of `kinds`.
            name: Prefix of the ids in the drawing.

        Returns:
            An `<svg>` element.
        """
        with svg.panel(2.5, 1.7) as (figure, axes):
            axes.set_position((0.14, 0.16, 0.84, 0.8))
            self.draw_kind(axes, generator, preprocess, train, kind, self.styles(generator, preprocess, PAGE), PAGE)
            what = "clean images" if train == CLEAN else "images with the same processing"
            return svg.export(figure, name=name, title=f"AUC on {generator} after {kind}, trained on {what}")

    def draw(
        self, panels: Sequence[Axes], generator: str, preprocess: str, train: str, look: Look = PAGE
    ) -> dict[str, curves.Style]:
        """Draws each kind onto its own axes, all from one AUC to 1, and returns how each detector looks."""
        styles = self.styles(generator, preprocess, look)
        for kind, axes in zip(self.kinds(generator, preprocess), panels, strict=True):
            self.draw_kind(axes, generator, preprocess, train, kind, styles, look)
        return styles

    def styles(self, generator: str, preprocess: str, look: Look) -> dict[str, curves.Style]:
        """Returns how each detector looks, as in all figures."""
        return curves.styles(self._signs, self.detectors(generator, preprocess), look)

    def draw_kind(
        self, axes: Axes, generator: str, preprocess: str, train: str, kind: str, styles: dict[str, curves.Style],
        look: Look,
    ) -> None:  # fmt: skip
        """Draws one kind: clean images at the left, then its strengths from weak to strong."""
        rows = self.frame(generator, preprocess, train, kind)
        names = [CLEAN, *dict.fromkeys(rows.loc[rows["perturbation"] != CLEAN, "perturbation"])]
        places = {name: at for at, name in enumerate(names)}
        points = pd.DataFrame(
            {
                "curve": rows["detector"], "x": rows["perturbation"].map(places), "y": rows["value"],
                "low": rows["low"], "high": rows["high"],
            }
        ).sort_values("x", kind="stable")  # fmt: skip
        curves.bands(axes, points, styles, alpha=0.13)
        marks = {"marker": "o", "ms": 3.2 * look.width, "markeredgewidth": 0}
        curves.lines(axes, points, styles, lw=1.5 * look.width, **marks)
        axes.axhline(0.5, color=look.ink, lw=0.6, ls=svg.DASHES[2], zorder=1)
        axes.set_xticks(range(len(names)), ["clean", *(_strength(name, kind) for name in names[1:])])
        axes.set_xlim(-0.15, len(names) - 0.85)
        axes.set_ylim(*self._limits(generator))

    def _limits(self, generator: str) -> tuple[float, float]:
        """One axis for all panels of a generator, so that they can be compared."""
        rows = self._rows[self._rows["generator"] == generator]
        low = float(np.nanmin([rows["low"].min(), rows["value"].min(), 0.48]))
        return max(np.floor(low * 20) / 20, 0.0), 1.01

    def _of(self, generator: str, preprocess: str) -> pd.DataFrame:
        rows = self.frame(generator, preprocess)
        return rows[rows["perturbation"] != CLEAN]


def _strength(name: str, kind: str) -> str:
    """The strength alone, since the kind stands above the panel; of several steps all of it does."""
    found = re.fullmatch(rf"{re.escape(kind)}-(\S+)", name)
    return svg.label(found[1], 12) if found else "after"
