"""Mean spectra of real and fake images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fauxbench.displays.display import FAKE, REAL, Display, chosen, drawable
from reports.figures.spectra import WIDE, SpectrumFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.load import Run


class SpectrumDisplay(Display):
    """Mean spectra of the real images and of a generator's fakes, in decibel, with 95 % intervals for the means.

    Args:
        run: A run, as reports read it.
        generator: Its id. Defaults to `None`, the first that has spectra.
        difference: Whether fake minus real is drawn. Defaults to `False`.
    """

    size = (5.2, 3.0)

    def __init__(self, run: Run, generator: str | None = None, *, difference: bool = False) -> None:
        figure = SpectrumFigure(run)
        self.generator = chosen("generator", generator, figure.generators, "a spectrum")
        rows = figure.frame()
        self._rows = rows[rows["generator"] == self.generator].sort_values("frequency")
        self._difference = difference

    def frame(self) -> pd.DataFrame:
        """Returns a row per frequency: both means, their difference, and standard errors."""
        columns = ["frequency", "real", "fake", "difference", "real_se", "fake_se"]
        return self._rows[columns].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        rows = self.frame()
        if self._difference:
            curves = [("difference", np.hypot(rows["real_se"], rows["fake_se"]), FAKE, "-", "fakes minus reals")]
            axes.axhline(0, color=REAL, lw=1)
        else:
            curves = [
                ("real", rows["real_se"], REAL, "-", "reals"),
                ("fake", rows["fake_se"], FAKE, "--", "fakes"),
            ]
        for column, error, colour, dash, label in curves:
            axes.plot(rows["frequency"], rows[column], color=colour, ls=dash, lw=1.7, label=label)
            low, high = rows[column] - WIDE * error, rows[column] + WIDE * error
            axes.fill_between(
                rows["frequency"], low.to_numpy(float), high.to_numpy(float), color=colour, alpha=0.18, lw=0
            )
        axes.set(xlabel="cycles per pixel", ylabel="dB")
        axes.set_title(drawable(self.generator))
        axes.legend(fontsize="small")
