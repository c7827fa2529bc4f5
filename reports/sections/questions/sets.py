"""How much better sets of images of one source are told apart than single images."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup

from reports import numbers
from reports.embed.data import packed
from reports.figures import svg
from reports.figures.charts import stem
from reports.figures.look import paper
from reports.figures.sets import SetFigure
from reports.figures.sheet import COLUMN, NAME, Chart
from reports.load import Run

TITLE = "Sets of images"
NEEDED = "images_for_99"
DRAWN = 12  # panels of the page; the figures of all generators are files


def section(run: Run) -> dict[str, Any] | None:
    """Returns the sentences, the curves and the table of how many images are needed; `None` where nothing was asked."""
    figure = SetFigure(run)
    rows = figure.rows[figure.rows["measure"] == NEEDED]
    if rows.empty:
        return None
    detectors = [detector.id for detector in run.detectors if detector.id in set(rows["detector"])]
    generators = [generator.id for generator in run.generators if generator.id in set(rows["generator"])]
    at = {(row.detector, row.generator): row for row in rows.itertuples()}
    drawn = figure.generators[: min(DRAWN, run.most_drawn or DRAWN)]
    return {
        "sentences": _sentences(rows[rows["detector"].isin([one.id for one in run.detectors if not one.role])]),
        "drawings": [
            (name, Markup(figure.svg(name, name=f"sets{i}")), packed(figure.frame(name), by="detector"))  # noqa: S704
            for i, name in enumerate(drawn)
        ],
        "left_out": len(figure.generators) - len(drawn),
        "keys": [name for name in detectors if any(name in figure.detectors(one) for one in figure.generators)],
        "generators": generators,
        "rows": [
            (name, [_needed(row) if (row := at.get((name, one))) else _lacking(run, name, one) for one in generators])
            for name in detectors
        ],
    }


def charts(run: Run) -> Iterator[Chart]:
    """Yields the curves of each generator as files."""
    figure = SetFigure(run)
    for name in figure.generators:
        draw = partial(figure.draw, generator=name, look=paper())
        title = f"Sets of images of {svg.label(name, NAME)}, 95 % intervals"
        yield Chart(
            stem("sets", name), title, name, draw, partial(figure.frame, name), "images in a set", "AUC of sets",
            size=(COLUMN, 2.0),
        )  # fmt: skip


def needed(value: float, low: float, high: float, most: float, note: str = "") -> tuple[str, str]:
    """Returns how many images are needed, and the bounds of that, as the page writes them."""
    if note.startswith("cannot tell"):
        return "cannot tell", ""
    text = f">{most:g}" if value != value else f"{value:g}"
    ends = [f"{end:g}" if end == end else f">{most:g}" for end in (low, high)]
    return text, f"[{ends[0]}, {ends[1]}]"


def _lacking(run: Run, detector: str, generator: str) -> dict[str, str]:
    """Says why nothing is known of a detector's sets of a generator's images: of what is done they would be."""
    cells = run.main_cells
    is_asked = ((cells["detector"] == detector) & (cells["generator"] == generator)).any()
    text = "failed" if is_asked else "left out by --smoke" if run.manifest.get("smoke") else "not asked"
    return {"text": text, "interval": "", "note": ""}


def _needed(row: Any) -> dict[str, str]:
    text, interval = needed(row.value, row.low, row.high, row.m, row.note)
    return {"text": text, "interval": interval, "note": row.note}


def _sentences(rows: pd.DataFrame) -> list[str]:
    if rows.empty:
        return ["Only sentinels were asked."]
    told = rows[~rows["note"].str.startswith("cannot tell")]
    if told.empty:
        return [f"Nothing can be said of sets: {rows['note'].iloc[0].removeprefix('cannot tell: ')}."]
    reached, most = told[told["value"].notna()], told["m"].max()
    pairs = numbers.plural(
        len(told), "pair of a detector and a configuration", "pairs of a detector and a configuration"
    )
    said = [
        f"With the mean score of at most {most:g} images of one source, {len(reached)} of {pairs} "
        f"{'reaches' if len(reached) == 1 else 'reach'} an AUC of 0.99; {(reached['value'] == 1).sum()} with one image."
    ]
    more = reached[reached["value"] > 1]
    if len(more):
        least, most_needed = more["value"].min(), more["value"].max()
        many = f"{least:g}" if least == most_needed else f"{least:g} to {most_needed:g}"
        said.append(f"Where one image is not enough, {many} images are.")
    if len(reached):
        said.append(f"Of {int(reached['high'].notna().sum())} the lower end of the 95 % interval reaches it too.")
    return said
