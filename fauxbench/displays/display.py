"""What all figures of a run have in common: a frame of numbers, and a drawing on axes of matplotlib."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from data.errors import UserError, unknown, visible
from reports.figures.look import Look, paper

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from reports.figures.curves import Style
    from reports.load import Run

LONGEST = 40  # letters of a name in a drawing


class Display(ABC):
    """A figure of a run. A notebook shows it as a picture where it is the last line of a cell."""

    size = (5.2, 3.6)  # inches, of a figure that `plot` makes itself

    @abstractmethod
    def frame(self) -> pd.DataFrame:
        """Returns the numbers behind the drawing."""

    @abstractmethod
    def _draw(self, axes: Axes) -> None:
        """Draws on axes that are given."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draws the figure.

        Args:
            ax: Where to draw. Defaults to `None`, a new figure.

        Returns:
            The axes.
        """
        import matplotlib as mpl

        with mpl.rc_context({"text.parse_math": False}):  # a name may hold a dollar
            if ax is None:
                from matplotlib import pyplot

                _, ax = pyplot.subplots(figsize=self.size, layout="constrained")
            self._draw(ax)
            for label in [*ax.get_xticklabels(), *ax.get_yticklabels()]:  # made with the axes
                label.set_parse_math(False)
        return ax

    def _repr_png_(self) -> bytes:
        """Returns the drawing as a PNG; nothing stays open."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=self.size, layout="constrained")
        FigureCanvasAgg(figure)
        self.plot(figure.add_subplot())
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
        return buffer.getvalue()


def drawable(name: str) -> str:
    """Returns a name as a drawing can show it: not too long, nothing unseen, and what the font lacks as a box."""
    text = visible(name)
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    glyphs = _glyphs()
    text = "".join(letter if ord(letter) in glyphs else "\N{WHITE SQUARE}" for letter in text)
    return f" {text}" if text.startswith("_") else text  # of such labels matplotlib shows none in a legend


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib import font_manager

    return frozenset(font_manager.get_font(font_manager.findfont(font_manager.FontProperties())).get_charmap())


def look() -> Look:
    """Returns the colours of a light page, on lines as wide as there."""
    return paper()._replace(width=1.0)


def legend(axes: Axes, styles: Mapping[str, Style], **place: Any) -> None:
    """Names curves, each by its colour and dashes.

    Args:
        axes: Where they are drawn.
        styles: What is written -> how the curve looks, as figures' `draw` returns.
        **place: For matplotlib's `legend`.
    """
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=style.colour, ls=style.dash, lw=1.7) for style in styles.values()]
    axes.legend(handles, [drawable(name) for name in styles], **{"fontsize": "small"} | place)


def chosen(what: str, asked: str | None, known: Sequence[str], figure: str) -> str:
    """Returns the one that is asked for, or the first.

    Args:
        what: `"generator"`, `"detector"` or such, for messages.
        asked: Its name, or `None`.
        known: Those that the figure can show.
        figure: What the figure shows, for messages.

    Raises:
        UserError: If there is nothing to show, or nothing of this name.
    """
    if not known:
        raise UserError(f"This run has nothing to draw: no {what} has {figure}.")
    if asked is None:
        return known[0]
    if asked not in known:
        raise unknown(what, asked, known, f"with {figure}")
    return asked


def main_first(run: Run) -> list[str]:
    """Returns the ids of all generators, controls last."""
    return [generator.id for generator in sorted(run.generators, key=lambda generator: bool(generator.role))]
