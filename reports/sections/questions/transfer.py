"""What a detector finds of configurations, and of training runs, that it has not learned from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd

from reports import numbers
from reports.figures import svg
from reports.figures.charts import stem
from reports.figures.look import paper
from reports.figures.sheet import NAME, PAGE, Chart
from reports.figures.transfer import SEVERAL, TransferFigure
from reports.load import Run

TITLE = "What carries over to an unseen generator"
DRAWN = 3  # detectors whose maps stand open, the best ones
ROWS = 400  # of the table; the others are in the file
LEVEL = 0.05
PARTS = {"pairs": "one", "leave-one-out": "all the others", "next": "those before it", "runs": "another run of it"}


def section(run: Run) -> dict[str, Any] | None:
    """Returns what the page shows, or `None` where the run did not ask the question."""
    figure = TransferFigure(run)
    if figure.rows.empty:
        return None
    best = figure.judged[0]
    maps = [(name, _map(figure, name)) for name in figure.detectors]
    rows = [_row(row) for name in figure.detectors for row in figure.of(name).to_dict("records")]
    return {
        "sentences": [
            sentence for make in (_carries, _hardest, _pairs, _next, _runs) if (sentence := make(figure, best))
        ],
        "generators": figure.generators,
        "maps": maps[:DRAWN],
        "more": maps[DRAWN:],
        "rows": rows[:ROWS],
        "left": max(len(rows) - ROWS, 0),
        "several": bool((figure.rows["runs"] > 1).any()),
    }


def charts(run: Run) -> Iterator[Chart]:
    """Yields a map for each detector."""
    figure = TransferFigure(run)
    for name in figure.detectors:
        title = f"AUC of {svg.label(name, NAME)} after each lesson, on each exam"
        width, height = figure.size(name)
        turned = len(figure.generators) >= 5
        yield Chart(
            stem("transfer", name), title, "", partial(figure.draw, detector=name, look=paper()),
            partial(figure.of, name), "tested on", "learned from", size=(min(width + 1.2, PAGE), height), left=1.6,
            below=1.1 if turned else 0.42,
        )  # fmt: skip


def _map(figure: TransferFigure, detector: str) -> list[tuple[str, list[dict[str, Any]]]]:
    values = figure.matrix(detector)
    return [
        (str(lesson), [_field(value, lesson == exam) for exam, value in row.items()])
        for lesson, row in values.iterrows()
    ]


def _field(value: float, own: bool) -> dict[str, Any]:
    known = value == value
    return {
        "text": numbers.number(value) if known else "none",
        "share": round(100 * min(max(2 * value - 1, 0.0), 1.0)) if known else 0,
        "own": own,
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    def told(name: str, *, bounded: bool = True) -> tuple[str, str]:
        value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
        if value != value:
            return "none", ""
        return numbers.number(value, bounded=bounded), numbers.interval(low, high, bounded=bounded)

    measured = [told("auc"), told("own_auc")]
    measured += [told(name, bounded=False) for name in ("difference", "shift_real", "shift_fake")]
    lesson = SEVERAL.get(row["part"], row["lesson"])
    return {
        "detector": row["detector"], "lesson": lesson, "generator": row["generator"],
        "cells": [*measured, told("fpr"), told("tpr")], "note": row["note"] if row["auc"] != row["auc"] else "",
    }  # fmt: skip


def _over(figure: TransferFigure, measure: str) -> pd.DataFrame:
    """Rows over all exams of the first split of the real images."""
    rows = figure.answer[(figure.answer["scope"] == "detector") & (figure.answer["measure"] == measure)]
    return rows[rows["ledger_seed"] == rows["ledger_seed"].min()]


def _carries(figure: TransferFigure, best: str) -> str:
    """Says which detector carries best to what it has not learned from."""
    means = _over(figure, "mean").set_index("detector")
    if best not in means.index or means.loc[best, "value"] != means.loc[best, "value"]:
        return ""
    mean = numbers.with_interval(*means.loc[best, ["value", "low", "high"]])
    n = len(figure.generators)
    first = (
        f"On a configuration that it has not learned from, after learning from all the others, {best} has a mean AUC "
    )
    first += f"of {mean} over {numbers.plural(n, 'configuration')}"
    behind = _over(figure, "behind_best").set_index("detector").drop(index=best, errors="ignore")
    if behind.empty:
        return f"{first}."
    tied = [str(name) for name, row in behind.iterrows() if not row["low"] > 0]
    rest = [str(name) for name in behind.index if name not in tied]
    words = f"the highest of {numbers.plural(len(behind) + 1, 'detector')}"
    if not tied:
        return f"{first}, {words} by more than chance (paired DeLong, Bonferroni over all pairs, 5 %)."
    more = f", and {numbers.listed(rest)} {'is' if len(rest) == 1 else 'are'} lower by more than chance" if rest else ""
    test = "paired DeLong, Bonferroni over all pairs, 5 %"
    return f"{first}, {words}; {numbers.listed(tied)} cannot be told from it{more} ({test})."


def _hardest(figure: TransferFigure, best: str) -> str:
    """Says which configuration is hardest to detect where it was not learned from."""
    rows = _over(figure, "above_hardest")
    mine = rows[rows["detector"] == best]
    if len(mine) < 2:
        return ""
    name = mine.loc[mine["value"].idxmin(), "generator"]
    others = mine[mine["generator"] != name]
    tied = [str(one) for one in others.loc[~(others["p"] < LEVEL), "generator"]]
    whole = figure.of(best)
    auc = whole[(whole["part"] == "leave-one-out") & (whole["generator"] == name)].iloc[0]
    first = f"Hardest for {best} as unseen is {name}, with AUC {_told(auc, 'auc')}"
    also = rows.loc[rows.groupby("detector")["value"].idxmin()].set_index("detector")["generator"]
    same = sum(also.get(detector) == name for detector in figure.judged)
    count = (
        f" It is so for {same} of {numbers.plural(len(figure.judged), 'detector')}." if len(figure.judged) > 1 else ""
    )
    test = "adjusted for all pairs, 5 %"
    if not tied:
        return f"{first}: every other configuration is easier by more than chance ({test}).{count}"
    return f"{first}, but {numbers.listed(tied)} cannot be told from it ({test}).{count}"


def _pairs(figure: TransferFigure, best: str) -> str:
    """Says between which two configurations most and least carries over."""
    rows = figure.of(best)
    rows = rows[(rows["part"] == "pairs") & rows["auc"].notna()]
    if rows.empty:
        return ""
    least, most = rows.loc[rows["auc"].idxmin()], rows.loc[rows["auc"].idxmax()]
    own = f"against {_told(least, 'own_auc')} after learning from it"
    first = f"{best} trained on {least['lesson']} finds {least['generator']} with AUC {_told(least, 'auc')}, {own}"
    if len(rows) == 1:
        return f"{first}."
    lost = rows[rows["difference_high"] < 0]
    second = f"trained on {most['lesson']} it finds {most['generator']} with AUC {_told(most, 'auc')}"
    count = f"{len(lost)} of {len(rows)}" if len(lost) else f"none of {len(rows)}"
    third = f"{count} pairs {'lose' if len(lost) > 1 else 'loses'} AUC by more than its interval, each by itself"
    return f"{first}, the lowest of all pairs; {second}, the highest; {third}."


def _next(figure: TransferFigure, best: str) -> str:
    """Says how the next configuration in the list is found after those before it."""
    rows = figure.of(best)
    rows = rows[(rows["part"] == "next") & rows["auc"].notna()]
    if rows.empty:
        return ""
    each = numbers.listed(
        [f"{row['generator']} with AUC {_told(row, 'auc')}" for row in rows.to_dict("records")], most=3
    )
    return f"Taking the list of configurations as time, {best} trained on those before finds {each}."


def _runs(figure: TransferFigure, best: str) -> str:
    """Says whether a detector carries to an unseen training run of the same configuration."""
    rows = figure.of(best)
    rows = rows[(rows["part"] == "runs") & rows["difference"].notna()]
    if rows.empty:
        return ""
    worst = rows.loc[rows["difference"].idxmin()]
    change = f"the largest change is {_told(worst, 'difference', bounded=False)} on {worst['generator']}"
    unsure = rows["difference_low"].isna()
    lost = rows[rows["difference_high"] < 0]
    if len(lost):
        names = numbers.listed([str(name) for name in lost["generator"]])
        return f"An unseen training run of the same configuration costs {best} AUC on {names}; {change}."
    known = numbers.plural(len(rows) - int(unsure.sum()), "configuration")
    less = f"AUC falls by more than its interval on none of {known}"
    return f"On an unseen training run of the same configuration, {best}'s {less}; {change}."


def _told(row: Any, name: str, *, bounded: bool = True) -> str:
    return numbers.with_interval(row[name], row[f"{name}_low"], row[f"{name}_high"], bounded=bounded)
