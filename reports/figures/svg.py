"""Seaborn's theme, and matplotlib figures as small, deterministic SVG that takes its colours from the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from data.errors import visible
from reports.figures import look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, REAL, FAKE, REST, SERIES, _ = look.PAGE
DASHES = ("-", (0, (5, 1.6)), (0, (1.6, 1.3)), (0, (6, 1.4, 1.4, 1.4)))
SALT = "fauxbench"
# Seaborn's `whitegrid` in its sizes for paper, as far as it differs from matplotlib's own; a test holds them against
# each other. Importing seaborn takes as long as drawing the page.
WHITEGRID: dict[str, Any] = {
    "figure.facecolor": "white", "xtick.color": ".15", "ytick.color": ".15", "axes.axisbelow": True,
    "font.sans-serif": ["Arial", "DejaVu Sans", "Liberation Sans", "Bitstream Vera Sans", "sans-serif"],
    "lines.solid_capstyle": "round", "patch.edgecolor": "w", "patch.force_edgecolor": True, "axes.grid": True,
    "xtick.bottom": False, "ytick.left": False, "lines.linewidth": 1.2, "lines.markersize": 4.8,
    "patch.linewidth": 0.8, "xtick.major.width": 1.0, "ytick.major.width": 1.0, "xtick.minor.width": 0.8,
    "ytick.minor.width": 0.8, "axes.titlesize": 9.6, "legend.fontsize": 8.8, "legend.title_fontsize": 9.6,
}  # fmt: skip
_OURS: dict[str, Any] = {
    "axes.edgecolor": FAINT, "axes.labelcolor": INK, "grid.color": FAINT, "text.color": INK, "xtick.color": FAINT,
    "ytick.color": FAINT, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    # In the points of a drawing that the page scales to about its own letters.
    "font.size": 9, "axes.labelsize": 9, "xtick.labelsize": 8, "ytick.labelsize": 8,
    "axes.linewidth": 0.8, "grid.linewidth": 0.6, "axes.spines.top": False, "axes.spines.right": False,
    "svg.hashsalt": SALT,  # ids of clip paths come from it, and no longer from chance
    "svg.fonttype": "none", "path.simplify": True, "path.simplify_threshold": 0.4, "font.family": "sans-serif",
    "text.parse_math": False,  # a user's id may hold a dollar
} | {f"{axis}tick.{kind}.size": 0 for axis in "xy" for kind in ("major", "minor")}  # fmt: skip


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
def themed() -> Iterator[None]:
    """A context in which all that is drawn has the report's style, whatever the user's own is.

    Setting some three hundred values takes as long as a small panel: all drawings of a page share one context.
    """
    import matplotlib as mpl

    if mpl.rcParams["svg.hashsalt"] == SALT:
        yield
        return
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(cast(Any, WHITEGRID | _OURS))
        yield


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
        figure = Figure(figsize=(width, height), dpi=72, facecolor="none")
        FigureCanvasSVG(figure)
        yield figure, figure.add_axes((0.14, 0.155, 0.81, 0.815), facecolor="none")


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
    head, body = parts(figure, name=name)
    return element(head, body, title, kind)


def element(head: str, body: str, title: str, kind: str) -> str:
    """Puts together what `parts` returns."""
    return f'<svg {head} role="img" aria-label="{escape(plain(title))}" class="{kind}">{body}'


def parts(figure: Figure, *, name: str) -> tuple[str, str]:
    """Returns the box of a drawing, as an attribute, and what is in it, with the end of the element."""
    buffer = io.StringIO()
    with themed():
        figure.canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})  # type: ignore[attr-defined]
    labels: list[str] = []  # what a user wrote is no markup, whatever it looks like, and is left alone below

    def kept(match: re.Match[str]) -> str:
        labels.append(match[2])
        return f"{match[1]}\0{len(labels) - 1}\0<"

    text = re.sub(r"(<text [^>]*>)([^<]*)<", kept, buffer.getvalue())
    box, body = _inline(text[text.index("<svg") :], name)
    return box, re.sub(r"\0(\d+)\0", lambda match: labels[int(match[1])], body)


def _inline(text: str, name: str) -> tuple[str, str]:
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text).replace("xlink:href", "href")
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', text))
    text = re.sub(
        r' id="([^"]+)"',
        lambda m: f' id="{name}-{m[1]}"' if m[1] in used else f' class="{m[1]}"' if m[1][:2] == "s-" else "",
        text,
    )
    text = recoloured(re.sub(r'(href="|url\()#', rf"\1#{name}-", text))
    text = re.sub(r"<style.*?</style>\s*", "", text, flags=re.DOTALL)  # it would rule the whole page
    text = re.sub(r"font-family: [^;\"]*; ", "", text)
    text = re.sub(r' (?:d|x|y|width|height|transform)="[^"]*"', lambda m: _SHORT.sub("", m[0]), text)
    text = re.sub(r"\s*\n\s*|(?<=[MLzCQ]) (?=[-\d])", "", text)
    # What draws nothing: backgrounds without a colour, turns by no angle, empty groups.
    text = re.sub(r'<path d="[^"]*" style="fill: none"/>| transform="rotate\(-0 [^"]*"|<g/>', "", text)
    text = re.sub(r"<(g|defs)></\1>", "", text)
    text = re.sub(r' d="([^"]*)"', lambda m: f' d="{_straight(m[1])}"', text)
    box = re.search(r'viewBox="[^"]+"', text)
    return box[0] if box else "", text[text.index(">") + 1 :]


_SHORT = re.compile(r"(?<=\.\d)\d+")  # what is left away of a number


def recoloured(text: str) -> str:
    """Markup with the page's colours in the place of their stand-ins."""
    return re.sub(r"#0102[0-9a-f]{2}", lambda match: look.variables().get(match[0], match[0]), text)


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


def label(name: str, most: int) -> str:
    """A user's name as a drawing shows it: at most so many letters, and nothing that is no letter or turns others."""
    text = visible(name)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def plain(text: str) -> str:
    """Text without what must not stand in XML."""
    return visible(text)


def escape(text: str) -> str:
    """Text as it may stand in markup and attribute values."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
