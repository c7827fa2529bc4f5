"""What a face swap keeps of its source person, and how often it looks like the side that it was drawn as."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports import numbers
from reports.load import Run, natural

SHARES = ("transfer", "transfer_reconstruction", "transfer_real")
SIMILARITIES = ("retention", "retention_reconstruction", "retention_real", "retention_other")
HEADS = (
    "Transfer", "of straight faces", "of real faces",
    "Retention", "of straight faces", "same person", "another person",
)  # fmt: skip


def section(run: Run) -> dict[str, Any] | None:
    """Returns what the page shows: the last checkpoint of each training, or `None` where no generator swaps faces."""
    frame = run.identity
    if frame.empty:
        return None
    rows = []
    for _, mine in frame.groupby(["generator", "generator_seed"], sort=False):
        last = max(mine["checkpoint"], key=natural)
        rows += [_row(run, row) for row in mine[mine["checkpoint"] == last].to_dict("records")]
    known = frame[frame["embedding"] != ""]
    return {
        "heads": HEADS,
        "rows": rows,
        "embedding": None if known.empty else _embedding(known.iloc[0]),
        "persons": set(known["kind"]) == {"identities"},
        "note": "" if known.empty else next(iter(known["identity_note"][known["n_swaps"] > 0]), ""),
    }


def _row(run: Run, row: dict[str, Any]) -> dict[str, Any]:
    seeds = run.identity["generator_seed"].nunique()
    return {
        "generator": row["generator"],
        "seed": f"seed {row['generator_seed']:.0f}" if seeds > 1 else "",
        "checkpoint": row["checkpoint"],
        "direction": f"{row['source']} as {row['target']}" if row["source"] else "",
        "count": f"{_count(row['n_swaps'], 'swap')} of {_count(row['n_persons'], 'person')}",
        "cells": [_cell(row, name, bounded=name in SHARES) for name in (*SHARES, *SIMILARITIES)],
        "note": "" if row["n_swaps"] > 0 else row["identity_note"],
    }


def _cell(row: dict[str, Any], name: str, *, bounded: bool) -> tuple[str, str]:
    if row[name] != row[name]:
        return "not measured", ""
    interval = numbers.interval(row[f"{name}_low"], row[f"{name}_high"], bounded=bounded)
    return numbers.number(row[name], bounded=bounded), interval


def _count(value: float, what: str) -> str:
    return numbers.plural(int(value), what) if value == value else ""


def _embedding(row: pd.Series) -> dict[str, str]:
    auc = numbers.with_interval(row["verification"], row["verification_low"], row["verification_high"])
    learned = _count(row["n_learned"], "person")
    return {"name": row["embedding"], "digest": row["embedding_digest"], "learned": learned, "auc": auc}
