"""Small panels, of which a page has hundreds: matplotlib draws their frame once, and what is shown is written into it.

Matplotlib takes ten milliseconds for a panel of a few strokes; the same strokes as text take a fraction of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.figures import svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Frame:
    """Axes with their spines and grid, and no ticks. What is in them is not clipped: all panels would share the id.

    Args:
        figure: A figure of `svg.panel`.
        axes: Its axes, with their limits.
        labels: The places of the labels along the horizontal axis; the first and the last end where the axis does.
    """

    def __init__(self, figure: Figure, axes: Axes, labels: Sequence[float]) -> None:
        axes.xaxis.set_visible(False)
        axes.yaxis.set_visible(False)
        sides = ["left", *["center"] * (len(labels) - 2), "right"]
        place: dict[str, Any] = {
            "xycoords": axes.get_xaxis_transform(),
            "textcoords": "offset points",
            "va": "top",
            "size": 8,
        }
        for number, (x, side) in enumerate(zip(labels, sides, strict=True)):
            axes.annotate(f"label {number}", (x, 0), (0, -3.5), ha=side, **place)
        self._head, self._body = svg.parts(figure, name="")
        self._to_pixels: Any = axes.transData.frozen()
        self._height = figure.bbox.height

    def points(self, x: np.ndarray, y: np.ndarray) -> list[list[str]]:
        """Places of the data as the drawing writes them: (x, y) with one decimal."""
        pixels = self._to_pixels.transform(np.column_stack([x, y]))
        pixels[:, 1] = self._height - pixels[:, 1]
        return [[f"{number:.1f}" for number in pair] for pair in pixels]

    def svg(self, marks: str, labels: Sequence[str], *, title: str) -> str:
        """The panel with something in it.

        Args:
            marks: Markup in the drawing's own coordinates, see `points`; its colours are the page's stand-ins.
            labels: The texts of the labels.
            title: What the panel shows, for those who do not see it.

        Returns:
            An `<svg>` element.
        """
        body = self._body
        for number, text in enumerate(labels):
            body = body.replace(f">label {number}<", f">{svg.escape(text)}<")
        inside = svg.recoloured(marks)
        return svg.element(self._head, body.removesuffix("</svg>") + inside + "</svg>", title, "plot histogram")


def area(points: list[list[str]], colour: str, *, dash: str = "") -> str:
    """An outline of steps that are filled lightly: one point for each corner."""
    (x, y), *others = points
    path = [f"M{x} {y}"]
    for left, top in others:
        path += [f"H{left}"] * (left != x) + [f"V{top}"] * (top != y)
        x, y = left, top
    style = f"fill: {colour}; fill-opacity: 0.3; stroke: {colour}; stroke-width: 1{dash}"
    return f'<path d="{"".join(path)}z" style="{style}"/>'
