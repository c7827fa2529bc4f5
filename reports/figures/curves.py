"""Curves and their bands on the axes of a figure: lines over areas between ends that are given.

Nothing is averaged or resampled here: every interval of a report is one that was tested, and stands in the tables.
Seaborn's lines are the same, and take ten times as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from reports.figures import svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from reports.figures.look import Look


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


def of_detector(rank: int, sentinel: bool, look: Look, series: str | None = None) -> Style:
    """Returns how a detector's curve looks, by which it is known in all figures.

    Args:
        rank: Its position, as `Run.ranks` has it.
        sentinel: Whether it is a sentinel, likewise.
        look: The colours.
        series: The class of the curve. Defaults to `None`, that of its colour.
    """
    hue, pattern = svg.series(rank, sentinel=sentinel)
    return Style(look.series[hue], svg.DASHES[pattern], f"s-{hue}" if series is None else series)


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
