"""What seeds change: variance components of each AUC, runs that collapsed, and the quality of images over runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from reports import numbers
from reports.embed.data import packed
from reports.figures.quality_runs import QualityRunsFigure
from reports.load import CLEAN, MAIN, Run

COLLAPSED = "collapsed"
PANELS = ("fd", "kd", "precision", "recall")
UNBOUNDED = ("fd", "kd", "density", "fid", "kid")


def section(run: Run) -> dict[str, Any] | None:
    """Returns what the page shows of it, or `None` where every kind of seed is one."""
    told, untold = _components(run)
    over = run.over_runs
    several = over[(over["measure"] == COLLAPSED) & (over["runs"] > 1)]
    quality = over[over["measure"] != COLLAPSED]
    if not told and not untold and several.empty and quality.empty:
        return None
    figures = [(name, QualityRunsFigure(run, name)) for name in PANELS]
    return {
        "components": told,
        "untold": untold,
        "collapsed": [_row(row) for row in several.to_dict("records")],
        "quality": [_row(row) for row in quality.to_dict("records")],
        "figures": [
            (name, Markup(figure.svg(name=f"runs{name}")), packed(figure.frame()))  # noqa: S704 - escaped where it is made
            for name, figure in figures
            if figure.generators
        ],
        "splits": split_note(run),
    }


def split_note(run: Run) -> str:
    """Says which split of the real images everything is of that shows one; empty where there is one."""
    ledgers = run.dataset.get("ledger_seeds") or []
    if len(ledgers) < 2:
        return ""
    return (
        f"Means are over {len(ledgers)} splits of the real images (ledger seeds {', '.join(map(str, ledgers))}). "
        f"Pictures, curves and figures of one training are of the first, ledger seed {ledgers[0]}."
    )


def _components(run: Run) -> tuple[list[dict[str, Any]], list[str]]:
    """Returns a row for each configuration and detector of which some component is told, and why others are not."""
    frame = run.components
    frame = frame[frame["table"].isin(MAIN) & frame["perturbation"].isin(CLEAN)]
    of_seeds = frame[frame["component"] != "test images"]
    lacking = of_seeds[of_seeds["variance"].isna()]
    untold = [f"{kind}: {why}" for kind, why in dict.fromkeys(zip(lacking["component"], lacking["note"], strict=True))]
    some = set(map(tuple, of_seeds.loc[of_seeds["variance"].notna(), ["generator", "detector"]].to_numpy()))
    rows = [
        {
            "generator": row["generator"],
            "detector": row["detector"],
            "component": row["component"],
            "levels": numbers.count(row["levels"]),
            "text": numbers.number(row["sd"]) if row["sd"] == row["sd"] else "cannot tell",
            "interval": numbers.interval(np.sqrt(row["low"]), np.sqrt(row["high"])),
            "note": row["note"],
        }
        for row in frame.to_dict("records")
        if (row["generator"], row["detector"]) in some
    ]
    return rows, [] if rows else untold


def _row(row: dict[str, Any]) -> dict[str, Any]:
    bounded = row["measure"] not in UNBOUNDED
    known = row["value"] == row["value"]
    return {
        "generator": row["generator"],
        "measure": row["measure"],
        "runs": numbers.count(row["runs"]),
        "text": numbers.number(row["value"], bounded=bounded) if known else "cannot tell",
        "interval": numbers.interval(row["low"], row["high"], bounded=bounded) if not pd.isna(row["low"]) else "",
        "note": row["note"],
    }
