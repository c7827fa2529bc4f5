"""Histograms of a detector's scores on real and fake test images."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from reports.figures import svg
from reports.load import Run

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

    def svg(self, detector: str, generator: str, *, title: str) -> str:
        """Draws one panel, or returns an empty text where there are no scores.

        The panel is written by hand: two paths and a base line need no plotting library, and a report of 100
        cells would otherwise wait for it.

        Args:
            detector: Id of a detector.
            generator: Id of a generator.
            title: What the panel shows, for those who do not see it.
        """
        found = self.densities.get((detector, generator))
        if found is None:
            return ""
        edges, real, fake = found
        top = max(real.max(initial=0), fake.max(initial=0)) or 1
        paths = "".join(
            f'<path d="{_steps(density / top)}" class="{kind}"/>' for kind, density in (("real", real), ("fake", fake))
        )
        width = 4 * BINS
        marks = f'<text x="0" y="70">{edges[0]:.3g}</text><text x="{width}" y="70" class="end">{edges[-1]:.3g}</text>'
        head = f'<svg viewBox="0 -1 {width} 73" role="img" aria-label="{svg.escape(title)}" class="histogram">'
        return f'{head}{paths}<path d="M0 60H{width}" class="base"/>{marks}</svg>'


def _edges(scores: list[np.ndarray]) -> np.ndarray:
    values = np.concatenate(scores)
    values = values[np.isfinite(values)]
    low, high = np.quantile(values, [0.002, 0.998]) if len(values) else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1, BINS + 1)


def _density(scores: np.ndarray, edges: np.ndarray) -> np.ndarray:
    inside = np.clip(scores[np.isfinite(scores)], edges[0], edges[-1])
    counts, _ = np.histogram(inside, edges)
    return counts / max(counts.sum(), 1)


def _steps(heights: np.ndarray) -> str:
    points = "".join(f"V{60 - 58 * height:.1f}h4" for height in heights)
    return f"M0 60{points}V60Z"
