"""What the command line says to people: laid out by rich on a terminal, plain whole lines anywhere else.

A pipe gets the same words, without colours, and no line or name is broken or cut, so that `grep`, `cut` and scripts
can work with it, whatever the environment says of widths and colours. Nothing that is said steers a terminal. rich is
imported when something is laid out. Nothing is silent for long: what takes more than a moment says once what it is.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import typer

from data.errors import visible

if TYPE_CHECKING:
    from rich.console import Console

BETWEEN = 2  # blanks between two columns
QUIET = 1.0  # seconds of silence after which it is said what takes so long
COLOURS = {  # of words that judge, in a column that says so
    "good": "green", "passed": "green", "note": "yellow", "hint": "yellow", "wrong": "bold red", "FAILED": "bold red",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """How a column of a table is laid out.

    Attributes:
        title: What stands above it. Defaults to nothing.
        right: Whether it is set against the right, as numbers are. Defaults to `False`.
        whole: Whether a cell stays on one line, as numbers and keys do. Defaults to `False`.
        least: How wide it is at least, if it is `whole`: what is printed row by row stands in line by it. Defaults to
            `0`.
        verdict: Whether its words judge, and have colours. Defaults to `False`.
    """

    title: str = ""
    right: bool = False
    whole: bool = False
    least: int = 0
    verdict: bool = False


def say(text: str, *, indent: int = 0, err: bool = False) -> None:
    """Prints a sentence, on a terminal in lines that break between words.

    One with a word that fits on no line, as paths can be, is left to the terminal: what it breaks is copied whole.
    """
    lines = [visible(text)]
    if is_terminal(err=err):
        from rich.text import Text

        out = console(err=err)
        room = out.width - indent
        if all(Text(word).cell_len <= room for word in lines[0].split()):
            lines = [line.plain.rstrip() for line in Text(lines[0]).wrap(out, room)] or lines
    for line in lines:
        typer.echo(" " * indent + line, err=err)


def table(rows: Iterable[Sequence[object]], *columns: Column) -> None:
    """Prints a table; its head is printed if a column has a title, even if there is no row."""
    cells = [[visible(str(cell)) for cell in row] for row in rows]
    if is_terminal():
        _lay_out(cells, columns)
        return
    for line in _plain([[column.title for column in columns]] * any(c.title for c in columns) + cells, columns):
        typer.echo(line)


class Silence:
    """Breaks a silence: says what is being done, once, if nothing else is said for a while.

    One that begins ends the one before, which has nothing more to say then. Where one thing after the other is done, it
    is as long as all of them, and what is done at its end is said.

    Args:
        tell: What says it.
    """

    _last: Silence | None = None

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell, self._lock, self._text = tell, threading.RLock(), ""
        self._timer: threading.Timer | None = None

    def begins(self, text: str) -> None:
        """Says a text `QUIET` seconds after the silence began, unless that ends before."""
        with self._lock:
            self._text = text
            if self._timer is not None and Silence._last is self:
                return
        hush()
        Silence._last = self
        if QUIET <= 0:
            self._tell(text)
            return
        timer = threading.Timer(QUIET, self._break)
        timer.daemon = True
        with self._lock:
            self._timer = timer
            timer.start()

    def ends(self) -> None:
        """Something was said, or there is nothing more to wait for."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None

    def _break(self) -> None:
        with self._lock:
            if threading.current_thread() is self._timer:
                self._timer = None
                self._tell(self._text)


def hush() -> None:
    """Ends whatever silence there is: something else shows from now on what is done."""
    if Silence._last is not None:
        Silence._last.ends()


@contextlib.contextmanager
def doing(text: str) -> Iterator[None]:
    """Says what is done in a `with` if it takes longer than a moment.

    Args:
        text: Such as `"Reading the digits"`.
    """
    silence = Silence(lambda said: say(said, err=True))
    silence.begins(f"    {text} ...")
    try:
        yield
    finally:
        silence.ends()


def is_terminal(*, err: bool = False) -> bool:
    """Says whether a person reads standard output, or standard error, as it comes."""
    stream = sys.stderr if err else sys.stdout
    return stream is not None and stream.isatty()


def console(*, err: bool = False) -> Console:
    """Returns rich's console for standard output or standard error; with `NO_COLOR` it writes no styles."""
    from rich.console import Console

    colours = None if os.environ.get("NO_COLOR") else "auto"
    return Console(stderr=err, force_terminal=is_terminal(err=err), color_system=colours, highlight=False)  # type: ignore[arg-type]


def _lay_out(cells: list[list[str]], columns: Sequence[Column]) -> None:
    from rich.table import Table
    from rich.text import Text

    laid = Table(box=None, show_header=any(column.title for column in columns), header_style="bold", pad_edge=False)
    laid.padding = (0, BETWEEN, 0, 0)
    for at, column in enumerate(columns):
        # rich would cut a cell that is not to be broken; a column that breaks gives way, so it has no least width.
        least = max([column.least, *(Text(row[at]).cell_len for row in cells)]) if column.whole else None
        side: Literal["right", "left"] = "right" if column.right else "left"
        laid.add_column(column.title, justify=side, no_wrap=column.whole, min_width=least, overflow="fold")
    for row in cells:
        words = zip(row, columns, strict=True)
        laid.add_row(*(Text(word, style=COLOURS.get(word, "") if column.verdict else "") for word, column in words))
    console().print(laid, crop=False)


def _plain(cells: list[list[str]], columns: Sequence[Column]) -> list[str]:
    """Returns the lines of a table as wide as they need; letters that take two places count as two."""
    from rich.cells import cell_len

    sizes = [[cell_len(cell) for cell in row] for row in cells]
    widths = [max([column.least, *(row[at] for row in sizes)]) for at, column in enumerate(columns)]
    lines = []
    for row, lengths in zip(cells, sizes, strict=True):
        line = ""
        for cell, length, width, column in zip(row, lengths, widths, columns, strict=True):
            blanks = " " * (width - length)
            line += (blanks + cell if column.right else cell + blanks) + " " * BETWEEN
        lines.append(line.rstrip())
    return lines
