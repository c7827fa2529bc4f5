"""Mean spectra of real and fake images over the spatial frequency, and fake minus real."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.figures import curves, svg
from reports.figures.look import PAGE, Look
from reports.load import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE = 1.96  # standard errors to each side of a mean, for 95 %


class SpectrumFigure:
    """The azimuthal profiles of all generators that have them, on shared axes.

    Args:
        run: A run. Of several training runs of a configuration the first is shown.
    """

    def __init__(self, run: Run) -> None:
        frame = run.spectra.dropna(subset=["frequency", "real", "fake", "difference"])
        first = frame.groupby("generator")["generator_seed"].transform("min")
        self._rows = frame[frame["generator_seed"].isna() | (frame["generator_seed"] == first)]
        known = set(self._rows["generator"])
        self.generators = [generator.id for generator in run.generators if generator.id in known]

    def frame(self) -> pd.DataFrame:
        """The rows of `spectra.csv` behind the drawing."""
        return self._rows

    def profile(self, generator: str, *, name: str) -> str:
        """Draws the mean spectra in decibel, with 95 % intervals for their means.

        Args:
            generator: Id of a generator.
            name: Prefix of the ids in the drawing.

        Returns:
            An `<svg>` element.
        """
        title = f"Mean spectrum of real images and of fakes of {generator}, in dB"
        return _exported(lambda axes: self.draw_profile(axes, generator), name, title)

    def draw_profile(self, axes: Axes, generator: str, look: Look = PAGE) -> dict[str, curves.Style]:
        """Draws them onto axes, and returns how each curve looks."""
        rows = self._of(generator)
        styles = {"real": curves.Style(look.real), "fake": curves.Style(look.fake, svg.DASHES[1])}
        frame = pd.concat([_curve(rows, side, rows[f"{side}_se"]) for side in styles])
        _draw(axes, frame, styles, _limits(self._rows["real"], self._rows["fake"]), look)
        return styles

    def difference(self, generator: str, *, name: str) -> str:
        """Draws fake minus real in decibel, with 95 % intervals for the difference of the means.

        Args:
            generator: Id of a generator.
            name: Prefix of the ids in the drawing.

        Returns:
            An `<svg>` element.
        """
        title = f"Spectrum of fakes of {generator} minus that of real images, in dB"
        return _exported(lambda axes: self.draw_difference(axes, generator), name, title)

    def draw_difference(self, axes: Axes, generator: str, look: Look = PAGE) -> None:
        """Draws it onto axes."""
        rows = self._of(generator)
        frame = _curve(rows, "difference", np.hypot(rows["real_se"], rows["fake_se"]))
        widest = WIDE * np.hypot(self._rows["real_se"], self._rows["fake_se"]).fillna(0.0)
        limits = _limits(self._rows["difference"] - widest, self._rows["difference"] + widest, pd.Series([0.0]))
        axes.axhline(0.0, color=look.real, lw=1.0)
        _draw(axes, frame, {"difference": curves.Style(look.fake)}, limits, look)

    def _of(self, generator: str) -> pd.DataFrame:
        return self._rows[self._rows["generator"] == generator].sort_values("frequency")


def _limits(*values: pd.Series) -> tuple[float, float]:
    numbers = np.concatenate([column.to_numpy(float) for column in values])
    finite = numbers[np.isfinite(numbers)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    margin = 0.06 * (high - low or 1.0)
    return low - margin, high + margin


def _curve(rows: pd.DataFrame, column: str, error: pd.Series) -> pd.DataFrame:
    width = WIDE * error
    frame = pd.DataFrame({"x": rows["frequency"], "y": rows[column]})
    return frame.assign(curve=column, low=rows[column] - width, high=rows[column] + width)


def _draw(
    axes: Axes, frame: pd.DataFrame, styles: dict[str, curves.Style], limits: tuple[float, float], look: Look
) -> None:
    axes.set(ylim=limits, xlim=(0, max(frame["x"].max(), 0.5)))
    curves.bands(axes, frame, styles, alpha=0.18)
    curves.lines(axes, frame, styles, lw=1.7 * look.width)
    axes.set_xlabel("cycles per pixel")


def _exported(draw: Callable[[Axes], object], name: str, title: str) -> str:
    with svg.panel(4.6, 2.5) as (figure, axes):
        axes.set_position((0.1, 0.2, 0.85, 0.76))
        draw(axes)
        return svg.export(figure, name=name, title=title)
