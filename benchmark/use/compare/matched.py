"""Which cells of two runs may be compared, and what they differ by: a paired test, or the reason why there is none.

Two cells are compared where they are of one identity (lesson, detector with its seed, exam), of one split of the same
real images, and were tested on the same ones, which are of the same units. Whose they are is not what rows are called
but what they are, see `alike`; where an option of the generator or of the detector is another, the difference is of
that too, and the row says so. Where the fakes are the same, images are paired on both sides; else on the reals alone,
and the fakes of each are its own variance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmark.statistics.columns.column import Column, of_detectors
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.statistics.delong import components
from benchmark.statistics.ranking import Ranking
from benchmark.use.compare import measured, quality, shared
from benchmark.use.compare.alike import Cell, Partners, partners
from benchmark.use.compare.opened import Key, Opened, key
from benchmark.use.compare.over_trainings import configurations
from benchmark.use.compare.row import Row, of_cell

Pair = tuple[Cell | None, Cell | None]  # a cell of the reference, and its partner


def rows(reference: Opened, other: Opened, metrics: Sequence[str]) -> Iterator[Row]:
    """Yields a row for each metric of each cell that one of two runs has, of each configuration with several trainings,
    and of the images of each generator.

    Args:
        reference: The run to compare with.
        other: The later run.
        metrics: Of `measured.OF_CELLS` and `quality.OF_GENERATORS`.
    """
    found = partners(reference, other)
    of_cells = [metric for metric in metrics if metric in measured.OF_CELLS]
    first, second = _by_key(reference, Partners()), _by_key(other, found)
    exams: dict[Key, Pair] = {}
    for at in dict.fromkeys([*first, *second]):
        mine, theirs = first.get(at, {}), second.get(at, {})
        splits = sorted({*mine, *theirs})
        if mine and theirs and not mine.keys() & theirs.keys():
            why = f"other split of the real images: ledger seed {_listed(mine)} and {_listed(theirs)}"
            cell = next(iter(mine.values()))
            yield from (of_cell(other.name, cell, metric).refused(why) for metric in of_cells)
            continue
        for one, two in ((mine.get(split), theirs.get(split)) for split in splits):
            yield from _cell(reference, other, found, (one, two), of_cells)
            exam = _exam(one or found.translated(two or {}))
            known = exams.get(exam, (None, None))
            exams[exam] = known[0] or one, known[1] or two
    yield from configurations(reference, other, found, of_cells)
    for pair in exams.values():
        for metric in metrics:
            if metric in quality.OF_GENERATORS and (row := _images(reference, other, found, pair, metric)):
                yield row


def _by_key(run: Opened, found: Partners) -> dict[Key, dict[float, Cell]]:
    """Returns the cell of each identity and each split of the real images."""
    cells: dict[Key, dict[float, Cell]] = {}
    for cell in run.rows:
        cells.setdefault(key(found.translated(cell)), {}).setdefault(cell["ledger_seed"], cell)
    return cells


def _cell(reference: Opened, other: Opened, found: Partners, pair: Pair, metrics: Sequence[str]) -> Iterator[Row]:
    one, two = pair
    called = two["cell"] if two else ""
    blank = [of_cell(other.name, one or two or {}, metric, called=called) for metric in metrics]
    why = _why_not(reference, other, found, pair)
    if why or one is None or two is None:
        yield from (row.refused(why) for row in blank)
        return
    first, second = reference.scores[one["cell"]], other.scores[two["cell"]]
    why = shared.other_images(first, second)
    same = not why and shared.same_fakes(reference, other, one, two)
    changed = "; ".join(filter(None, [found.differences(one), _sizes(one, two)]))
    for row in blank:
        row.changed = changed
        undecided = (shared.undecided(run, [cell], row.metric) for run, cell in ((reference, one), (other, two)))
        if refused := why or next(filter(None, undecided), ""):
            yield row.refused(refused)
        else:
            yield _metric(row, reference, other, one, two, same)


def _metric(row: Row, reference: Opened, other: Opened, one: Cell, two: Cell, same: bool) -> Row:
    first, second = reference.scores[one["cell"]], other.scores[two["cell"]]
    mine, theirs = shared.judged(reference, one, row.metric), shared.judged(other, two, row.metric)
    if np.array_equal(mine, theirs):
        what = "has the same score" if row.metric == measured.AUC else "is judged alike"
        return row.equal(_value(row.metric, mine, first.is_fake), f"every image {what} in both: nothing to test")

    def column(metric: str) -> Column:
        mine, theirs = shared.judged(reference, one, metric), shared.judged(other, two, metric)
        if same:
            return of_detectors({"later": theirs, "first": mine}, first.is_fake, groups=first.units)
        later, earlier = (theirs, second.is_fake, second.units), (mine, first.is_fake, first.units)
        return of_runs({"later": [later], "first": [earlier]})

    images = (shared.BOTH, "") if same else (shared.REALS, "the fakes are others")
    return shared.compared(row, column, *images, ranked=shared.ranks(mine) and shared.ranks(theirs))


def _value(metric: str, judged: np.ndarray, is_fake: np.ndarray) -> float:
    if not shared.ranks(judged):
        return 0.5  # one answer for all images
    auc = components(Ranking.of(judged, is_fake)).auc
    return 1 - auc if metric == measured.FPR else auc


def _images(reference: Opened, other: Opened, found: Partners, pair: Pair, metric: str) -> Row | None:
    one, two = pair
    cell = one or two or {}
    row = of_cell(other.name, cell, metric)
    at_last = row.checkpoint == cell["checkpoint"]
    row.scope, row.detector, row.detector_seed, row.train_generator = "generator", "", float("nan"), ""
    row.cell, row.called = (
        f"{side['generator']}/{side['generator_seed']:.0f}{'' if at_last else ' ' + row.checkpoint}" if side else ""
        for side in (cell, two)
    )
    row.perturbation = ""
    about = one or found.translated(two or {})
    about = about | {"detector": "", "train_generator": about["generator"], "train_sources": ""}
    row.changed = found.differences(about) if one and two else ""
    why = _unlike(reference, other) or found.refusal(about)
    filled = quality.difference(row, reference, other, one, two)
    return filled.refused(why) if filled is not None and why else filled


def _why_not(reference: Opened, other: Opened, found: Partners, pair: Pair) -> str:
    """Returns why two cells cannot be compared, as far as their tables say it."""
    one, two = pair
    if why := _unlike(reference, other):
        return why
    about = one or found.translated(two or {})
    if why := found.refusal(about):
        return why
    sides = ((reference, one), (other, two))
    for run, cell in sides:
        if cell is None:
            return ": ".join(filter(None, [f"missing in {run.name}", found.misnamed(about)]))
    for run, cell in sides:
        if cell is not None and cell["status"] != "done":
            return f"{cell['status']} in {run.name}: {cell['error'] or 'no reason is known'}".rstrip(".")
        if cell is not None and cell["cell"] not in run.scores:
            return f"no test scores in {run.name}"
    return ""


def _unlike(reference: Opened, other: Opened) -> str:
    """Returns why nothing of two runs can be compared, or nothing."""
    smoke = [run.name for run in (reference, other) if run.smoke]
    if smoke:
        return f"{' and '.join(smoke)}: a smoke run is no result"
    if not reference.digest or reference.digest != other.digest:
        return f"other data: digest {reference.digest[:16] or 'unknown'} and {other.digest[:16] or 'unknown'}"
    return ""


def _sizes(one: Cell, two: Cell) -> str:
    """Says of how many images two cells' detectors have learned, where they are not equally many."""
    both = [tuple(cell.get(name, "") for name in ("n_train_real", "n_train_fake")) for cell in (one, two)]
    if both[0] == both[1] or "" in (*both[0], *both[1]):
        return ""
    return "learned from {} reals and {} fakes, and from {} and {}".format(*both[0], *both[1])


def _exam(cell: Cell) -> Key:
    return cell["ledger_seed"], cell["generator"], cell["generator_seed"], cell["asked_checkpoint"]


def _listed(cells: dict[float, Cell]) -> str:
    return ", ".join(f"{split:.0f}" for split in cells)
