"""What checks found: alarms first, and what passed folded away."""

from __future__ import annotations

from typing import Any

import numpy as np

from reports import numbers
from reports.load import Run

VERDICTS = {
    "alarm": ("alarm", "▲", "alarm"),
    "cannot tell": ("unknown", "?", "cannot tell"),
    "note": ("note", "●", "note"),
    "pass": ("pass", "✓", "passed"),
}


# What the value of a finding is, and what its smallest effect is, where a bare number would not say it.
UNITS = {"FB010": ("p", "AUC"), "FB011": ("AUC", "AUC"), "FB020": ("AUC", "AUC"), "FB021": ("AUC", "AUC")}


def findings(run: Run) -> dict[str, list[dict[str, Any]]]:
    """Returns what checks found: `open`, by how grave it is, and `folded`, what has passed."""
    roles = ("real-copy", "noise", "sentinel")
    controls = tuple(generator.id for generator in run.generators if generator.role)
    rows = [
        {
            "number": row.finding,
            "name": row.name,
            "ignored": row.finding in run.ignored,
            "smallest": _smallest(row),
            "value": _checked(row),
            "interval": numbers.interval(row.low, row.high),
            "verdict": VERDICTS.get(row.verdict, ("note", "●", row.verdict or "no verdict")),
            "advice": row.advice,
            "known": row.name.startswith((*roles, *controls)),
        }
        for row in run.audit.itertuples(index=False)
    ]
    order = [kind for kind, *_ in VERDICTS.values()]
    rows.sort(key=lambda row: (row["ignored"], order.index(row["verdict"][0]), row["number"]))
    folded = [row for row in rows if not row["known"] and row["verdict"][0] == "pass"]
    return {"open": [row for row in rows if row not in folded], "folded": folded}


def _smallest(row: Any) -> str:
    what = UNITS.get(row.finding, ("", ""))[1]
    return f"{what} {numbers.number(row.smallest, bounded=row.smallest <= 1)}".strip() if row.smallest > 0 else ""


def _checked(row: Any) -> str:
    """The value of a check, with what it is where that is known: the smallest adjusted p-value for copies of reals."""
    if np.isnan(row.value):
        return ""
    if row.finding in UNITS:
        return f"{UNITS[row.finding][0]} {numbers.number(row.value)}"
    if float(row.value).is_integer() and np.isnan(row.low):
        return numbers.count(float(row.value))
    return numbers.number(row.value, bounded=0 <= row.value <= 1)
