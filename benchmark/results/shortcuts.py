"""What the shortcut audit says of a run: the traces of all banks together, and how detectors take JPEG on one side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark.findings.finding import found
from benchmark.findings.registry import KINDS
from benchmark.stages.shortcuts.audit import smallest_share
from benchmark.stages.shortcuts.traces import BY_NAME
from benchmark.statistics.intervals import rate
from data.holm import holm

FILE = "format_bias.csv"
NUMBERS = ["quality", "n", "accuracy", "accuracy_after", "change", "change_low", "change_high", "change_p"]
CLASSES = ("reals", "fakes")


def trace_verdicts(banks: Mapping[str, Sequence[Mapping[str, Any]]], *, level: float = 0.99) -> list[dict[str, Any]]:
    """Judges the traces of a run, family-wise over traces and banks (Holm).

    Args:
        banks: From a bank's name to the records of `benchmark.stages.shortcuts.audit.traces`.
        level: Family-wise confidence, in (0, 1). Defaults to `0.99`.

    Returns:
        A finding for each trace and bank; its value is by how much the shares of images that carry the trace differ.
    """
    every = [(about, record) for about, records in banks.items() for record in records]
    adjusted = holm([record["p"] for _, record in every])
    family = max(1, int(np.isfinite(adjusted).sum()))
    return [_trace_verdict(about, record, p, level, family) for (about, record), p in zip(every, adjusted, strict=True)]


def format_verdicts(moved: pd.DataFrame | None, *, level: float = 0.99) -> list[dict[str, Any]]:
    """Judges how detectors take JPEG on one class alone, family-wise over cells, sides and qualities (Holm).

    Args:
        moved: The table of the measurement. `None` or empty where it was not made.
        level: Family-wise confidence, in (0, 1). Defaults to `0.99`.

    Returns:
        A finding for each cell; its value is the largest change of accuracy that is more than chance, or that there is.
    """
    if moved is None or moved.empty:
        return []
    table = moved.assign(**{name: pd.to_numeric(moved[name]) for name in NUMBERS})
    table["p"] = holm(table["change_p"])
    return [_format_verdict(str(cell), rows, level, len(table)) for cell, rows in table.groupby("cell", sort=False)]


def _format_verdict(cell: str, rows: pd.DataFrame, level: float, family: int) -> dict[str, Any]:
    more = rows[rows["p"] <= 1 - level]
    shown = rows if more.empty else more
    worst = shown.loc[shown["change"].abs().idxmax()]
    row: dict[str, Any] = {"about": cell, "value": worst["change"]}
    row |= {"low": worst["change_low"], "high": worst["change_high"]}
    if len(more):
        said = (
            f"JPEG at quality {worst['quality']:.0f} on the {worst['side']} test images alone moves the accuracy on "
            f"them from {worst['accuracy']:.3f} to {worst['accuracy_after']:.3f}. {KINDS['FB029'].todo}"
        )
        return found("FB029", "note", **row, advice=said)
    turned = exact_needs(1 - level, family)
    n = int(rows["n"].min())
    if n < turned:
        return found("FB029", "cannot tell", **row, advice=f"{n} test images of a side are too few to see a change.")
    return found("FB029", "pass", **row, smallest=turned / n)


def exact_needs(alpha: float, family: int) -> int:
    """Returns how many images must turn, all one way, for McNemar's exact test to be below `alpha / family`."""
    return int(np.ceil(1 + np.log2(family / alpha)))


def _trace_verdict(about: str, record: Mapping[str, Any], p: float, level: float, family: int) -> dict[str, Any]:
    trace = BY_NAME[record["trace"]]
    carry, n = record["carry"], record["n"]
    shares = [count / size if size else float("nan") for count, size in zip(carry, n, strict=True)]
    more = int(shares[1] > shares[0])
    row: dict[str, Any] = {"about": f"{trace.name}, {about}"}
    if min(n) == 0:
        said = f"Too few test images can show {trace.name} ({n[0]} reals, {n[1]} fakes)."
        return found(trace.number, "cannot tell", **row, advice=said)
    value = abs(shares[1] - shares[0])
    low, high = _difference(carry[more], n[more], carry[1 - more], n[1 - more])
    row |= {"value": value, "low": low, "high": high}
    smallest = smallest_share((n[more], n[1 - more]), min(shares), (1 - level) / family)
    if p <= 1 - level and value >= trace.least:
        where = f"{CLASSES[more]} carry {trace.name} ({record['where']}) in {_percent(carry[more], n[more])} of images"
        said = f"{where}, {CLASSES[1 - more]} in {_percent(carry[1 - more], n[1 - more])}. {trace.says}"
        return found(trace.number, trace.graver, **row, advice=said[0].upper() + said[1:])
    if np.isnan(smallest):
        said = f"{n[0]} reals and {n[1]} fakes are too few to see {trace.name}."
        return found(trace.number, "cannot tell", **row, advice=said)
    return found(trace.number, "pass", **row, smallest=max(smallest, trace.least))


def _difference(carry: int, n: int, other: int, m: int) -> tuple[float, float]:
    """Returns the interval of a difference of two independent rates (Newcombe, Statistics in Medicine 1998, no 10)."""
    (low, high), (below, above) = rate(carry, n), rate(other, m)
    first, second = carry / n, other / m
    lower = first - second - np.sqrt((first - low) ** 2 + (above - second) ** 2)
    upper = first - second + np.sqrt((high - first) ** 2 + (second - below) ** 2)
    return float(np.clip(lower, -1, 1)), float(np.clip(upper, -1, 1))


def _percent(count: int, n: int) -> str:
    return f"{count / n:.0%} ({count} of {n})"
