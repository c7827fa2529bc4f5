"""Runs side by side, `fauxbench.compare`: the difference of their specs, and the paired differences of their cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.use.compare import matched, measured, quality, row, specs
from benchmark.use.compare.opened import opened
from data.errors import UserError, unknown
from data.holm import holm

LEVEL = 0.95
SHORT = 3  # letters of an abbreviation
METRICS = (*measured.OF_CELLS, *quality.OF_GENERATORS)
MAIN = (*measured.OF_CELLS, *quality.MAIN)  # what is compared where no metric is asked for


@dataclass(frozen=True)
class Comparison:
    """What two or more runs differ in, and by; the first is the reference.

    Attributes:
        runs: What tables call them, the reference first.
        folders: Their folders.
        specs: A row for each fact in which not all agree: `about`, `what`, and a column for each run.
        cells: A row for each metric, cell and later run, and for each configuration with several trainings; the AUCs
            first. `status` is `"compared"`, `"equal scores"` or `"not comparable"`, and `note` says why. `difference`
            is the value of the run less that of the reference, with a 95 % interval of its own; `p_holm` is adjusted
            for all of this metric that are compared here; `differs` says whether the interval leaves 0 out. `changed`
            says which options of the generator and the detector are others in the run.
    """

    runs: list[str]
    folders: list[Path]
    specs: pd.DataFrame
    cells: pd.DataFrame

    def frame(self, *, differing: bool = False, metric: str | None = None) -> pd.DataFrame:
        """Returns the rows of `cells`.

        Args:
            differing: Whether to return only what differs by more than its interval. Defaults to `False`.
            metric: Of which metric. Defaults to `None`, all.

        Raises:
            UserError: If the metric was not compared.
        """
        rows = self.cells[self.cells["differs"]] if differing else self.cells
        if metric is not None:
            rows = rows[rows["metric"] == _known(metric, self.metrics)]
        return rows.reset_index(drop=True)

    @property
    def metrics(self) -> list[str]:
        """The metrics that there are rows of, the AUC first."""
        return list(dict.fromkeys(self.cells["metric"]))

    @property
    def counts(self) -> dict[str, int]:
        """Status -> how many rows of the first metric have it, which is the AUC unless others were asked for."""
        return self._counted(*self.metrics[:1])

    def _counted(self, metric: str = "") -> dict[str, int]:
        found = self.cells.loc[self.cells["metric"] == metric, "status"].value_counts()
        return {name: int(found.get(name, 0)) for name in (row.COMPARED, row.EQUAL, row.NOT)}

    @property
    def reasons(self) -> dict[tuple[str, str], list[str]]:
        """(run, reason) -> the cells that are not comparable for it."""
        return self._cells_by("note", self.cells["status"] == row.NOT)

    @property
    def changes(self) -> dict[tuple[str, str], list[str]]:
        """(run, what it says of its rows) -> the cells that are compared though options behind them are others."""
        return self._cells_by("changed", (self.cells["status"] != row.NOT) & (self.cells["changed"] != ""))

    def _cells_by(self, what: str, which: pd.Series) -> dict[tuple[str, str], list[str]]:
        rows, found = self.cells[which], dict[tuple[str, str], dict[str, None]]()
        for run, said, cell in zip(rows["run"], rows[what], rows["cell"], strict=True):
            found.setdefault((run, said), {})[cell] = None
        return {about: list(cells) for about, cells in found.items()}

    def sentences(self) -> list[str]:
        """Returns what was compared and what came out, in a few words."""
        later = f"{', '.join(self.runs[1:])} against {self.runs[0]}"
        said: list[str] = []
        for metric in self.metrics:
            counts, first = self._counted(metric), not said
            n = _of(counts[row.COMPARED], metric) if first else f"{counts[row.COMPARED]:,}"
            said.append(
                f"{later if first else title(metric)}: {n} compared, {counts[row.EQUAL]:,} "
                f"{'with equal scores' if first else 'equal'}, {counts[row.NOT]:,} not comparable."
            )
            came = self._came_out(metric, counts)
            said += [came] if first else []
            said[-1] += f" {came}" if not first and counts[row.COMPARED] else ""
        if self.changes:
            cells = {cell for named in self.changes.values() for cell in named}
            rest = "rests" if len(cells) == 1 else "rest"
            rows = _n(len(cells), "row")
            said.append(f"{rows} {rest} on other options or sizes in the two runs, and differ by that too.")
        renamed = self.cells[(self.cells["called"] != "") & (self.cells["called"] != self.cells["cell"])]
        if len(renamed):
            cell, called, run = renamed[["cell", "called", "run"]].iloc[0]
            said.append(f"Rows are matched by what they are: {cell} is called {called} in {run}.")
        return said

    def _came_out(self, metric: str, counts: dict[str, int]) -> str:
        if counts[row.COMPARED]:
            mine = self.cells[self.cells["metric"] == metric]
            together = "with all of them tested together (Holm, at 5 %)"
            return (
                f"{int(mine['differs'].sum()):,} of {counts[row.COMPARED]:,} differ by more than their interval (each "
                f"at 95 % by itself); {int((mine['p_holm'] < 1 - LEVEL).sum()):,} {together}."
            )
        return "What could be compared is the same, image by image." if counts[row.EQUAL] else "Nothing is comparable."


def compare(*runs: str | Path | Any, metric: str | Sequence[str] | None = None) -> Comparison:
    """Compares finished runs: what their specs differ in, and what their shared cells differ by.

    Args:
        *runs: Two or more run folders, or runs as `load` returns them; the first is the reference.
        metric: What to compare them by: one of `METRICS`, or several. Defaults to `None`: the AUC, the balanced
            accuracy, TPR and FPR at the validation threshold, and FD and FID where a run has measured them.

    Raises:
        UserError: If fewer than two are given, one is no run folder, or damaged, or a metric does not exist.

    Example:
        >>> import benchmark
        >>> found = compare("runs/images", benchmark.load("runs/images"))
        >>> found.counts["not comparable"], len(found.specs)
        (0, 0)
    """
    folders = [getattr(run, "folder", run) for run in runs]
    if len(folders) < 2:
        raise UserError(f"A comparison needs two runs or more. Received: {_n(len(folders), 'run')}.")
    asked = [metric] if isinstance(metric, str) else MAIN if metric is None else metric
    wanted = list(dict.fromkeys(_known(name, METRICS) for name in asked))
    reference, *later = read = opened(folders)
    rows = [vars(found) for other in later for found in matched.rows(reference, other, wanted)]
    rows.sort(key=lambda found: wanted.index(found["metric"]))
    cells = pd.DataFrame(rows, columns=row.COLUMNS)
    cells["p_holm"] = cells.groupby("metric")["p"].transform(holm)
    return Comparison([run.name for run in read], [run.folder for run in read], specs.differences(read), cells)


def title(metric: str) -> str:
    """Returns what people call a metric: `"AUC"`, `"balanced accuracy"`."""
    return metric.replace("_", " ") if len(metric) > SHORT else metric.upper()


def _of(number: int, metric: str) -> str:
    name = title(metric)
    return _n(number, name) if name.isupper() else f"{_n(number, 'value')} of {name}"


def _known(metric: str, known: Sequence[str]) -> str:
    if metric not in known:
        raise unknown("metric", metric, known)
    return metric


def _n(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def as_json(found: Comparison, *, differing: bool = False) -> dict[str, Any]:
    """Returns a comparison as JSON values."""
    return {
        "reference": found.runs[0],
        "runs": [{"name": name, "folder": str(at)} for name, at in zip(found.runs, found.folders, strict=True)],
        "metrics": found.metrics,
        "counts": found.counts,
        "specs": _records(found.specs),
        "cells": _records(found.frame(differing=differing)),
    }


def _records(frame: pd.DataFrame) -> Sequence[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
