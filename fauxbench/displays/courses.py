"""Curves along a training: losses, and quality checkpoint by checkpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from data.errors import unknown
from fauxbench.displays.display import FAKE, REAL, SERIES, Display, chosen, drawable, main_first
from reports.figures.losses import PANELS, LossFigure
from reports.figures.quality import QualityFigure
from reports.load import DISTANCES, QUALITY, natural

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run

WORDS = {"loss": "loss", "output": "mean output of the discriminator"}


class LossDisplay(Display):
    """Losses of a generator and its discriminator step by step, and a running mean over them.

    Args:
        run: A run, as reports read it.
        generator: Its id. Defaults to `None`, the first with losses.
        panel: `"loss"`, or `"output"` for what the discriminator says of reals and of fakes. Defaults to `"loss"`.
    """

    def __init__(self, run: Run, generator: str | None = None, *, panel: str = "loss") -> None:
        if panel not in PANELS:
            raise unknown("panel", panel, PANELS)
        figures = {name: LossFigure(run, name) for name in main_first(run)}
        known = [name for name, figure in figures.items() if figure.has(panel)]
        self.generator = chosen("generator", generator, known, f"a {WORDS[panel]} to show")
        self._figure, self._panel = figures[self.generator], panel

    def frame(self) -> pd.DataFrame:
        """Returns a row per recorded step: losses, outputs, images per second."""
        return self._figure.frame().reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        rows = self.frame()
        wide = max(len(rows) // 40, 1)
        colour = {"d_loss": REAL, "d_real": REAL, "g_loss": FAKE, "d_fake": FAKE}
        for column, label, _ in PANELS[self._panel]:
            axes.plot(rows["step"], rows[column], color=colour[column], lw=0.6, alpha=0.3)
            mean = rows[column].rolling(wide, center=True, min_periods=1).mean()
            axes.plot(rows["step"], mean, color=colour[column], lw=1.7, label=label)
        axes.set_ylim(*self._figure.limits(self._panel))
        axes.set(xlabel="step", ylabel=WORDS[self._panel])
        axes.set_title(drawable(self.generator))
        axes.legend(fontsize="small")


class QualityDisplay(Display):
    """One measure of quality at every checkpoint, with intervals, above what two sets of real images reach.

    Args:
        run: A run, as reports read it.
        metric: Such as `"fd"`, `"precision"` or `"recall"`. Defaults to `"fd"`.
    """

    def __init__(self, run: Run, metric: str = "fd") -> None:
        if metric not in QUALITY + DISTANCES:
            raise unknown("measure of quality", metric, QUALITY + DISTANCES)
        self._figure, self.metric = QualityFigure(run, metric), metric
        chosen("generator", None, self._figure.generators, f"{metric} at more than one checkpoint")

    def frame(self) -> pd.DataFrame:
        """Returns a row per generator and checkpoint: the measure, the ends of its interval, and the reals' own."""
        rows = self._figure.frame()
        ends = [f"{self.metric}{end}" for end in ("", "_low", "_high", "_floor")]
        order = sorted(rows.index, key=lambda at: natural(rows.at[at, "checkpoint"]))
        return rows.loc[order, ["generator", "checkpoint", *ends]].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        frame = self.frame()
        names = list(dict.fromkeys(frame["checkpoint"]))
        numbers = [re.search(r"(\d+)$", name) for name in names]
        at = {n: int(m[1]) if all(numbers) and m else k for k, (n, m) in enumerate(zip(names, numbers, strict=True))}
        for position, generator in enumerate(self._figure.generators):
            rows, colour = frame[frame["generator"] == generator], SERIES[position % len(SERIES)]
            x = rows["checkpoint"].map(at)
            axes.plot(x, rows[self.metric], color=colour, marker="o", ms=4, label=drawable(generator))
            low, high = (rows[f"{self.metric}_{end}"].to_numpy(float) for end in ("low", "high"))
            axes.fill_between(x, low, high, color=colour, alpha=0.13, lw=0)
        for k, floor in enumerate(sorted(set(frame[f"{self.metric}_floor"].dropna()))):
            axes.axhline(floor, color=REAL, ls=":", lw=1.2, label="" if k else "reals beside reals")
        axes.set(xlabel="epoch" if all(numbers) else "checkpoint", ylabel=self.metric)
        axes.legend(fontsize="small")
