"""Measurements that have no section of their own on the page: their tables as they are, under the heading they name."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reports import numbers
from reports.load import Run, natural, read_text

ROW = ("cell", "generator", "generator_seed", "checkpoint")  # what a row is of, in whatever of these a table has
MOST = 200  # rows on the page; the file has all


def sections(run: Run) -> list[dict[str, Any]]:
    """Returns what the page shows of each, where its table has rows: of a training, those of its last checkpoint."""
    found = []
    for about in run.manifest.get("sections") or []:
        frame = read_text(run.folder, str(about["file"]))
        if frame is None or frame.empty:
            continue
        columns = {name: str(head) for name, head in about["columns"].items() if name in frame}
        named = [name for name in ROW if name in frame]
        frame = _last(frame)
        rows = [
            {"of": [row[name] for name in named], "cells": [_shown(row[name]) for name in columns]}
            for row in frame.head(MOST).to_dict("records")
        ]
        found.append(
            {
                "name": about["name"], "title": about["title"], "text": about["text"], "file": about["file"],
                "named": [name.replace("_", " ") for name in named], "heads": list(columns.values()), "rows": rows,
                "left_out": max(0, len(frame) - MOST),
            }
        )  # fmt: skip
    return found


def _last(frame: pd.DataFrame) -> pd.DataFrame:
    if not {"generator", "checkpoint"} <= set(frame):
        return frame
    by = [name for name in ("generator", "generator_seed") if name in frame]
    order = frame["checkpoint"].map(natural)
    return frame[order == order.groupby([frame[name] for name in by]).transform("max")]


def _shown(text: str) -> str:
    """Returns a number as the page writes it, and any other text as it is."""
    try:
        value = float(text)
        return numbers.number(value, bounded=0 <= value <= 1)  # what it is, only its heading says
    except ValueError:
        return text
