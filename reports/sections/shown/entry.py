"""A number of the table as the page writes it, with its place on a track from guessing to perfect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from reports import numbers
from reports.sections import tables
from reports.sections.tables import Entry


def as_shown(entry: Entry, metric: str, start: float = 0.0) -> dict[str, Any]:
    """An entry as the page writes it, with its place on a track from `start` to 1."""
    bounded = numbers.is_bounded(metric)
    done = entry.status == "done"
    ranged = done and bounded and entry.low == entry.low and entry.high == entry.high
    return {
        "entry": entry,
        "status": entry.status,
        "text": tables.text(entry, metric),
        "interval": numbers.interval(entry.low, entry.high, bounded=bounded) if done else "",
        "sort": f"{entry.value:.9g}" if done else "",
        "at": place(entry.value, start) if done and bounded else "",
        "from": place(entry.low, start) if ranged else "",
        "width": f"{float(place(entry.high, start)) - float(place(entry.low, start)):.1f}" if ranged else "",
        "runs": [place(value, start) for value in entry.each] if done and bounded and len(entry.each) > 1 else [],
    }


def place(value: float, start: float) -> str:
    """Returns how far along a track from `start` to 1 a value lies, in per cent."""
    return f"{100 * min(max((value - start) / (1 - start), 0.0), 1.0):.1f}"


def start_of(entries: Iterable[Entry], *, ends: bool = True) -> float:
    """Where a track begins: at 0.5, or lower where a value or an end lies lower, so that each stands where it is."""
    found = [value for e in entries if e.status == "done" for value in ((e.value, e.low) if ends else (e.value,))]
    lowest = min((value for value in found if value == value), default=0.5)
    return min(0.5, max(np.floor(10 * lowest) / 10, 0.0))
