"""Where a value stands on the horizontal axis of a drawing, read off the drawing itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TEXT = re.compile(r'<text [^>]*?text-anchor: middle[^>]* x="([-\d.]+)" y="([-\d.]+)"[^>]*>([^<]*)</text>')
_WIDTH = re.compile(r'viewBox="0 0 ([\d.]+)')


@dataclass(frozen=True)
class Axis:
    """Value v stands at `start + v * step` per cent of the drawing's width.

    Attributes:
        label: What the axis measures, such as `"epoch"`.
        start: Where 0 stands.
        step: How far apart 0 and 1 stand.
    """

    label: str
    start: float
    step: float


def axis(drawing: str) -> Axis | None:
    """Reads the axis from its ticks; `None` where fewer than two have numbers, or their distances are not equal.

    A mark that is placed by it cannot disagree with what is drawn, however the figure chose its limits.

    Args:
        drawing: An `<svg>` element of `reports.figures`.
    """
    texts = [(float(x), float(y), text) for x, y, text in _TEXT.findall(drawing)]
    width = _WIDTH.search(drawing)
    if not texts or width is None:
        return None
    lowest = max(y for _, y, _ in texts)
    label = next(text for _, y, text in texts if y == lowest)
    level = max((y for _, y, _ in texts if y < lowest), default=lowest)
    ticks = sorted((value, x) for x, y, text in texts if y == level and (value := _number(text)) is not None)
    if len(ticks) < 2 or ticks[0][0] == ticks[-1][0]:
        return None
    (low, first), (high, last) = ticks[0], ticks[-1]
    per = (last - first) / (high - low)
    if any(abs(first + (value - low) * per - x) > 0.5 for value, x in ticks):  # a logarithmic axis
        return None
    whole = float(width[1])
    return Axis(label.strip(), round(100 * (first - low * per) / whole, 3), round(100 * per / whole, 5))


def _number(text: str) -> float | None:
    try:
        return float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return None
