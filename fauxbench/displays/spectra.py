"""Mean spectra of real and fake images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fauxbench.displays.display import Display, chosen, drawable, legend, look
from reports.figures.spectra import SpectrumFigure

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
        self._figure = SpectrumFigure(run)
        self.generator = chosen("generator", generator, self._figure.generators, "a spectrum")
        rows = self._figure.frame()
        self._rows = rows[rows["generator"] == self.generator].sort_values("frequency")
        self._difference = difference

    def frame(self) -> pd.DataFrame:
        """Returns a row per frequency: both means, their difference, and standard errors."""
        columns = ["frequency", "real", "fake", "difference", "real_se", "fake_se"]
        return self._rows[columns].reset_index(drop=True)

    def _draw(self, axes: Axes) -> None:
        if self._difference:
            self._figure.draw_difference(axes, self.generator, look())
        else:
            styles = self._figure.draw_profile(axes, self.generator, look())
            legend(axes, {f"{side}s": style for side, style in styles.items()})
        axes.set(ylabel="fakes minus reals, dB" if self._difference else "dB", title=drawable(self.generator))
