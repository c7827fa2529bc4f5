"""Curves and their bands on the axes of a figure: lines over areas between ends that are given.

Nothing is averaged or resampled here: every interval of a report is one that was tested, and stands in the tables.
Seaborn's lines are the same, and take ten times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from reports.figures import svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from reports.figures.look import Look
    from reports.load import Run


class Style(NamedTuple):
    """How one curve looks.

    Attributes:
        colour: One of the stand-ins in `svg`.
        dash: One of `svg.DASHES`.
        series: The class by which the page's script finds the curve and its band, or `""`.
        more: More classes of both, each after a blank.
    """

    colour: str
    dash: Any = svg.DASHES[0]
    series: str = ""
    more: str = ""


class Sign(NamedTuple):
    """What a detector, or a generator, is known by in all drawings of a page and in their legends.

    Attributes:
        place: Among all detectors, or among all generators: the class of its curves is `s-` and this.
        hue: The place of its colour in `Look.series`.
        pattern: The place of its dash in `svg.DASHES`.
    """

    place: int
    hue: int
    pattern: int

    def style(self, look: Look) -> Style:
        """Returns how its curve looks, in the colours of the page or of a file."""
        return Style(look.series[self.hue], svg.DASHES[self.pattern], f"s-{self.place}")

    @property
    def dashes(self) -> str:
        """Its dash as a legend's stroke has it, which is twice as wide as a curve; empty for an unbroken line."""
        dash = svg.DASHES[self.pattern]
        return "" if isinstance(dash, str) else " ".join(f"{2 * length:g}" for length in dash[1])


def of_detectors(run: Run) -> dict[str, Sign]:
    """Returns what each detector is known by, in the order of the ranks."""
    places = {detector.id: place for place, detector in enumerate(run.detectors)}
    return {
        name: Sign(places[name], *svg.series(rank, sentinel=sentinel)) for name, (rank, sentinel) in run.ranks.items()
    }


def of_generators(run: Run) -> dict[str, Sign]:
    """Returns what each generator is known by where curves are of generators."""
    return {generator.id: Sign(place, *svg.series(place)) for place, generator in enumerate(run.generators)}


def styles(signs: Mapping[str, Sign], names: Iterable[str], look: Look) -> dict[str, Style]:
    """Returns how the curves of some look, in this order of drawing."""
    return {name: signs[name].style(look) for name in names}


def frame(points: Mapping[str, Sequence[np.ndarray]], *columns: str) -> pd.DataFrame:
    """Puts curves together.

    Args:
        points: Curve -> its columns.
        *columns: Their names.

    Returns:
        A frame of these columns and `curve`, for `lines` and `bands`.
    """
    sizes = [len(values[0]) for values in points.values()]
    whole = {
        name: np.concatenate([values[at] for values in points.values()] or [np.empty(0)])
        for at, name in enumerate(columns)
    }
    return pd.DataFrame({"curve": np.repeat(np.array(list(points), dtype=object), sizes), **whole})


def lines(axes: Axes, frame: pd.DataFrame, styles: Mapping[str, Style], **options: Any) -> None:
    """Draws one line for each curve.

    Args:
        axes: Where to draw.
        frame: Columns `curve`, `x` and `y`, points in the order of the curve; those not finite are left out.
        styles: Curve -> its style, in the order of drawing.
        **options: For matplotlib's `plot`, such as `lw` or `drawstyle`.
    """
    for name, points in _of_each(frame, ["x", "y"], styles):
        style = styles[name]
        x, y = points[:, np.isfinite(points).all(axis=0)]
        if len(x):
            (line,) = axes.plot(x, y, color=style.colour, linestyle=style.dash, **options)
            line.set_gid(f"{style.series} curve{style.more}" if style.series else None)


def bands(axes: Axes, frame: pd.DataFrame, styles: Mapping[str, Style], *, alpha: float, **options: Any) -> None:
    """Draws the area between `low` and `high` of each curve.

    Args:
        axes: Where to draw.
        frame: Columns `curve`, `x`, `low` and `high`; a band has gaps where `low` or `high` is not finite.
        styles: Curve -> its style, in the order of drawing.
        alpha: Opacity.
        **options: For matplotlib's `fill_between`, such as `step`.
    """
    for name, (x, low, high) in _of_each(frame, ["x", "low", "high"], styles):
        style = styles[name]
        seen = np.isfinite(low) & np.isfinite(high)
        area = axes.fill_between(x, low, high, where=seen, color=style.colour, alpha=alpha, lw=0, **options)
        area.set_gid(f"{style.series} band{style.more}" if style.series else None)


def _of_each(frame: pd.DataFrame, columns: list[str], styles: Mapping[str, Style]) -> Iterator[tuple[str, np.ndarray]]:
    """Yields each curve that has points, in the order of the styles, with its columns as rows of an array."""
    values, names = frame[columns].to_numpy(float), frame["curve"].to_numpy()
    for name in styles:
        mine = names == name
        if mine.any():
            yield name, values[mine].T
