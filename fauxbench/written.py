"""A run in writing: its table as a frame, its first look as HTML for notebooks, and its page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.use.compare.comparison import title
from benchmark.use.compare.row import COMPARED
from data.errors import unknown
from data.run_folder import PAGE, page_is_current
from reports import numbers
from reports.embed.templates import environment
from reports.sections import pictures, tables
from reports.words.differences import in_words

if TYPE_CHECKING:
    import pandas as pd

    from fauxbench.comparison import Comparison
    from reports.load import Run

TEMPLATE = Path(__file__).parent / "template"
SEEN = 6  # images of a row of thumbnails
MOST = 200  # differences of a metric that a notebook lists


def table(run: Run, metric: str) -> pd.DataFrame:
    """Returns a metric of all detectors (rows) on all generators, each with value, interval and status."""
    import pandas as pd

    known = tables.metric_names(run)
    if metric not in known:
        raise unknown("metric", metric, known)
    entries = tables.table(run, metric)
    parts = ("value", "low", "high", "status")
    columns = {
        (generator.id, part): [getattr(entries[detector.id, generator.id], part) for detector in run.detectors]
        for generator in run.generators
        for part in parts
    }
    names = pd.MultiIndex.from_tuples(columns, names=["generator", metric])
    index = pd.Index([detector.id for detector in run.detectors], name="detector")
    return pd.DataFrame(dict(enumerate(columns.values())), index=index).set_axis(names, axis=1)


def html(run: Run, sentences: list[str]) -> str:
    """Returns what a notebook shows of a run: sentences, thumbnails and the AUCs as a heat map, in one piece."""
    entries = tables.table(run)
    generators = sorted(run.generators, key=lambda generator: bool(generator.role))
    detectors = sorted(run.detectors, key=lambda detector: bool(detector.role))
    return (
        environment(TEMPLATE)
        .get_template("run.html.j2")
        .render(
            title=str(run.manifest.get("name") or run.folder.name),
            sentences=sentences,
            generators=generators,
            rows=[(detector, [_cell(entries[detector.id, each.id]) for each in generators]) for detector in detectors],
            thumbnails=pictures.lineup(run, n=SEEN, across=SEEN),
        )
    )


def compared(found: Comparison) -> str:
    """Returns what a notebook shows of a comparison: sentences, what the specs differ in, and what the cells do."""
    shown = []
    for metric in found.metrics:
        rows = found.frame(metric=metric)
        rows = rows[rows["status"] == COMPARED]
        said = [in_words(row) for row in rows[:MOST].to_dict("records")]
        lines = [
            [row.run, row.what, row.reference, row.value, f"{row.difference} {row.interval}", row.p] for row in said
        ]
        shown.append((title(metric), lines, max(0, len(rows) - MOST)))
    return (
        environment(TEMPLATE)
        .get_template("comparison.html.j2")
        .render(
            sentences=found.sentences(),
            runs=found.runs,
            specs=found.specs[["what", *found.runs]].to_numpy().tolist(),
            tables=shown,
            changes=[(run, what, len(cells)) for (run, what), cells in found.changes.items()],
            reasons=[(run, why, len(cells)) for (run, why), cells in found.reasons.items()],
        )
    )


def _cell(entry: tables.Entry) -> dict[str, Any]:
    """Returns what a place in the table shows; its colour grows from guessing (0.5) to perfect (1)."""
    done = entry.status == "done"
    share = min(max(2 * entry.value - 1, 0.0), 1.0) if done else 0.0
    return {
        "text": tables.text(entry),
        "interval": numbers.interval(entry.low, entry.high) if done else "",
        "note": entry.note,
        "colour": f"hsl(16, {round(70 * share)}%, {round(97 - 32 * share)}%)" if done else "",
    }


def page(folder: Path) -> Path:
    """Writes `report.html`, unless the one there is of these very results."""
    if page_is_current(folder):
        return folder / PAGE
    from benchmark.store.store import drawing
    from reports.page import write

    with drawing(folder, PAGE):
        return write(folder)
