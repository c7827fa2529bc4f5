"""Which configuration made an image."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from reports import numbers
from reports.figures.look import paper
from reports.figures.sheet import PAGE, Chart
from reports.figures.sources import REAL, SourceFigure
from reports.load import Run

TITLE = "Which configuration made it?"
CHANCE = "guessing has "


def section(run: Run) -> dict[str, Any] | None:
    """Returns the sentences and the confusion matrix; `None` where nothing was asked."""
    figure = SourceFigure(run)
    whole = figure.rows[(figure.rows["measure"] == "right") & (figure.rows["made_by"] == "all")]
    if whole.empty:
        return None
    row = whole.iloc[0]
    if row["value"] != row["value"]:
        return {"sentences": [f"{row['note'][:1].upper()}{row['note'][1:]}."], "classes": [], "rows": []}
    cells = {(one.made_by, one.said): one for one in figure.frame().itertuples()}
    named = [name or REAL for name in figure.classes]
    return {
        "sentences": _sentences(figure, row),
        "classes": named,
        "rows": [
            (named[i], int(cells[made, made].n), [_share(cells[made, said]) for said in figure.classes])
            for i, made in enumerate(figure.classes)
        ],
        "note": row["note"] if "left out" in row["note"] else "",
    }


def charts(run: Run) -> Iterator[Chart]:
    """Yields the matrix as a file."""
    figure = SourceFigure(run)
    if figure.classes:
        size = (PAGE, 0.3 + 0.32 * len(figure.classes))
        yield Chart(
            "sources", "Who made an image: share of each row", "", partial(figure.draw, look=paper()), figure.frame,
            "said to be of", "made by", size=size, left=1.75, below=0.42 if len(figure.classes) < 4 else 0.9,
        )  # fmt: skip


def _sentences(figure: SourceFigure, row: Any) -> list[str]:
    guess = 1 / len(figure.classes)
    above = row["low"] > guess
    shown = "which is more than guessing" if above else "which is not shown to be more than guessing"
    right = numbers.with_interval(row["value"], row["low"], row["high"])
    said = [
        f"The right source is said of {right} of the test images, "
        f"the mean over {len(figure.classes)} classes, {shown} ({numbers.number(guess)}), at 95 %."
    ]
    off = figure.frame()
    off = off[(off["made_by"] != off["said"]) & (off["made_by"] != "") & (off["said"] != "")]
    if len(off):
        most = off.loc[off["value"].idxmax()]
        share = numbers.with_interval(most["value"], most["low"], most["high"])
        said.append(
            f"Most often confused: of the fakes of {most['made_by']}, {share} are said to be of {most['said']}."
            if most["value"] > 0
            else "No fake of one configuration is said to be of another."
        )
    return said


def _share(cell: Any) -> dict[str, str]:
    heat = f"{46 * cell.value:.0f}" if cell.value == cell.value else ""
    return {
        "text": numbers.number(cell.value), "interval": numbers.interval(cell.low, cell.high), "heat": heat,
        "best": cell.made_by == cell.said,
    }  # fmt: skip
