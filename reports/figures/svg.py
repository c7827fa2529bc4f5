"""Seaborn's theme, and matplotlib figures as small, deterministic SVG that takes its colours from the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
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
STYLE = Path(__file__).parents[1] / "template" / "report.css"
_COLOURS = {  # what of seaborn's style has a colour
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "grid.color": FAINT,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
}
_RC = {
    "svg.hashsalt": "fauxbench",  # ids of clip paths come from it, and no longer from chance
    "svg.fonttype": "none",
    "path.simplify": True,
    "path.simplify_threshold": 0.4,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a user's id may hold a dollar
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}
# Seaborn's sizes for paper, in the points of a drawing that the page scales to about its own letters.
_SIZES = {"font.size": 9, "axes.labelsize": 9, "xtick.labelsize": 8, "ytick.labelsize": 8}
_LINES = {"axes.linewidth": 0.8, "grid.linewidth": 0.6} | {
    f"{axis}tick.{kind}.size": 0 for axis in "xy" for kind in ("major", "minor")
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


@cache
def _theme() -> Any:
    """Matplotlib's settings: seaborn's white grid at its sizes for paper, in the stand-ins for the page's colours."""
    import seaborn

    style = seaborn.axes_style("whitegrid", rc=_COLOURS)
    return style | seaborn.plotting_context("paper", rc=_SIZES | _LINES) | _RC


@cache
def _variables() -> dict[str, str]:
    """Stand-in -> the page's variable, and the colour that it has on a light page, for a drawing outside the page."""
    light = re.findall(r"(--\w+): (#[0-9a-f]{6})", STYLE.read_text(encoding="utf-8").partition("}")[0])
    return {colour: f"var({name}, {dict(light)[name]})" for colour, name in _VARIABLES.items()}


def themed() -> Any:
    """A context in which all that is drawn has the report's style."""
    import matplotlib as mpl

    return mpl.rc_context(_theme())


@contextmanager
def panel(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """Opens one small drawing in the report's style.

    Args:
        width: In inches of 72 CSS pixels.
        height: The same.

    Yields:
        A figure and its axes.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with themed():
        figure = Figure(figsize=(width, height))
        FigureCanvasSVG(figure)
        yield figure, figure.add_axes((0.14, 0.155, 0.81, 0.815))


def labels_inward(axes: Axes) -> None:
    """Lets the first and the last label of the horizontal axis end where the axis does."""
    first, *_, last = axes.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")


def export(figure: Figure, *, name: str, title: str, kind: str = "plot") -> str:
    """Writes a figure as an `<svg>` element to stand inside a page.

    Args:
        figure: A matplotlib figure.
        name: Prefix of all ids in the drawing, unique in the page; ASCII letters, digits and hyphens.
        title: What the drawing shows, for those who do not see it; escaped here.
        kind: The classes of the element in the page. Defaults to `"plot"`.

    Returns:
        Markup without XML header, namespaces, fonts and dates; equal for equal figures.
    """
    buffer = io.StringIO()
    with themed():
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inline(buffer.getvalue(), name, title, kind)


def _inline(text: str, name: str, title: str, kind: str) -> str:
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
    for colour, variable in _variables().items():
        text = text.replace(colour, variable)
    text = re.sub(r"<style.*?</style>\s*", "", text, flags=re.DOTALL)  # it would rule the whole page
    text = re.sub(r"font-family: [^;\"]*; ", "", text)
    text = re.sub(r' (?:d|x|y|width|height|transform)="[^"]*"', lambda m: _short(m[0]), text)
    text = re.sub(r"\s*\n\s*|(?<=[MLzCQ]) (?=[-\d])", "", text)
    # What draws nothing: backgrounds without a colour, turns by no angle, empty groups.
    text = re.sub(r'<path d="[^"]*" style="fill: none"/>| transform="rotate\(-0 [^"]*"|<g/>', "", text)
    text = re.sub(r"<(g|defs)></\1>", "", text)
    text = re.sub(r' d="([^"]*)"', lambda m: f' d="{_straight(m[1])}"', text)
    box = re.search(r'viewBox="[^"]+"', text)
    head = f'<svg {box[0] if box else ""} role="img" aria-label="{escape(title)}" class="{kind}">'
    return head + text[text.index(">") + 1 :]


def _short(attribute: str) -> str:
    return re.sub(r"(\d+\.\d)\d+", r"\1", attribute)


def _straight(path: str) -> str:
    """Writes level and upright lines with one number and joins those that go on, which halves a curve made of steps."""
    out: list[str] = []
    start = at = ["", ""]  # where the last line began, and where it ended
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        to = numbers.split()[-2:] or ["", ""]
        axis = next((axis for axis in (0, 1) if command == "L" and to[1 - axis] == at[1 - axis]), None)
        if axis is None:
            out.append(command + numbers)
            start = at
        else:
            name = "HV"[axis]
            if out[-1][0] == name and _between(start[axis], at[axis], to[axis]):
                out.pop()
            else:
                start = at
            out.append(name + to[axis])
        at = to
    return "".join(out)


def _between(first: str, middle: str, last: str) -> bool:
    low, high = sorted((float(first), float(last)))
    return low <= float(middle) <= high


def escape(text: str) -> str:
    """Text as it may stand in markup and attribute values."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
