"""The table with which a run ends: how well each detector tells each generator's images, in 80 columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from benchmark.cli import screen
from data.errors import visible

if TYPE_CHECKING:
    from reports.load import Run
    from reports.sections.tables import Entry

WIDTH = 80
NAMES = 20  # the column of detectors, at most
WHOLE = 18  # a value with its interval: *0.876 0.801-0.933
FEWEST = 7  # of a generator's name, where there are many


def show(run: Run) -> None:
    """Prints the table of a run, as reports read it, in several parts where it has many generators."""
    from reports.sections.tables import table

    entries = table(run)
    detectors = [one.id for one in run.detectors]
    for said in lines(detectors, [one.id for one in run.generators], entries):
        if isinstance(said, str):
            screen.say(said)
        else:
            screen.table(
                said[1:], *(screen.Column(title, right=at > 0, whole=True) for at, title in enumerate(said[0]))
            )


def lines(
    detectors: Sequence[str], generators: Sequence[str], entries: dict[tuple[str, str], Entry]
) -> Iterator[str | list[tuple[str, ...]]]:
    """Yields sentences and tables, each a list of rows of which the first is its head.

    Args:
        detectors: Their ids.
        generators: Theirs.
        entries: `(detector, generator)` -> what was measured, see `reports.sections.tables.table`.
    """
    if not detectors or not generators:
        return
    first = min(NAMES, max(_cells(visible(name)) for name in detectors))
    room = WIDTH - first
    with_intervals = len(generators) * (WHOLE + screen.BETWEEN) <= room
    each = room // len(generators) if with_intervals else max(FEWEST + screen.BETWEEN, room // len(generators))
    columns = max(1, room // each)
    interval = " and 95 % interval" if with_intervals else ""
    yield f"AUC{interval}, detectors by generators; * is the best of a column:"
    for start in range(0, len(generators), columns):
        shown = generators[start : start + columns]
        head = ("", *_distinct(shown, each - screen.BETWEEN))
        names = _distinct(detectors, first)
        rows = [
            (name, *(_entry(entries.get((detector, one)), with_intervals) for one in shown))
            for name, detector in zip(names, detectors, strict=True)
        ]
        yield [head, *rows]


def shortened(name: str, width: int) -> str:
    """Returns a name in so many places of a terminal: its beginning and its end, by which ids mostly differ.

    Example:
        >>> shortened("residual-of-everything", 11)
        'resid…thing'
    """
    name = visible(name)
    if _cells(name) <= width:
        return name
    end = (width - 1) // 2
    return f"{_cut(name, width - 1 - end)}…{_cut(name[::-1], end)[::-1]}"


def _distinct(names: Sequence[str], width: int) -> list[str]:
    """Returns short names; of those that became equal each ends in its number."""
    short = [shortened(name, width) for name in names]
    return [
        name if short.count(name) == 1 else f"{_cut(name, width - len(str(at)) - 1)}~{at}"
        for at, name in enumerate(short, start=1)
    ]


def _entry(entry: Entry | None, with_interval: bool) -> str:
    if entry is None or entry.status == "absent":
        return "-"
    if entry.status == "failed":
        return "failed"
    if math.isnan(entry.value):
        return "none"
    interval = f" {entry.low:.3f}-{entry.high:.3f}" if with_interval and not math.isnan(entry.low) else ""
    return f"{'*' if entry.best else ''}{entry.value:.3f}{interval}"


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _cut(text: str, width: int) -> str:
    while _cells(text) > width:
        text = text[:-1]
    return text
