"""The first screen: a few images of each generator, and a card that says how well they can be told."""

from __future__ import annotations

from typing import Any

from reports import numbers
from reports.figures import curves
from reports.load import Run
from reports.sections import pictures
from reports.sections.shown.entry import as_shown, place, start_of
from reports.sections.tables import Entry
from reports.words import answers, verdicts


def lineup(run: Run, found: list[verdicts.Verdict]) -> list[tuple[str, pictures.Picture, str]]:
    """(generator id or "", a few of its images, how detectable they are)."""
    said = {one.generator.id: answers.ease(run, one).word for one in found}
    best = {one.generator.id: f", AUC {numbers.number(one.done[one.best].value)}" for one in found if one.best}
    return [
        (name, picture, f"{said[name]}{best.get(name, '')}" if name in said else "")
        for name, picture in pictures.lineup(run)
    ]


def cards(run: Run, entries: dict[tuple[str, str], Entry], found: list[verdicts.Verdict]) -> list[dict[str, Any]]:
    """Returns a card for each generator that is no control: what is said of it, and all detectors as dots."""
    signs = curves.of_detectors(run)
    seen = {generator.id: _dots(run, generator.id, entries) for generator in run.generators if not generator.role}
    start = start_of([entry for dots in seen.values() for _, entry in dots], ends=False)
    return [
        {
            "generator": one.generator,
            "verdict": one,
            "tied": numbers.listed(one.tied, most=5),
            "word": "AUC" if len(one.done) == 1 else "best AUC" if one.compared and not one.tied else "highest AUC",
            "picked": numbers.interval(*one.best_interval),
            "sentences": verdicts.details(one),
            "best": as_shown(entries[one.best, one.generator.id], "auc", start) if one.best else None,
            "start": f"{start:.1f}",
            "guessing": place(0.5, start),
            "dots": [
                as_shown(entry, "auc", start) | {"detector": name, "series": signs[name].hue}
                for name, entry in seen[one.generator.id]
            ],
        }
        for one in found
    ]


def _dots(run: Run, generator: str, entries: dict[tuple[str, str], Entry]) -> list[tuple[str, Entry]]:
    """All that a card shows as dots, the highest last and so on top: detectors, and the sentinel for content."""
    shown = [detector.id for detector in run.detectors if detector.role in ("", "content")]
    dots = [(name, entries[name, generator]) for name in shown]
    return sorted([(name, entry) for name, entry in dots if entry.status == "done"], key=lambda dot: dot[1].value)
