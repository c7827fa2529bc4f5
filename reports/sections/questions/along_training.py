"""When in a training fakes are hardest to detect, and whether that goes with their quality."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup

from reports import numbers
from reports.embed.data import packed
from reports.figures import curves, svg
from reports.figures.along_training import NUMBERS, QUESTION, TEXT, AlongTrainingFigure
from reports.figures.charts import stem
from reports.figures.look import paper
from reports.figures.sheet import NAME, Chart
from reports.load import Run

TITLE = "Along the training"
PANELS = 6  # detectors whose frontier the page draws; the others' are among the figures as files


def section(run: Run) -> dict[str, Any] | None:
    """Returns what the page shows of it, or `None` if it was not asked."""
    answer = run.answer(QUESTION, text=TEXT, numbers=NUMBERS)
    if answer.empty:
        return None
    figure = AlongTrainingFigure(run)
    sentinels = {detector.id for detector in run.detectors if detector.role}
    judged = [name for name in figure.detectors if name not in sentinels] or figure.detectors
    aucs = answer[answer["kind"] == "auc"]
    return {
        "sentences": [
            line for name in dict.fromkeys(aucs["generator"]) for line in _sentences(name, answer, sentinels)
        ],
        "figures": [
            (name, Markup(figure.svg(name, name=f"along{at}")), packed(figure.of(name)))  # noqa: S704 - escaped where made
            for at, name in enumerate(figure.generators)
        ],
        "keys": [name for name in (d.id for d in run.detectors) if (figure.frame()["detector"] == name).any()],
        "frontiers": [_frontier(figure, name, at) for at, name in enumerate(judged[:PANELS])],
        "signs": {name: sign for name, sign in curves.of_generators(run).items() if _placed(figure, name)},
        "rows": _rows(answer),
        "last": bool((aucs["lesson"] == "last").any()),
        "sampling": _sampling(aucs),
        "notes": _notes(aucs),
    }


def _frontier(figure: AlongTrainingFigure, detector: str, at: int) -> tuple[str, Markup, str, str]:
    rows = figure.of_detector(detector)
    drawing = Markup(figure.frontier_svg(detector, name=f"frontier{at}"))  # noqa: S704 - escaped where it is made
    return detector, drawing, packed(rows), _best(rows)


def charts(run: Run) -> Iterator[Chart]:
    """Yields a figure of the training of each generator, and one of the frontier of each detector."""
    figure = AlongTrainingFigure(run)
    for name in figure.generators:
        draw: Any = partial(figure.draw, generator=name, look=paper())
        title = f"AUC along the training of {svg.label(name, NAME)}"
        yield Chart(stem("along", name), title, name, draw, partial(figure.of, name), "epoch", "AUC, 95 % intervals")
    for name in figure.detectors:
        draw = partial(figure.draw_frontier, detector=name, look=paper())
        title = f"Quality and AUC of {svg.label(name, NAME)}"
        x = "FD (Fréchet distance, no unit)"
        yield Chart(stem("frontier", name), title, "", draw, partial(figure.of_detector, name), x, "AUC")


def _sentences(generator: str, answer: pd.DataFrame, sentinels: set[str]) -> Iterator[str]:
    """Says of the detector that finds a generator best, over all its checkpoints, where it is hardest, and whether
    that goes with quality."""
    mine = answer[(answer["generator"] == generator) & (answer["lesson"] == "own")]
    course = mine[(mine["kind"] == "auc") & mine["value"].notna()]
    judged = course[~course["detector"].isin(sentinels)]
    course = course if judged.empty else judged
    if course["checkpoint"].nunique() < 2:
        yield f"{generator}: only its last checkpoint was tested."
        return
    detector = str(course.groupby("detector", sort=False)["value"].mean().idxmax())
    mine = mine[mine["detector"] == detector].set_index("kind")
    hardest, together = mine.loc["hardest"], mine.loc["together"]
    of_it = course[course["detector"] == detector]
    if hardest["value"] != hardest["value"] or hardest["note"].startswith("cannot"):
        yield f"{generator}: for {detector}, which finds it best, where it is hardest is not told: {hardest['note']}."
    else:
        lowest = of_it.loc[of_it["value"].idxmin()]
        auc = numbers.with_interval(lowest["value"], lowest["low"], lowest["high"])
        yield (
            f"{generator}: for {detector}, which finds it best over all checkpoints, fakes are hardest at epoch "
            f"{numbers.count(hardest['value'])}, AUC {auc}; {_range(hardest, of_it['epoch'].min())}."
        )
    if together["low"] != together["low"]:
        yield f"Whether its quality and this AUC move together {_untold(together)}."
        return
    way = "fall together" if together["low"] > 0 else "go against each other" if together["high"] < 0 else ""
    said = (
        f"Along the training its FD and this AUC {way}" if way else "Its FD and this AUC are not shown to move together"
    )
    value = numbers.with_interval(together["value"], together["low"], together["high"], bounded=False)
    yield f"{said}: rank correlation {value} ({together['note']})."


def _range(hardest: pd.Series, first: float) -> str:
    """Says which checkpoints may be the hardest, family-wise at 95 %."""
    low, high, since = (numbers.count(hardest[name]) for name in ("low", "high", "epoch"))
    if hardest["epoch"] == first:
        return "no checkpoint is told to be easier (family-wise at 95 %)"
    if hardest["epoch"] == hardest["epoch"]:
        return f"from epoch {since} on none is told to be easier, before it some are (family-wise at 95 %)"
    return f"it may be any from epoch {low} to {high}, and the last checkpoint is easier (family-wise at 95 %)"


def _untold(together: pd.Series) -> str:
    value = f" (rank correlation {numbers.number(together['value'], bounded=False)})"
    known = value if together["value"] == together["value"] else ""
    return f"cannot be told{known}: {together['note'].removeprefix('cannot tell: ')}"


def _rows(answer: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for (generator, detector), mine in answer[answer["lesson"] == "own"].groupby(["generator", "detector"], sort=False):
        course = mine[(mine["kind"] == "auc") & mine["value"].notna()]
        if course["checkpoint"].nunique() < 2:
            continue
        hardest, together = (mine[mine["kind"] == kind].iloc[0] for kind in ("hardest", "together"))
        lowest, last = course.loc[course["value"].idxmin()], course.iloc[-1]
        told = hardest["value"] == hardest["value"] and not hardest["note"].startswith("cannot")
        rows.append(
            {
                "generator": generator,
                "detector": detector,
                "hardest": numbers.count(hardest["value"]) if told else "not told",
                "range": f"{numbers.count(hardest['low'])} to {numbers.count(hardest['high'])}" if told else "",
                "cells": [_auc(lowest), _auc(last)],
                "together": numbers.number(together["value"], bounded=False)
                if together["value"] == together["value"]
                else "not defined",
                "interval": numbers.interval(together["low"], together["high"], bounded=False) or "cannot tell",
            }
        )
    return rows


def _auc(row: pd.Series) -> tuple[str, str]:
    return numbers.number(row["value"]), numbers.interval(row["low"], row["high"])


def _best(rows: pd.DataFrame) -> str:
    """Names the points of the frontier, from the closest to real images on."""
    best = rows[rows["frontier"].str.lower() == "true"].sort_values("fd")
    return numbers.listed([f"{row['generator']} {row['checkpoint']}" for _, row in best.iterrows()], most=5)


def _placed(figure: AlongTrainingFigure, generator: str) -> bool:
    return bool((figure.placed["generator"] == generator).any())


def _sampling(aucs: pd.DataFrame) -> list[dict[str, Any]]:
    """Returns the last checkpoints of generators that are one training, sampled in several ways."""
    last = aucs[(aucs["sampling"] != "") & (aucs["is_last"].str.lower() == "true") & (aucs["lesson"] == "own")]
    return [
        {
            "family": row["family"],
            "generator": row["generator"],
            "sampling": row["sampling"],
            "detector": row["detector"],
            "auc": _auc(row),
            "fd": (
                numbers.number(row["fd"], bounded=False),
                numbers.interval(row["fd_low"], row["fd_high"], bounded=False),
            ),
        }
        for _, row in last.sort_values(["family", "detector"], kind="stable").iterrows()
    ]


def _notes(aucs: pd.DataFrame) -> list[str]:
    odd = aucs[aucs["note"].str.contains("failed|cannot tell|only the last")]
    whole = odd.groupby(["generator", "checkpoint", "note"], sort=False)["detector"].agg(
        lambda names: list(dict.fromkeys(names))
    )
    return [
        f"{generator}, {checkpoint} ({numbers.listed(names)}): {note}"
        for (generator, checkpoint, note), names in whole.items()
    ]
