"""The drawings behind the table: ROC curves, scores and their calibration, every training of a mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from reports.embed.data import packed
from reports.figures.reliability import ReliabilityFigure
from reports.figures.roc import RocFigure
from reports.figures.scores import ScoreFigure
from reports.figures.seeds import SeedFigure
from reports.load import Run
from reports.sections import tables
from reports.sections.shown.entry import as_shown
from reports.sections.tables import Entry

DRAWN = 60  # panels of scores in the page; with more, each generator has those of its highest detectors


def rocs(run: Run, entries: dict[tuple[str, str], Entry]) -> list[dict[str, Any]]:
    """Returns the ROC curves of each generator that has any, controls last."""
    rocs, cells = [], tables.first_cells(run)
    ordered = sorted(run.generators, key=lambda generator: bool(generator.role))
    for position, generator in enumerate(ordered[: run.most_drawn]):
        figure = RocFigure(run, generator.id)
        if figure.detectors:
            rocs.append(
                {
                    "generator": generator,
                    "data": packed(figure.frame(), by="detector"),
                    "plain": Markup(figure.svg(name=f"roc{position}")),  # noqa: S704 - escaped where it is made
                    "log": Markup(figure.svg(name=f"roc{position}l", log=True)),  # noqa: S704
                    "keys": [(name, as_shown(cells[name, generator.id], "auc")) for name in figure.ranked],
                    "rest": figure.rest,
                    "without": [
                        (detector.id, as_shown(entries[detector.id, generator.id], "auc"))
                        for detector in run.detectors
                        if entries[detector.id, generator.id].status == "failed"
                    ],
                }
            )
    return rocs


def histograms(run: Run, entries: dict[tuple[str, str], Entry]) -> list[dict[str, Any]]:
    """Returns the scores of each generator, with their calibration, and how many panels are left out."""
    figure, reliability, cells = ScoreFigure(run), ReliabilityFigure(run), tables.first_cells(run)
    bins, bands = (_by_pair(one.frame()) for one in (figure, reliability))
    most = max(DRAWN // max(len(run.generators), 1), 3)
    rows = []
    for row, generator in enumerate(sorted(run.generators, key=lambda generator: bool(generator.role))):
        panels = []
        drawn = _highest(cells, generator.id, most)
        for column, detector in enumerate(run.detectors):
            pair = detector.id, generator.id
            drawings = []
            if detector.id in drawn:
                title = f"Scores of {detector.id} on real images and on fakes of {generator.id}"
                one = figure.svg(*pair, name=f"scores{row}-{column}", title=title)
                title = f"Share of fakes by probability of {detector.id}, on fakes of {generator.id}"
                other = reliability.svg(*pair, name=f"reliable{row}-{column}", title=title)
                drawings = [(Markup(one), bins.get(pair, "")), (Markup(other), bands.get(pair, ""))]  # noqa: S704
                drawings = [(drawing, data) for drawing, data in drawings if drawing]
            shown = as_shown((cells if drawings else entries)[pair], "auc")
            if drawings or shown["status"] == "failed":
                panels.append((detector, drawings, shown))
        if panels:
            rows.append({"generator": generator, "panels": panels, "left_out": _done(cells, generator.id) - len(drawn)})
    return rows


def _by_pair(frame: pd.DataFrame) -> dict[tuple[str, str], str]:
    return {tuple(pair): packed(rows) for pair, rows in frame.groupby(["detector", "generator"], sort=False)}


def _done(cells: dict[tuple[str, str], Entry], generator: str) -> int:
    return sum(of == generator for _, of in cells)


def _highest(cells: dict[tuple[str, str], Entry], generator: str, most: int) -> list[str]:
    """The detectors of a generator whose scores are drawn: those with the highest AUC."""
    known = [(name, entry.value) for (name, of), entry in cells.items() if of == generator]
    return [name for name, _ in sorted(known, key=lambda one: -np.nan_to_num(one[1], nan=-1.0))[:most]]


def seeds(run: Run) -> dict[str, Any]:
    """Returns every training of each configuration that has several."""
    figure = SeedFigure(run)
    drawings = [
        (generator, Markup(figure.svg(generator, name=f"seeds{position}")))  # noqa: S704 - escaped where it is made
        for position, generator in enumerate(figure.generators)
    ]
    return {"seeds": drawings, "seeds_data": packed(figure.frame()) if drawings else ""}
