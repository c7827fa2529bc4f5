"""How many labelled images a detector needs to find the fakes of each generator."""

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
from reports.figures.learning_curve import NUMBERS, QUESTION, TEXT, LearningCurveFigure
from reports.figures.look import paper
from reports.figures.sheet import NAME, Chart
from reports.load import Run

TITLE = "How many labelled images does it take?"
SAID = 0.9  # the AUC that the sentences are about


def section(run: Run) -> dict[str, Any] | None:
    """Returns what the page shows of it, or `None` if it was not asked."""
    answer = run.answer(QUESTION, text=TEXT, numbers=NUMBERS)
    if answer.empty:
        return None
    figure = LearningCurveFigure(run)
    needed, curve = (answer[answer["kind"] == kind] for kind in ("needed", "auc"))
    return {
        "sentences": [_sentence(run, name, needed, curve) for name in figure.generators],
        "figures": [
            (name, Markup(figure.svg(name, name=f"learning{at}")), packed(figure.of(name)))  # noqa: S704 - escaped where made
            for at, name in enumerate(figure.generators)
        ],
        "detectors": figure.detectors,
        "thresholds": [f"{threshold:g}" for threshold in sorted(set(needed["threshold"]))],
        "rows": [_row(rows, curve) for _, rows in needed.groupby(["generator", "detector"], sort=False)],
        "draws": numbers.count(float(curve["draws"].max())),
        "parts": _parts(curve),
        "notes": _notes(curve),
    }


def charts(run: Run) -> Iterator[Chart]:
    """Yields a figure for each generator."""
    figure = LearningCurveFigure(run)
    for name in figure.generators:
        draw = partial(figure.draw, generator=name, look=paper())
        title = f"AUC by labelled images, {svg.label(name, NAME)}"
        mine = partial(figure.of, name)
        x = "labelled images of each side (logarithmic)"
        yield Chart(stem("learning-curve", name), title, name, draw, mine, x, "AUC, 95 % intervals")


def _sentence(run: Run, generator: str, needed: pd.DataFrame, curve: pd.DataFrame) -> str:
    """Says which detectors find a generator with the fewest images, sentinels aside where there are others."""
    sentinels = {detector.id for detector in run.detectors if detector.role}
    mine = needed[(needed["generator"] == generator) & (needed["threshold"] == SAID)]
    others = mine[~mine["detector"].isin(sentinels)]
    mine = mine if others.empty else others
    known = curve[(curve["generator"] == generator) & curve["detector"].isin(mine["detector"])]
    known = known[known["value"].notna()]
    if known.empty:
        return f"{generator}: cannot tell, no training of a detector is done."
    reached = mine[mine["value"].notna()]
    if reached.empty:
        best = known.loc[known["value"].idxmax()]
        return (
            f"{generator}: no detector reaches a mean AUC of {SAID:g} with up to {numbers.count(known['n'].max())} "
            f"labelled images of each side; the highest is {best['detector']} with "
            f"{numbers.with_interval(best['value'], best['low'], best['high'])} at {numbers.count(best['n'])}."
        )
    fewest = reached[reached["value"] == reached["value"].min()]
    names = numbers.listed(list(fewest["detector"]))
    count, verb = numbers.count(float(fewest["value"].iloc[0])), "needs" if len(fewest) == 1 else "need"
    bounds = _bounds(fewest.iloc[0])
    alone = f" ({bounds}, 95 %)" if len(fewest) == 1 and bounds != f"at most {count}" else ""
    at_most = "at most " if fewest["note"].str.startswith("at or below").any() else ""
    rest = f", the fewest of {numbers.plural(len(mine), 'detector')}" if len(mine) > len(fewest) else ""
    return (
        f"{names} {verb} {at_most}{count} labelled images of each side to find {generator} with a mean AUC of "
        f"{SAID:g}{alone}{rest}."
    )


def _row(rows: pd.DataFrame, curve: pd.DataFrame) -> dict[str, Any]:
    first = rows.iloc[0]
    mine = curve[(curve["generator"] == first["generator"]) & (curve["detector"] == first["detector"])]
    last = mine.iloc[-1]
    return {
        "generator": first["generator"],
        "detector": first["detector"],
        "cells": [(_text(row), _bounds(row)) for _, row in rows.sort_values("threshold").iterrows()],
        "most": numbers.count(last["n"]),
        "text": numbers.number(last["value"]) if last["value"] == last["value"] else "cannot tell",
        "interval": numbers.interval(last["low"], last["high"]),
    }


def _text(row: pd.Series) -> str:
    if row["value"] != row["value"]:
        return str(row["note"])
    at_most = "≤ " if str(row["note"]).startswith("at or below") else ""
    return at_most + numbers.count(row["value"])


def _bounds(row: pd.Series) -> str:
    parts = [("more than", row["low"]), ("at most", row["high"])]
    return ", ".join(f"{word} {numbers.count(end)}" for word, end in parts if end == end) or "could be any of these"


def _parts(curve: pd.DataFrame) -> str:
    """Says how images are shared out between training and validation, by the point with the most."""
    known = curve[curve["n_train_real"].notna()]
    if known.empty:
        return ""
    most = known.loc[known["n_real"].idxmax()]
    train, validation = (numbers.count(most[f"n_{part}_real"]) for part in ("train", "validation"))
    return f"{train} for training and {validation} for validation of {numbers.count(most['n_real'])}"


def _notes(curve: pd.DataFrame) -> list[str]:
    """Returns what is missing, and where there are fewer fakes than reals."""
    told = [
        f"{row['detector']} on {row['generator']}, {numbers.count(row['n'])} images: {row['note']}"
        for _, row in curve.iterrows()
        if "failed" in row["note"] or "cannot tell" in row["note"]
    ]
    fewer = curve[curve["n_fake"] < curve["n_real"]]
    for name, rows in fewer.groupby("generator", sort=False):
        told.append(f"{name}: at {numbers.count(rows['n'].min())} images and more there are fewer fakes than reals")
    return told
