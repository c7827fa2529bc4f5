"""The course of a generator's training: both losses, and what the discriminator says of reals and fakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.figures import curves, svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 220
PANELS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "loss": (("d_loss", "discriminator", svg.REAL), ("g_loss", "generator", svg.FAKE)),
    "output": (("d_real", "reals", svg.REAL), ("d_fake", "fakes", svg.FAKE)),
}


class LossFigure:
    """Losses and discriminator outputs of one training run.

    Args:
        run: A run.
        generator: Id of a generator.
        seed: Its training seed; None takes the first. Defaults to `None`.
    """

    def __init__(self, run: Run, generator: str, *, seed: float | None = None) -> None:
        rows = run.training[run.training["generator"] == generator]
        seed = rows["generator_seed"].min() if seed is None else seed
        self._rows = rows[rows["generator_seed"].fillna(-1) == (-1 if pd.isna(seed) else seed)].sort_values("step")
        self._generator = generator

    def frame(self) -> pd.DataFrame:
        """The rows of `training.csv` behind the drawing."""
        return self._rows

    def has(self, panel: str) -> bool:
        """Whether there is anything to draw in a panel, `"loss"` or `"output"`."""
        columns = [column for column, _, _ in PANELS[panel]]
        return bool(len(self._rows) > 1 and np.isfinite(self._rows[columns].to_numpy(float)).any())

    def limits(self, panel: str) -> tuple[float, float]:
        """Lowest and highest value to show.

        Outputs are probabilities; of the losses the outermost half per cent is cut, so that one spike does not rule.
        """
        if panel == "output":
            return 0.0, 1.0
        values = self._rows[[column for column, _, _ in PANELS[panel]]].to_numpy(float)
        low, high = np.nanquantile(values[np.isfinite(values)], [0.005, 0.995])
        return float(low), float(high)

    def svg(self, panel: str, *, name: str, limits: tuple[float, float] | None = None) -> str:
        """Draws one panel.

        Args:
            panel: `"loss"` or `"output"`.
            name: Prefix of the ids in the drawing.
            limits: Lowest and highest value; share them between configurations. None takes this run's.
                Defaults to `None`.

        Returns:
            An `<svg>` element: a smoothed line over the light range of the raw values.
        """
        with svg.panel(4.6, 2.5) as (figure, axes):
            axes.set_position((0.1, 0.2, 0.85, 0.76))
            self.draw(axes, panel, limits=limits)
            what = "Losses of discriminator and generator" if panel == "loss" else "Mean output of the discriminator"
            return svg.export(figure, name=name, title=f"{what} while training {self._generator}")

    def draw(
        self, axes: Axes, panel: str, look: Look = PAGE, *, limits: tuple[float, float] | None = None
    ) -> dict[str, curves.Style]:
        """Draws one panel onto axes, and returns what each curve is and how it looks."""
        by_epoch = self._rows["epoch"].nunique() > 3
        x = self._rows["step"].to_numpy(float)
        if by_epoch and x.max() > 0:
            x = x / x.max() * self._rows["epoch"].max()
        low, high = limits or self.limits(panel)
        looks = {svg.REAL: curves.Style(look.real), svg.FAKE: curves.Style(look.fake, svg.DASHES[1])}
        styles = {column: looks[colour] for column, _, colour in PANELS[panel]}
        parts = [_thinned(x, self._rows[column].to_numpy(float)).assign(curve=column) for column in styles]
        frame = pd.concat(parts)
        margin = 0.05 * (high - low or 1.0)
        axes.set(ylim=(low - margin, high + margin), xlim=(x.min(), x.max()))
        curves.bands(axes, frame, styles, alpha=0.18)
        curves.lines(axes, frame, styles, lw=1.7 * look.width)
        axes.set_xlabel("epoch" if by_epoch else "step")
        return {label: styles[column] for column, label, _ in PANELS[panel]}


def _thinned(x: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    """x, y, low and high of at most `POINTS` points: a smoothed mean, and the range of the values behind it."""
    seen = np.isfinite(y)
    x, y = x[seen], y[seen]
    if not len(x):
        return pd.DataFrame(columns=["x", "y", "low", "high"], dtype=float)
    buckets = np.array_split(np.arange(len(x)), min(POINTS, len(x)))
    low, high, mean = (np.array([pick(y[bucket]) for bucket in buckets]) for pick in (np.min, np.max, np.mean))
    middle = np.array([x[bucket].mean() for bucket in buckets])
    return pd.DataFrame({"x": middle, "y": _smooth(mean), "low": low, "high": high})


def _smooth(values: np.ndarray | Sequence[float]) -> np.ndarray:
    """A running mean over about a fortieth of the curve, shorter at its ends so that it does not bend there."""
    half = max(len(values) // 80, 1)
    total = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    reach = np.minimum(half, np.minimum(at, len(values) - 1 - at))
    return (total[at + reach + 1] - total[at - reach]) / (2 * reach + 1)
