"""FID and KID of the last checkpoints, on the Inception network of a file that the run was given."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports import numbers
from reports.load import DISTANCES, Run

DIGITS = {"fid": 2, "kid": 4}


def section(run: Run) -> dict[str, Any] | None:
    """Returns what the page shows of it, or `None` if the run was given no such file."""
    frame = run.generators_frame
    measured = frame[frame["fid"].notna() | (frame["inception_note"] != "")]
    if measured.empty:
        return None
    roles = {generator.id: generator.role for generator in run.generators}
    seeds = frame["generator_seed"].nunique()
    return {
        "sha256": measured.iloc[0]["inception"],
        "rows": [_row(row, bool(roles.get(row["generator"])), seeds > 1) for _, row in measured.iterrows()],
        "floors": _floors(measured),
        "notes": list(dict.fromkeys(measured.loc[measured["fid"].notna(), "inception_note"])),
    }


def _row(row: pd.Series, control: bool, several: bool) -> dict[str, Any]:
    known = row["fid"] == row["fid"]
    return {
        "generator": row["generator"],
        "seed": f"seed {row['generator_seed']:.0f}" if several else "",
        "control": control,
        "checkpoint": row["checkpoint"],
        "n": numbers.count(row["n_fid"]),
        "cells": [_cell(row, name) for name in DISTANCES] if known else [],
        "note": "" if known else row["inception_note"],
    }


def _cell(row: pd.Series, name: str) -> tuple[str, str]:
    return _text(row[name], name), f"[{_text(row[f'{name}_low'], name)}, {_text(row[f'{name}_high'], name)}]"


def _floors(measured: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Returns what real images reach among themselves: (n, values) for each n that was used."""
    known = measured[measured["fid_floor"].notna()].drop_duplicates("n_fid")
    return [
        (numbers.count(row["n_fid"]), [_text(row[f"{name}_floor"], name) for name in DISTANCES])
        for row in known.to_dict("records")
    ]


def _text(value: float, name: str) -> str:
    return f"{value:.{DIGITS[name]}f}"
