"""Curves and their bands on the axes of a figure: seaborn's lines over areas between ends that are given.

Seaborn would average and resample points of equal x by itself; here it may not, since every interval of a report is
one that was tested, and stands in the run's tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from reports.figures import svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Style(NamedTuple):
    """How one curve looks.

    Attributes:
        colour: One of the stand-ins in `svg`.
        dash: One of `svg.DASHES`.
        series: The class by which the page's script finds the curve and its band, or `""`.
    """

    colour: str
    dash: Any = svg.DASHES[0]
    series: str = ""


def lines(axes: Axes, frame: pd.DataFrame, styles: Mapping[str, Style], **options: Any) -> None:
    """Draws one line for each curve.

    Args:
        axes: Where to draw. Its labels are emptied.
        frame: Columns `curve`, `x` and `y`, points in the order of the curve; those not finite are left out.
        styles: Curve -> its style, in the order of drawing.
        **options: For matplotlib's `plot`, such as `lw` or `drawstyle`.
    """
    import seaborn

    frame = frame[np.isfinite(frame[["x", "y"]].to_numpy(float)).all(axis=1)]
    known = set(frame["curve"])
    styles = {name: style for name, style in styles.items() if name in known}
    before = len(axes.lines)
    axes.set(
        xlabel=" ", ylabel=" "
    )  # where labels are missing, seaborn lays out every tick to see whether it may add one
    if styles:
        seaborn.lineplot(
            data=frame,
            x="x",
            y="y",
            hue="curve",
            hue_order=list(styles),
            palette={name: style.colour for name, style in styles.items()},
            sort=False,
            estimator=None,
            errorbar=None,
            legend=False,
            ax=axes,
            **options,
        )
    for line, style in zip(axes.lines[before:], styles.values(), strict=True):
        line.set_linestyle(style.dash)  # seaborn's own `style=` tries every colour with every dash
        line.set_gid(f"{style.series} curve" if style.series else None)
    axes.set(xlabel="", ylabel="")


def bands(axes: Axes, frame: pd.DataFrame, styles: Mapping[str, Style], *, alpha: float, **options: Any) -> None:
    """Draws the area between `low` and `high` of each curve; seaborn draws only bands that it has estimated itself.

    Args:
        axes: Where to draw.
        frame: Columns `curve`, `x`, `low` and `high`; a band has gaps where `low` or `high` is not finite.
        styles: Curve -> its style, in the order of drawing.
        alpha: Opacity.
        **options: For matplotlib's `fill_between`, such as `step`.
    """
    groups = dict(list(frame.groupby("curve", sort=False)))
    for name, style in styles.items():
        if name in groups:
            x, low, high = (groups[name][column].to_numpy(float) for column in ("x", "low", "high"))
            seen = np.isfinite(low) & np.isfinite(high)
            area = axes.fill_between(x, low, high, where=seen, color=style.colour, alpha=alpha, lw=0, **options)
            area.set_gid(f"{style.series} band" if style.series else None)
