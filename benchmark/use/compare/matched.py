"""Which cells of two runs may be compared, and what they differ by: a paired test, or the reason why there is none.

Two cells are compared where they are of one identity (lesson, detector with its seed, exam), of one split of the same
real images, and were tested on the same ones, which are of the same units. What they differ in, such as an option of
the generator or of the detector, is what the difference is of. Where the fakes are the same too, images are paired on
both sides; else on the reals alone, and the fakes of each are its own variance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plan.cell import LAST, UNTOUCHED
from benchmark.statistics.columns.column import Column, of_detectors
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.statistics.delong import components
from benchmark.statistics.ranking import Ranking
from benchmark.use.compare.opened import IDENTITY, Key, Opened, Scored

COMPARED, EQUAL, NOT = "compared", "equal scores", "not comparable"
BOTH, REALS = "reals and fakes", "reals"
SEEDS = ("generator_seed", "detector_seed", "train_sources")  # what trainings of one configuration differ in
ONCE = "one training each: this is of trainings, not of configurations"
nan = float("nan")


@dataclass
class Row:
    """What two cells, or two configurations over their trainings, differ by: the later run less the reference."""

    run: str
    scope: str
    cell: str
    generator: str
    generator_seed: float
    checkpoint: str
    perturbation: str
    train_generator: str
    detector: str
    detector_seed: float
    purpose: str
    status: str = NOT
    reference_value: float = nan
    value: float = nan
    difference: float = nan
    low: float = nan
    high: float = nan
    p: float = nan
    p_holm: float = nan
    paired_on: str = ""
    note: str = ""
    differs: bool = field(default=False)

    def found(self, column: Column, paired_on: str, note: str = "") -> Row:
        """Fills in what a column of two says: of the later run, and of the reference."""
        self.status, self.paired_on, self.note = COMPARED, paired_on, note
        self.value, self.reference_value = map(float, column.values)
        self.difference, self.low, self.high, self.p = column.difference(0, 1)
        self.differs = bool(self.low > 0 or self.high < 0)
        return self

    def refused(self, why: str) -> Row:
        """Fills in why there is nothing to compare."""
        self.note = why
        return self


COLUMNS = [one.name for one in fields(Row)]


def rows(reference: Opened, other: Opened) -> Iterator[Row]:
    """Yields a row for each cell that one of two runs has, and for each configuration with several trainings."""
    for at in dict.fromkeys([*reference.by_key, *other.by_key]):
        first, second = reference.by_key.get(at, []), other.by_key.get(at, [])
        splits = sorted({cell["ledger_seed"] for cell in [*first, *second]})
        shared = [_pair(first, second, split) for split in splits]
        if not any(one and two for one, two in shared) and first and second:
            yield _row(other, first[0]).refused(f"other split of the real images: {_split(first)} and {_split(second)}")
            continue
        for one, two in shared:
            yield _cell(reference, other, one, two)
    yield from _configurations(reference, other)


def _cell(reference: Opened, other: Opened, one: dict[str, Any] | None, two: dict[str, Any] | None) -> Row:
    row = _row(other, one or two or {})
    why = _why_not(reference, other, one, two)
    if why or one is None or two is None:
        return row.refused(why)
    first, second = reference.scores[one["cell"]], other.scores[two["cell"]]
    if why := _other_images(first, second):
        return row.refused(why)
    same = _same_fakes(reference, other, one, two)
    if np.array_equal(first.scores, second.scores):
        row.status, row.note = EQUAL, "every image has the same score in both: there is nothing to test"
        row.value = row.reference_value = components(Ranking.of(first.scores, first.is_fake)).auc
        row.difference = 0.0
        return row
    try:
        if same:
            both = {"later": second.scores, "first": first.scores}
            column = of_detectors(both, first.is_fake, groups=first.units)
        else:
            column = of_runs({"later": [second.run], "first": [first.run]})
    except ValueError as error:
        return row.refused(str(error).rstrip("."))
    return row.found(column, BOTH) if same else row.found(column, REALS, "the fakes are others")


def _why_not(reference: Opened, other: Opened, one: dict[str, Any] | None, two: dict[str, Any] | None) -> str:
    """Returns why two cells cannot be compared, as far as their tables say it."""
    smoke = [run.name for run in (reference, other) if run.smoke]
    if smoke:
        return f"{' and '.join(smoke)}: a smoke run is no result"
    if not reference.digest or reference.digest != other.digest:
        return f"other data: digest {reference.digest[:16] or 'unknown'} and {other.digest[:16] or 'unknown'}"
    for run, cell in ((reference, one), (other, two)):
        if cell is None:
            return f"missing in {run.name}"
    for run, cell in ((reference, one), (other, two)):
        if cell is not None and cell["status"] != "done":
            return f"{cell['status']} in {run.name}: {cell['error'] or 'no reason is known'}".rstrip(".")
        if cell is not None and cell["cell"] not in run.scores:
            return f"no test scores in {run.name}"
    return ""


def _other_images(first: Scored, second: Scored) -> str:
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


def _same_fakes(reference: Opened, other: Opened, one: dict[str, Any], two: dict[str, Any]) -> bool:
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


def _configurations(reference: Opened, other: Opened) -> Iterator[Row]:
    """Yields a row for each generator, detector and split, where either run has several trainings of them, or the two
    have trainings of other seeds: their means over trainings, each on the same reals."""
    if reference.smoke or other.smoke or not reference.digest or reference.digest != other.digest:
        return  # the cells have said why
    first, second = _by_configuration(reference), _by_configuration(other)
    for at in [one for one in first if one in second]:
        mine, theirs = first[at], second[at]
        seeds = [{(cell["generator_seed"], cell["detector_seed"]) for cell in cells} for cells in (mine, theirs)]
        if seeds[0] != seeds[1] or len(seeds[0]) > 1:
            yield _configuration(reference, other, mine, theirs)


def _configuration(reference: Opened, other: Opened, mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> Row:
    row = _row(other, mine[0])
    row.scope, row.cell = "configuration", f"{mine[0]['generator']}/{mine[0]['detector']}"
    row.generator_seed = row.detector_seed = nan
    sides = [[run.scores[cell["cell"]] for cell in cells] for run, cells in ((reference, mine), (other, theirs))]
    for frame in [*sides[0][1:], *sides[1]]:
        if why := _other_images(sides[0][0], frame):
            return row.refused(why)
    counts = [len({cell["generator_seed"] for cell in cells}) for cells in (mine, theirs)]
    try:
        column = of_runs({"later": _trainings(theirs, sides[1]), "first": _trainings(mine, sides[0])})
    except ValueError as error:
        return row.refused(str(error).rstrip("."))
    note = ONCE if counts == [1, 1] else f"means over {counts[0]} and {counts[1]} trainings"
    return row.found(column, REALS, note)


def _by_configuration(run: Opened) -> dict[Key, list[dict[str, Any]]]:
    """Returns the finished cells of each configuration, by what its trainings have in common.

    Seeds of a generator that does not train, such as a folder, are no training runs: its first speaks for it.
    """
    trains = {row["id"]: bool(row.get("trains")) for row in run.manifest["generators"] if not row.get("control")}
    first = run.cells.groupby("generator")["generator_seed"].min()
    common = ["ledger_seed", *(name for name in IDENTITY if name not in SEEDS)]
    found: dict[Key, list[dict[str, Any]]] = {}
    for cells in run.by_key.values():
        for cell in cells:
            name = cell["generator"]
            counts = trains.get(name) or (name in trains and cell["generator_seed"] == first[name])
            if counts and cell["status"] == "done" and cell["cell"] in run.scores:
                at = tuple(None if value != value else value for value in (cell[name] for name in common))
                found.setdefault(at, []).append(cell)
    return found


def _trainings(cells: list[dict[str, Any]], frames: list[Scored]) -> list[list[Any]]:
    """Returns the scores of each training of the generator, one for each training of the detector on it."""
    runs: dict[float, list[Any]] = {}
    for cell, frame in zip(cells, frames, strict=True):
        runs.setdefault(cell["generator_seed"], []).append(frame.run)
    return [runs[seed] for seed in sorted(runs)]


def _pair(
    first: list[dict[str, Any]], second: list[dict[str, Any]], split: float
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    one, two = (next((cell for cell in cells if cell["ledger_seed"] == split), None) for cells in (first, second))
    return one, two


def _row(other: Opened, cell: dict[str, Any]) -> Row:
    checkpoint = cell["checkpoint"] if cell["asked_checkpoint"] in ("", LAST) else cell["asked_checkpoint"]
    return Row(
        other.name, "cell", cell["cell"], cell["generator"], cell["generator_seed"], checkpoint,
        cell["perturbation"] or UNTOUCHED, cell["train_generator"], cell["detector"], cell["detector_seed"],
        cell["purpose"],
    )  # fmt: skip


def _split(cells: list[dict[str, Any]]) -> str:
    return "ledger seed " + ", ".join(f"{cell['ledger_seed']:.0f}" for cell in cells)


def _numbered(units: np.ndarray) -> np.ndarray:
    return np.asarray(pd.factorize(units)[0])
