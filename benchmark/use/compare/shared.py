"""What the test images of two cells have in common, and a metric of what was decided about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark.statistics.columns.column import Column
from benchmark.use.compare import measured
from benchmark.use.compare.opened import Opened, Scored
from benchmark.use.compare.row import Row

BOTH, REALS = "reals and fakes", "reals"


def other_images(first: Scored, second: Scored) -> str:
    """Returns why the real test images of two cells are not the same, or nothing."""
    one, two = first.ids[: first.n_real], second.ids[: second.n_real]
    if not np.array_equal(one, two):
        both = len(set(one) & set(two))
        return f"other test images: {len(one)} and {len(two)} real ones, of which {both} are the same"
    if len(set(one)) < len(one):
        return "real test images without names of their own cannot be paired"
    if not np.array_equal(_numbered(first.units[: len(one)]), _numbered(second.units[: len(two)])):
        return "other units: which test images belong together is not the same"
    return ""


def same_fakes(reference: Opened, other: Opened, one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Whether both were tested on the very same fakes; what is not known to be is taken for other fakes, which costs
    precision and claims nothing."""
    mine, theirs = reference.fakes_of(one), other.fakes_of(two)
    first, second = reference.scores[one["cell"]], other.scores[two["cell"]]
    return (
        mine is not None
        and mine == theirs
        and np.array_equal(first.ids, second.ids)
        and np.array_equal(_numbered(first.units), _numbered(second.units))
    )


def undecided(run: Opened, cells: Sequence[dict[str, Any]], metric: str) -> str:
    """Returns why a metric of cells is not known, or nothing."""
    if metric != measured.AUC and any(cell["cell"] not in run.thresholds for cell in cells):
        return f"no threshold is known in {run.name}: it has no validation scores"
    return ""


def judged(run: Opened, cell: dict[str, Any], metric: str) -> np.ndarray:
    """Returns what a metric of a cell is the AUC of, float `(n,)`."""
    threshold = run.thresholds[cell["cell"]] if metric != measured.AUC else None
    return measured.of_cell(metric, run.scores[cell["cell"]], threshold)


def compared(row: Row, column: Callable[[str], Column], paired_on: str, note: str, *, ranked: bool) -> Row:
    """Fills in a row.

    Args:
        row: The row.
        column: From a metric to the column of the later run and the reference.
        paired_on: Which images are the same in both.
        note: What is to be said of it.
        ranked: Whether decisions differ between images in both.
    """
    try:
        if row.metric == measured.BALANCED and not ranked:
            return measured.halves(row, column(measured.TPR), column(measured.FPR), paired_on, note)
        return measured.filled(row, column(row.metric), paired_on, note)
    except ValueError as error:
        return row.refused(str(error).rstrip("."))


def ranks(values: np.ndarray) -> bool:
    """Whether scores or decisions differ between images."""
    return bool(values.min() < values.max())


def _numbered(units: np.ndarray) -> np.ndarray:
    return np.asarray(pd.factorize(units)[0])
