"""Matplotlib figures as small, deterministic SVG that takes its colours from the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Stand-ins that no other part of a drawing uses: the page replaces them by its own colours, so that one drawing
# suits light, dark and print.
INK, FAINT, REAL, FAKE = "#010203", "#010204", "#010205", "#010206"
SERIES = tuple(f"#0102{number:02x}" for number in range(0x10, 0x18))
DASHES = ("-", (0, (5, 1.6)), (0, (1.6, 1.3)), (0, (6, 1.4, 1.4, 1.4)))
_VARIABLES = {INK: "--ink", FAINT: "--line", REAL: "--real", FAKE: "--fake"} | {
    colour: f"--s{number}" for number, colour in enumerate(SERIES)
}
_RC: Any = {
    "svg.hashsalt": "fauxbench",
    "svg.fonttype": "none",
    "path.simplify": True,
    "path.simplify_threshold": 0.4,
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.8,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
}


def series(position: int, *, sentinel: bool = False) -> tuple[int, int]:
    """Colour and dash pattern by which a detector is known in all figures.

    Args:
        position: Its position among the detectors, or among the sentinels.
        sentinel: Sentinels share the last colour, a grey. Defaults to `False`.

    Returns:
        Positions in `SERIES` and `DASHES`; distinct for 28 detectors and 4 sentinels.
    """
    colours = len(SERIES) - 1
    if sentinel:
        return colours, (2, 3, 0, 1)[position % 4]
    # Neighbours in a table are mostly kin, so that a dash tells apart what two colours of a kind do not.
    turn = (0, 2, 1, 3)[position // colours % 4]
    return position % colours, turn ^ (position % colours >= 4)


@contextmanager
def panel(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """Opens one small drawing in the report's style.

    Args:
        width: In inches of 72 CSS pixels.
        height: The same.

    Yields:
        A figure and its axes.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(_RC):
        figure = Figure(figsize=(width, height))
        FigureCanvasSVG(figure)
        yield figure, figure.add_axes((0.14, 0.155, 0.81, 0.815))


def export(figure: Figure, *, name: str, title: str) -> str:
    """Writes a figure as an `<svg>` element to stand inside a page.

    Args:
        figure: A matplotlib figure.
        name: Prefix of all ids in the drawing, unique in the page; ASCII letters, digits and hyphens.
        title: What the drawing shows, for those who do not see it; escaped here.

    Returns:
        Markup without XML header, namespaces, fonts and dates; equal for equal figures.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context(_RC):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inline(buffer.getvalue(), name, title)


def _inline(text: str, name: str, title: str) -> str:
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text).replace("xlink:href", "href")
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', text))
    text = re.sub(
        r' id="([^"]+)"',
        lambda m: f' id="{name}-{m[1]}"' if m[1] in used else f' class="{m[1]}"' if m[1][:2] == "s-" else "",
        text,
    )
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r"<style.*?</style>\s*", "", text, flags=re.DOTALL)  # it would rule the whole page
    text = re.sub(r"font-family: [^;\"]*; ", "", text)
    text = re.sub(r' (?:d|x|y|width|height|transform)="[^"]*"', lambda m: _short(m[0]), text)
    text = re.sub(r"\s*\n\s*|(?<=[MLzCQ]) (?=[-\d])", "", text)
    box = re.search(r'viewBox="[^"]+"', text)
    head = f'<svg {box[0] if box else ""} role="img" aria-label="{escape(title)}" class="plot">'
    return head + text[text.index(">") + 1 :]


def _short(attribute: str) -> str:
    return re.sub(r"(\d+\.\d)\d+", r"\1", attribute)


def escape(text: str) -> str:
    """Text as it may stand in markup and attribute values."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
