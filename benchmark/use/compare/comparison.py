"""Runs side by side, `fauxbench.compare`: the difference of their specs, and the paired differences of their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.use.compare import matched, specs
from benchmark.use.compare.opened import opened
from data.errors import UserError
from data.holm import holm

LEVEL = 0.95


@dataclass(frozen=True)
class Comparison:
    """What two or more runs differ in, and by; the first is the reference.

    Attributes:
        runs: What tables call them, the reference first.
        folders: Their folders.
        specs: A row for each fact in which not all agree: `about`, `what`, and a column for each run.
        cells: A row for each cell and later run, and for each configuration with several trainings: `status` is
            `"compared"`, `"equal scores"` or `"not comparable"`, and `note` says why. `difference` is the AUC of the
            run less that of the reference, with a 95 % interval of its own; `p_holm` is adjusted for all that are
            compared here; `differs` says whether the interval leaves 0 out.
    """

    runs: list[str]
    folders: list[Path]
    specs: pd.DataFrame
    cells: pd.DataFrame

    def frame(self, *, differing: bool = False) -> pd.DataFrame:
        """Returns the rows of `cells`.

        Args:
            differing: Whether to return only what differs by more than its interval. Defaults to `False`.
        """
        rows = self.cells[self.cells["differs"]] if differing else self.cells
        return rows.reset_index(drop=True)

    @property
    def counts(self) -> dict[str, int]:
        """Status -> how many rows have it."""
        found = self.cells["status"].value_counts()
        return {name: int(found.get(name, 0)) for name in (matched.COMPARED, matched.EQUAL, matched.NOT)}

    @property
    def reasons(self) -> dict[tuple[str, str], list[str]]:
        """(run, reason) -> the cells that are not comparable for it."""
        rows = self.cells[self.cells["status"] == matched.NOT]
        found: dict[tuple[str, str], list[str]] = {}
        for run, note, cell in zip(rows["run"], rows["note"], rows["cell"], strict=True):
            found.setdefault((run, note), []).append(cell)
        return found

    def sentences(self) -> list[str]:
        """Returns what was compared and what came out, in a few words."""
        counts = self.counts
        told = int((self.cells["p_holm"] < 1 - LEVEL).sum())
        later = ", ".join(self.runs[1:])
        said = [
            f"{later} against {self.runs[0]}: {_n(counts[matched.COMPARED], 'AUC')} compared, "
            f"{counts[matched.EQUAL]:,} with equal scores, {counts[matched.NOT]:,} not comparable."
        ]
        if counts[matched.COMPARED]:
            differ = int(self.cells["differs"].sum())
            said.append(
                f"{differ:,} of {counts[matched.COMPARED]:,} differ by more than their interval (each at 95 % by "
                f"itself); {told:,} with all of them tested together (Holm, at 5 %)."
            )
        elif counts[matched.EQUAL]:
            said.append("What could be compared is the same, image by image.")
        else:
            said.append("Nothing is comparable.")
        return said


def compare(*runs: str | Path | Any) -> Comparison:
    """Compares finished runs: what their specs differ in, and what their shared cells differ by.

    Args:
        *runs: Two or more run folders, or runs as `load` returns them; the first is the reference.

    Raises:
        UserError: If fewer than two are given, or one is no run folder, or damaged.

    Example:
        >>> import benchmark
        >>> found = compare("runs/images", benchmark.load("runs/images"))
        >>> found.counts["not comparable"], len(found.specs)
        (0, 0)
    """
    folders = [getattr(run, "folder", run) for run in runs]
    if len(folders) < 2:
        raise UserError(f"A comparison needs two runs or more. Received: {_n(len(folders), 'run')}.")
    reference, *later = read = opened(folders)
    rows = [row for other in later for row in matched.rows(reference, other)]
    cells = pd.DataFrame([vars(row) for row in rows], columns=matched.COLUMNS)
    cells["p_holm"] = holm(cells["p"])
    return Comparison([run.name for run in read], [run.folder for run in read], specs.differences(read), cells)


def _n(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def as_json(found: Comparison, *, differing: bool = False) -> dict[str, Any]:
    """Returns a comparison as JSON values."""
    return {
        "reference": found.runs[0],
        "runs": [{"name": name, "folder": str(at)} for name, at in zip(found.runs, found.folders, strict=True)],
        "counts": found.counts,
        "specs": _records(found.specs),
        "cells": _records(found.frame(differing=differing)),
    }


def _records(frame: pd.DataFrame) -> Sequence[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
