"""Detectors by generators, a table for each metric."""

from __future__ import annotations

from typing import Any

from reports.load import Run
from reports.sections import tables
from reports.sections.shown.entry import as_shown, start_of
from reports.sections.tables import Entry
from reports.words import verdicts

FROM_HALF = ("auc", "accuracy", "balanced_accuracy", "average_precision", "accuracy_at_half")


def matrix(run: Run, metric: str) -> dict[str, Any]:
    """Returns the table of one metric."""
    entries, beside = tables.table(run, metric), tables.balanced(run, metric)
    title, explanation = tables.METRICS.get(metric, (metric, ""))
    generators = sorted(run.generators, key=lambda generator: bool(generator.role))
    detectors = [[d for d in run.detectors if not d.role], [d for d in run.detectors if d.role]]
    start = start_of(entries.values()) if metric in FROM_HALF else 0.0

    def shown(pair: tuple[str, str]) -> dict[str, Any]:
        more = beside.get(pair, Entry())
        text = f"balanced {verdicts.value(more)}" if more.status == "done" else ""
        return as_shown(entries[pair], metric, start) | {"beside": text} | _heat(entries[pair], metric)

    return {
        "metric": metric,
        "title": title,
        "explanation": explanation,
        "lower": metric in tables.LOWER_IS_BETTER,
        "scale": f"Bars run from {start:.1f} to 1." if metric == "auc" else "",
        "generators": generators,
        "groups": [
            [(detector, [shown((detector.id, g.id)) for g in generators]) for detector in group]
            for group in detectors
            if group
        ],
    }


def _heat(entry: Entry, metric: str) -> dict[str, Any]:
    """How dark a place is, in per cent, and whether it lies on the other side of guessing; empty without a shade."""
    lowest = 0.5 if metric in FROM_HALF else 0.0 if metric.startswith(("tpr", "accuracy_")) else None
    if entry.status != "done" or lowest is None:
        return {"heat": "", "cold": False}
    share = (entry.value - lowest) / (1 - lowest)
    return {"heat": f"{46 * min(abs(share), 1.0):.0f}", "cold": share < 0}
