"""Rank intervals and tied groups: of the detectors on each generator, and of the generators for each detector."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports.load import CLEAN, Run

SCOPES = {
    "detectors": ("Ranks of the detectors", "Detector"),
    "configurations": ("Ranks of the generators, from the easiest to detect", "Generator"),
}
EMPTY = {"text": "", "group": "", "sort": "", "of": ""}


def section(run: Run) -> list[dict[str, Any]]:
    """Returns a table for each scope that ranks at least two, with what cannot be ranked in words."""
    rows = run.rankings
    controls = {generator.id for generator in run.generators if generator.role}
    sentinels = {detector.id for detector in run.detectors if detector.role}
    rows = rows[rows["perturbation"].isin(CLEAN) & rows["asked_checkpoint"].isin(["", "last"]) & (rows["compared"] > 1)]
    rows = rows[~rows["generator"].isin(controls) & ~rows["detector"].isin(sentinels)]
    return [table for scope in SCOPES if (table := _table(rows[rows["scope"] == scope], scope)) is not None]


def _table(rows: pd.DataFrame, scope: str) -> dict[str, Any] | None:
    if rows.empty:
        return None
    names = list(dict.fromkeys(rows["name"]))
    columns = _columns(rows, scope)
    places = [{row["name"]: _place(row) for row in column.to_dict("records")} for _, column in columns]
    title, what = SCOPES[scope]
    return {
        "title": title,
        "what": what,
        "columns": [label for label, _ in columns],
        "rows": [(name, [column.get(name, EMPTY) for column in places]) for name in names],
        "notes": _notes(columns),
    }


def _columns(rows: pd.DataFrame, scope: str) -> list[tuple[str, pd.DataFrame]]:
    """Returns the exams, or the detectors, each with its rows."""
    if scope == "configurations":
        return [(str(name), column) for name, column in rows.groupby("detector", sort=False)]
    several = rows.groupby("generator")["generator_seed"].nunique().max() > 1
    found = rows.groupby(["generator", "generator_seed"], sort=False, dropna=False)
    return [(f"{name}, seed {seed:.0f}" if several else str(name), column) for (name, seed), column in found]


def _place(row: dict[str, Any]) -> dict[str, str]:
    low, high = row["rank_low"], row["rank_high"]
    if low != low:
        return EMPTY | {"text": "cannot rank" if row["note"].startswith("cannot rank") else "cannot tell"}
    text = f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"
    return {"text": text, "group": row["group"], "sort": f"{low + high:.0f}", "of": f"{row['compared']:.0f}"}


def _notes(columns: list[tuple[str, pd.DataFrame]]) -> list[str]:
    """Returns each note once, with the columns that it is of."""
    found: dict[str, list[str]] = {}
    for label, column in columns:
        for note in dict.fromkeys(note for note in column["note"] if note):
            found.setdefault(note, []).append(label)
    return [
        f"{note[0].upper()}{note[1:]}." if len(labels) == len(columns) else f"{', '.join(labels)}: {note}."
        for note, labels in found.items()
    ]
