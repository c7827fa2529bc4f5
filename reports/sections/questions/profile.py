"""One line for each configuration: its table is on the page's first screen, its detectors and notes in a section."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from reports import numbers
from reports.figures.look import paper
from reports.figures.profile import AUCS, NAMES, ProfileFigure
from reports.figures.sheet import PAGE, Chart
from reports.load import Run
from reports.sections.questions.sets import needed

TITLE = "The profile, number by number"
MEANT = {
    "clean": "Test images as they are.",
    "few_shot": "The detector has {about}.",
    "unseen": "The detector has learned from the other configurations only.",
    "processed": "Test images after {about}; the detector has seen none.",
    "pooled": "Images of one source that a set needs for an AUC of 0.99; > stands before a number that does not do.",
}


def section(run: Run) -> dict[str, Any] | None:
    """Returns a row for each number, with its detector and note; `None` where nothing was asked."""
    figure = ProfileFigure(run)
    if figure.rows.empty:
        return None
    rows = [
        {"generator": row.generator, "number": NAMES.get(row.number, row.number), "detector": row.detector,
         "about": row.about, "note": row.note, **_shown(row)}
        for row in figure.rows.itertuples()
    ]  # fmt: skip
    return {"rows": rows, "sentences": _sentences(figure)}


def first(run: Run) -> dict[str, Any] | None:
    """Returns the table of the first screen: a line for each configuration, the clean AUC first."""
    figure = ProfileFigure(run)
    if figure.rows.empty:
        return None
    at = {(row.generator, row.number): row for row in figure.rows.itertuples()}
    about = {row.number: row.about for row in figure.rows.itertuples() if row.about}
    heads = [(name, "images for 0.99" if number == "pooled" else "AUC") for number, name in NAMES.items()]
    words = {"few_shot": about.get("few_shot", "").replace(" to learn from", "")}
    meant = [
        (
            name,
            MEANT[number].format(
                about=f"learned from {words['few_shot']}" if number == "few_shot" else about.get(number, "")
            ),
        )
        for number, name in NAMES.items()
    ]
    lines = [(name, [_shown(at.get((name, number))) for number in NAMES]) for name in figure.generators]
    return {"heads": heads, "lines": lines, "meant": meant}


def charts(run: Run) -> Iterator[Chart]:
    """Yields the profile as a file: a panel for each AUC."""
    figure = ProfileFigure(run)
    if figure.generators:
        size = (PAGE, 0.1 + 0.18 * len(figure.generators))
        yield Chart(
            "profile", "Profile of each configuration, 95 % intervals", "", partial(figure.draw, look=paper()),
            figure.frame, "AUC (0.5 is guessing)", size=size, left=1.4, panels=[NAMES[number] for number in AUCS],
        )  # fmt: skip


def _shown(row: Any) -> dict[str, str]:
    if row is None:
        return {"text": "not asked", "interval": "", "title": ""}
    title = "; ".join(filter(None, [row.detector, row.about, row.note]))
    if row.number == "pooled" and row.runs > 0:
        most = float(row.about.rpartition(" ")[2])
        text, interval = needed(row.value, row.low, row.high, most, row.note)
        return {"text": text, "interval": interval, "title": title}
    text = numbers.number(row.value) if row.value == row.value else "cannot tell"
    return {"text": text, "interval": numbers.interval(row.low, row.high), "title": title}


def _sentences(figure: ProfileFigure) -> list[str]:
    """Says of each column whether the intervals of two configurations part, which more than luck of a seed explains."""
    said = []
    for number in AUCS:
        rows = figure.rows[(figure.rows["number"] == number) & figure.rows["value"].notna()]
        if len(rows) < 2:
            continue
        rows = rows.sort_values("value")
        low, high = rows.iloc[0], rows.iloc[-1]
        gap = "with" if low["high"] < high["low"] else "without"
        ends = [f"{numbers.number(row['value'])} ({row['generator']})" for row in (low, high)]
        name = f"{NAMES[number][:1].upper()}{NAMES[number][1:]}"
        said.append(f"{name}: from {ends[0]} to {ends[1]}, {gap} a gap between their 95 % intervals.")
    return said
