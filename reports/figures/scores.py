"""Histograms of a detector's scores on real and fake test images."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.figures import small, svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 40


class ScoreFigure:
    """Score densities of all main cells.

    Reals and fakes share their bins, and so do all configurations of a detector; a control has its own, since the
    far scores of noise would squeeze the others into a corner.

    Args:
        run: A run.
    """

    def __init__(self, run: Run) -> None:
        cells = run.main_cells
        cells = cells[cells["status"] == "done"].drop_duplicates(["detector", "generator"])
        self._controls = {generator.id for generator in run.generators if generator.role}
        self._pairs = {row.cell: (row.detector, row.generator) for row in cells.itertuples()}
        self._scores = run.scores[run.scores["cell"].astype(str).isin(self._pairs)]

    @cached_property
    def densities(self) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """(detector, generator) -> (edges, density of reals, density of fakes)."""
        groups = {
            self._pairs[str(cell)]: (rows["score"].to_numpy(float), rows["is_fake"].to_numpy(bool))
            for cell, rows in self._scores.groupby("cell", sort=False, observed=True)
        }
        shared: dict[tuple[str, str], list[np.ndarray]] = {}
        for pair, (scores, _) in groups.items():
            shared.setdefault(self._bins_of(*pair), []).append(scores)
        edges = {key: _edges(scores) for key, scores in shared.items()}
        out = {}
        for pair, (scores, fake) in groups.items():
            own = edges[self._bins_of(*pair)]
            out[pair] = (own, _density(scores[~fake], own), _density(scores[fake], own))
        return out

    def _bins_of(self, detector: str, generator: str) -> tuple[str, str]:
        return detector, generator if generator in self._controls else ""

    def frame(self) -> pd.DataFrame:
        """detector, generator, left, right, real, fake: one row per bin."""
        parts = [
            pd.DataFrame({"left": edges[:-1], "right": edges[1:], "real": real, "fake": fake}).assign(
                detector=detector, generator=generator
            )
            for (detector, generator), (edges, real, fake) in self.densities.items()
        ]
        return pd.concat(parts) if parts else pd.DataFrame(columns=["detector", "generator", "real", "fake"])

    def svg(self, detector: str, generator: str, *, name: str, title: str) -> str:
        """Draws one panel, or returns an empty text where there are no scores.

        Args:
            detector: Id of a detector.
            generator: Id of a generator.
            name: Prefix of the ids in the drawing.
            title: What the panel shows, for those who do not see it.
        """
        found = self.densities.get((detector, generator))
        if found is None:
            return ""
        edges, real, fake = found
        top = _top(real, fake)
        marks = [
            small.area(self._frame.points(*_steps(shares / top)), colour, dash=dash)
            for shares, colour, dash in ((real, svg.REAL, ""), (fake, svg.FAKE, "; stroke-dasharray: 2.5 1.2"))
        ]
        return self._frame.svg("".join(marks), [f"{edges[0]:.3g}", f"{edges[-1]:.3g}"], title=title)

    @cached_property
    def _frame(self) -> small.Frame:
        with svg.panel(160 / 72, 73 / 72) as (figure, axes):
            axes.set_position((0.005, 13 / 73, 0.99, 59 / 73))
            axes.set(xlim=(0, BINS), ylim=(0, 1))
            axes.spines["left"].set_visible(False)
            return small.Frame(figure, axes, (0, BINS))


def _steps(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a histogram over the numbers of its bins."""
    return np.repeat(np.arange(BINS + 1.0), 2), np.concatenate([[0.0], np.repeat(shares, 2), [0.0]])


def _top(real: np.ndarray, fake: np.ndarray) -> float:
    return 1.02 * max(real.max(), fake.max()) or 1.0


def draw(axes: Axes, real: np.ndarray, fake: np.ndarray, look: Look = PAGE) -> None:
    """Draws both sides over the numbers of the bins: scores of any size and any spread have the same picture."""
    from matplotlib.colors import to_rgba

    for shares, colour, dash in ((real, look.real, "-"), (fake, look.fake, (0, (2.5, 1.2)))):
        kind: dict[str, Any] = {
            "facecolor": to_rgba(colour, 0.3),
            "edgecolor": colour,
            "lw": look.width,
            "linestyle": dash,
        }
        axes.fill_between(*_steps(shares), **kind)
    axes.set(xlim=(0, BINS), ylim=(0, _top(real, fake)))


def _edges(scores: list[np.ndarray]) -> np.ndarray:
    values = np.concatenate(scores)
    values = values[np.isfinite(values)]
    low, high = np.quantile(values, [0.002, 0.998]) if len(values) else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1, BINS + 1)


def _density(scores: np.ndarray, edges: np.ndarray) -> np.ndarray:
    inside = np.clip(scores[np.isfinite(scores)], edges[0], edges[-1])
    counts, _ = np.histogram(inside, edges)
    return counts / max(counts.sum(), 1)
