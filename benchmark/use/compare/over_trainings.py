"""What configurations of two runs differ by: their means over trainings, each on the same real test images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmark.statistics.columns.column import Column
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.use.compare import row as rows
from benchmark.use.compare import shared
from benchmark.use.compare.alike import Cell, Partners
from benchmark.use.compare.measured import BALANCED
from benchmark.use.compare.opened import IDENTITY, Key, Opened, key
from benchmark.use.compare.row import Row

SEEDS = ("generator_seed", "detector_seed", "train_sources")  # what trainings of one configuration differ in
COMMON = ["ledger_seed", *(name for name in IDENTITY if name not in SEEDS)]
ONCE = "one training each: this is of trainings, not of configurations"


def configurations(reference: Opened, other: Opened, found: Partners, metrics: Sequence[str]) -> Iterator[Row]:
    """Yields a row for each generator, detector, split and metric, where either run has several trainings of them, or
    the two have trainings of other seeds.

    Args:
        reference: The run to compare with.
        other: The later run.
        found: Which rows of theirs are the same.
        metrics: Of cells.
    """
    if reference.smoke or other.smoke or not reference.digest or reference.digest != other.digest:
        return  # the cells have said why
    first = _by_configuration(reference, Partners())
    second = _by_configuration(other, found)
    for at in [one for one in first if one in second]:
        mine, theirs = first[at], second[at]
        if found.refusal(mine[0]):
            continue  # so have they of this
        seeds = [{(cell["generator_seed"], cell["detector_seed"]) for cell in cells} for cells in (mine, theirs)]
        if seeds[0] != seeds[1] or len(seeds[0]) > 1:
            for metric in metrics:
                yield _configuration(reference, other, mine, theirs, metric, found.differences(mine[0]))


def _configuration(
    reference: Opened, other: Opened, mine: list[Cell], theirs: list[Cell], metric: str, changed: str
) -> Row:
    names = [f"{cells[0]['generator']}/{cells[0]['detector']}" for cells in (mine, theirs)]
    row = rows.of_cell(other.name, mine[0], metric, called=names[1])
    row.scope, row.cell, row.changed = "configuration", names[0], changed
    row.generator_seed = row.detector_seed = rows.nan
    runs = (reference, mine), (other, theirs)
    frames = [run.scores[cell["cell"]] for run, cells in runs for cell in cells]
    why = next(filter(None, (shared.other_images(frames[0], frame) for frame in frames[1:])), "")
    if why := why or next(filter(None, (shared.undecided(*side, metric) for side in runs)), ""):
        return row.refused(why)
    counts = [len({cell["generator_seed"] for cell in cells}) for cells in (mine, theirs)]
    note = ONCE if counts == [1, 1] else f"means over {counts[0]} and {counts[1]} trainings"

    def column(asked: str) -> Column:
        return of_runs({"later": _trainings(other, theirs, asked), "first": _trainings(reference, mine, asked)})

    sides = [shared.judged(run, cell, metric) for run, cells in runs for cell in cells] if metric == BALANCED else []
    return shared.compared(row, column, shared.REALS, note, ranked=all(map(shared.ranks, sides)))


def _by_configuration(run: Opened, found: Partners) -> dict[Key, list[Cell]]:
    """Returns the finished cells of each configuration, by what its trainings have in common.

    Seeds of a generator that does not train, such as a folder, are no training runs: its first speaks for it.
    """
    trains = {row["id"]: bool(row.get("trains")) for row in run.manifest["generators"] if not row.get("control")}
    first = run.cells.groupby("generator")["generator_seed"].min()
    same: dict[Key, list[Cell]] = {}
    for cell in run.rows:
        name = cell["generator"]
        counts = trains.get(name) or (name in trains and cell["generator_seed"] == first[name])
        if counts and cell["status"] == "done" and cell["cell"] in run.scores:
            same.setdefault(key(found.translated(cell), COMMON), []).append(cell)
    return same


def _trainings(run: Opened, cells: list[Cell], metric: str) -> list[list[Any]]:
    """Returns what a metric is the AUC of, for each training of the generator, once for each of the detector on it."""
    found: dict[float, list[Any]] = {}
    for cell in cells:
        _, is_fake, units = run.scores[cell["cell"]].run
        found.setdefault(cell["generator_seed"], []).append((shared.judged(run, cell, metric), is_fake, units))
    return [found[seed] for seed in sorted(found)]
