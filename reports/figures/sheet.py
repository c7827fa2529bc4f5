"""A figure of its own, in a paper's style: white ground, a column's width, titles and units, and its font inside."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from reports.figures import curves, look, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN, PAGE = 3.5, 7.16  # inches: one and two columns of IEEE, and about those of others
DPI = 300
FONT = "DejaVu Sans"  # comes with matplotlib, so that a figure is the same on every machine
TITLE, NAME = 44, 26  # letters of a title, and of a name in it, that a column has room for
RIGHT = 0.22  # inches beside the axes, for half a label
LINE = 0.15  # inches of a line of the legend
SALT = "fauxbench-figure"
_THEME: dict[str, Any] = {
    "font.family": [FONT], "font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "xtick.labelsize": 7,
    "ytick.labelsize": 7, "legend.fontsize": 7, "svg.fonttype": "none", "svg.hashsalt": SALT,
    "axes.linewidth": 0.6, "grid.linewidth": 0.4, "axes.spines.top": False, "axes.spines.right": False,
    "text.parse_math": False, "path.simplify": True, "path.simplify_threshold": 0.4, "savefig.facecolor": "white",
    "xtick.major.size": 2, "ytick.major.size": 2, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "xtick.minor.size": 0, "ytick.minor.size": 0, "xtick.bottom": True, "ytick.left": True,
    "legend.frameon": False, "legend.handlelength": 2.6, "legend.borderaxespad": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Chart:
    """One figure of a run as files.

    Attributes:
        name: Of its files, without the ending.
        title: What stands above it.
        about: The generator that it is of, whole; empty for one of all.
        draw: Draws it, given axes, or a list of them where there are several panels; returns the legend.
        frame: The data that it shows.
        x: Label of the horizontal axis, with its unit.
        y: Likewise.
        size: Width and height in inches, without title, labels and legend for the height.
        left: Inches for the labels at the left.
        below: Inches for the labels below.
        panels: Titles of the panels, where there are several.
    """

    name: str
    title: str
    about: str
    draw: Callable[[Any], Mapping[str, curves.Style] | list[tuple[str, curves.Style]] | None]
    frame: Callable[[], pd.DataFrame]
    x: str
    y: str = ""
    size: tuple[float, float] = (COLUMN, 2.2)
    left: float = 0.55
    below: float = 0.42
    panels: Sequence[str] = field(default=())


@contextmanager
def themed() -> Iterator[None]:
    """A context in which all that is drawn has the style of a paper, whatever the user's own is."""
    import matplotlib as mpl

    colours = look.paper()
    rc = {"axes.edgecolor": colours.ink, "axes.labelcolor": colours.ink, "text.color": colours.ink}
    rc |= {"grid.color": colours.faint, "xtick.color": colours.ink, "ytick.color": colours.ink}
    with mpl.rc_context(), warnings.catch_warnings():
        # A letter that the font lacks is a box in the PNG; in the SVG it is text, for which every viewer finds a font.
        warnings.filterwarnings("ignore", message="(?s).*Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(cast(Any, svg.WHITEGRID | _THEME | rc))
        yield


def drawn(chart: Chart) -> Figure:
    """Draws a chart, inside `themed`."""
    from matplotlib.figure import Figure

    width, tall = chart.size
    columns = 4 if chart.panels else 1
    rows = -(-len(chart.panels) // columns) if chart.panels else 1
    figure = Figure(figsize=(width, 1), facecolor="white")
    grid = [figure.add_axes((0, 0, 1, 1)) for _ in range(len(chart.panels) or 1)]
    found = chart.draw(grid if chart.panels else grid[0]) or []
    legend = list(found.items()) if isinstance(found, Mapping) else found
    across = max(int(width // 1.7), 1)
    below = chart.below + LINE * -(-len(legend) // across)
    gap = 0.42 if chart.panels else 0.0
    height = 0.26 + rows * tall + (rows - 1) * gap + (0.18 if chart.panels else 0.0) + below
    figure.set_size_inches(width, height)
    room = width - chart.left - RIGHT
    wide = (room - (columns - 1) * 0.3) / columns
    for number, axes in enumerate(grid):
        row, column = divmod(number, columns)
        bottom = below + (rows - 1 - row) * (tall + gap)
        axes.set_position(((chart.left + column * (wide + 0.3)) / width, bottom / height, wide / width, tall / height))
        if chart.panels:
            axes.set_title(svg.label(chart.panels[number], 24), fontsize=7, pad=3)
    if chart.panels:
        figure.text(chart.left / width + room / width / 2, (below - 0.34) / height, chart.x, ha="center", va="bottom")
        figure.text(0.1 / width, (below + (height - below) / 2) / height, chart.y, rotation=90, va="center", ha="left")
    else:
        grid[0].set(xlabel=chart.x or grid[0].get_xlabel(), ylabel=chart.y)
    figure.text(0.06 / width, 1 - 0.06 / height, svg.label(chart.title, TITLE * round(width / COLUMN)), va="top")
    if legend:
        _legend(figure, legend, across)
    return figure


def _legend(figure: Figure, legend: list[tuple[str, curves.Style]], across: int) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=style.colour, ls=style.dash, lw=1.4) for _, style in legend]
    names = [svg.label(name, 34) for name, _ in legend]
    width = figure.get_figwidth()
    place: dict[str, Any] = {
        "loc": "lower left",
        "bbox_to_anchor": (0.08 / width, 0.0),
        "labelspacing": 0.25,
        "columnspacing": 1.0,
    }
    figure.legend(handles, names, ncols=across, borderpad=0.3, **place)


def letters(texts: Sequence[str]) -> str:
    """All letters of some drawings, and those that every figure may need, in order."""
    found = set("".join(re.sub(r"<[^>]*>", "", text) for text in texts))
    return "".join(sorted(found | {chr(code) for code in range(32, 127)} | set("\u2212…%½")))


def font(needed: str) -> str:
    """A style that brings the letters of the font along, as far as it has them."""
    from fontTools import subset
    from matplotlib.font_manager import findfont

    options = subset.Options(
        flavor="woff", hinting=False, layout_features=["kern", "mark", "mkmk", "init", "medi", "fina", "liga", "rlig"]
    )
    options.drop_tables += ["FFTM", "GSUB"] if needed.isascii() else ["FFTM"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = subset.load_font(findfont(FONT), options, dontLoadGlyphNames=True)
        cut = subset.Subsetter(options)
        cut.populate(unicodes=[ord(letter) for letter in needed])
        cut.subset(whole)
        buffer = io.BytesIO()
        whole["head"].modified = whole["head"].created  # no clock in the bytes
        subset.save_font(whole, buffer, options)
        whole.close()
    data = base64.b64encode(buffer.getvalue()).decode()
    return f"<style>@font-face {{font-family: '{FONT}'; src: url(data:font/woff;base64,{data}) format('woff')}}</style>"


def as_svg(figure: Figure, title: str) -> str:
    """The figure as a document; `with_font` completes it."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(
        buffer, metadata={"Date": None, "Creator": "fauxbench", "Title": svg.plain(title)}
    )
    return buffer.getvalue()


def with_font(document: str, title: str, style: str) -> str:
    """Puts a title for those who do not see the figure, and the font, into a document of `as_svg`."""
    head, _, rest = document.partition("<svg")
    opened, _, body = rest.partition(">")
    name = svg.escape(svg.plain(title))
    return f'{head}<svg{opened} role="img" aria-label="{name}">\n <title>{name}</title>\n {style}{body}'


def as_png(figure: Figure, title: str) -> bytes:
    """The figure as a picture of 300 dots per inch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    figure.set_dpi(DPI)
    about = {"Software": "fauxbench", "Title": svg.plain(title)}
    FigureCanvasAgg(figure).print_png(buffer, metadata=about, pil_kwargs={"compress_level": 4})
    return buffer.getvalue()
