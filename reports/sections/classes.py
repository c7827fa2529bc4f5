"""What is known of each class of a conditional generator: how detectable it is, and how well it is drawn."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports import numbers
from reports.load import Run, natural

JUDGED = {
    "d_accuracy_real": "Discriminator right on real images",
    "d_accuracy_fake": "Discriminator right on its generator's",
    "d_loss_real": "Its loss on real images",
    "d_loss_fake": "Its loss on its generator's",
    "recognised": "Recognised as asked for",
    "recognised_real": "Real images recognised",
}


def section(run: Run) -> list[dict[str, Any]]:
    """Returns a table for each conditional generator, of the first training run and its last checkpoint."""
    rows = run.metrics[(run.metrics["scope"] == "class") & (run.metrics["metric"] == "auc")]
    names = [g.id for g in run.generators if g.id in {*rows["generator"], *run.classes["generator"]}]
    return [table for name in names if (table := _table(run, name, rows[rows["generator"] == name]))]


def _table(run: Run, name: str, rows: pd.DataFrame) -> dict[str, Any] | None:
    rows = _first(rows, ["generator_seed", "detector_seed"])
    judged = _first(run.classes[run.classes["generator"] == name], ["generator_seed"])
    if len(judged):
        last = max(judged["checkpoint"], key=natural)
        judged = judged[judged["checkpoint"] == last]
    detectors = [d.id for d in run.detectors if d.id in set(rows["detector"])]
    cells = {(row["class"], row["detector"]): row for row in rows.to_dict("records")}
    return {
        "generator": name,
        "detectors": detectors,
        "rows": [
            (label, [_measured(cells.get((label, detector))) for detector in detectors])
            for label in dict.fromkeys(rows["class"])
        ],
        "judged": [
            (row["class"] or "all", [_judged(row, column) for column in JUDGED]) for row in judged.to_dict("records")
        ],
        "columns": list(JUDGED.values()),
        "checkpoint": judged["checkpoint"].iloc[0] if len(judged) else "",
    }


def _first(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    for column in columns:
        rows = rows[rows[column] == rows[column].min()]
    return rows


def _judged(row: dict[str, Any], column: str) -> str:
    if row[column] != row[column]:
        return ""
    if column == "recognised":
        ends = row["recognised_low"], row["recognised_high"]
        return numbers.with_interval(row[column], *ends)
    return numbers.number(row[column], bounded="loss" not in column)


def _measured(row: dict[str, Any] | None) -> tuple[str, str]:
    if row is None or row["value"] != row["value"]:
        return "not defined", ""
    return numbers.number(row["value"], bounded=True), numbers.interval(row["low"], row["high"])
