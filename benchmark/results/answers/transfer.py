"""What transfers: the AUC of each detector after each lesson on each exam, beside its own, and what has shifted.

A row has one number: `measure` says which. Rows of the scope `cell` are of one cell; of the scope `configuration` they
are means over training runs, pooled as `benchmark.results.over_runs` does; of the scope `detector` they are over all
configurations that a detector was left without.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plan.planner import Split
from benchmark.plan.questions import transfer
from benchmark.results import held, over_runs
from benchmark.results.answers import Known
from benchmark.statistics.cells.smallest import cannot_tell
from benchmark.statistics.columns import unseen
from benchmark.statistics.columns.column import of_detectors
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.statistics.shift import Scored, Shift, shift

NAME = "transfer"
COLUMNS = [
    "scope", "part", "cell", "own_cell", "ledger_seed", "lesson", "train_sources", "generator", "generator_seed",
    "detector", "detector_seed", "cells", "measure", "value", "low", "high", "p", "note",
]  # fmt: skip
RATES = ("auc", "fpr", "tpr")  # of a cell, as `metrics.csv` has them
UNSEEN = "leave-one-out"  # the part that says which configuration is hardest, and which detector carries best


def table(known: Known) -> pd.DataFrame:
    """Returns the answer, see above: of each part in turn, cells, then their means, then what is over all of them."""
    mine = known.cells[known.cells["question"] == NAME]
    done = mine[mine["status"] == "done"]
    compared = _compared(known, done)
    measured = pd.concat([_measured(known, mine), compared], ignore_index=True)
    trained = {row.id for row in known.plan.generators if row.trains}
    means = over_runs.configurations(mine, known.tested, trained, compared.assign(scope="cell"), known.banks)
    means = pd.concat([_means(known), means], ignore_index=True)
    own = _own(known, mine)
    rows: list[dict[str, Any]] = []
    for part, cells in _parts(known, mine):
        rows += _of_cells(part, cells, measured, own)
        rows += _of_configurations(part, cells, means)
        if part == UNSEEN:
            rows += _over_exams(cells[cells["status"] == "done"], known, trained)
    return pd.DataFrame(rows, columns=COLUMNS)


def _parts(known: Known, mine: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yields each part that was asked and its cells; a cell may be of several."""
    keys = list(zip(mine["ledger_seed"], mine["train_generator"], mine["train_sources"], mine["generator"],
                    mine["generator_seed"], strict=True))  # fmt: skip
    for part in transfer.chosen(known.plan.rows, known.options(NAME)):
        asked = {key for split in known.plan.splits for key in _keys(split, part)}
        yield part, mine[[key in asked for key in keys]]


def _keys(split: Split, part: transfer.Part) -> Iterator[tuple[Any, ...]]:
    for lesson, exam in transfer.asked(split.rows, part):
        sources = " + ".join(f"{name}/{seed}" for name, seed in lesson.sources)
        yield split.ledger_seed, lesson.name, sources, exam.generator, exam.generator_seed


def _own(known: Known, mine: pd.DataFrame) -> pd.Series:
    """Returns for each cell the one of the same detector and exam whose lesson was the exam's own generator."""
    about = ["ledger_seed", "generator", "generator_seed", "detector", "detector_seed"]
    own = known.cells[(known.cells["question"] == "own") & (known.cells["train_generator"] == known.cells["generator"])]
    names = own.set_index(about)["cell"]
    return pd.Series(names.reindex(pd.MultiIndex.from_frame(mine[about])).to_numpy(), index=mine["cell"].to_numpy())


def _measured(known: Known, mine: pd.DataFrame) -> pd.DataFrame:
    """Returns the metrics of the cells that go on as they are, and those of the cells that stand beside them."""
    own = _own(known, mine)
    metrics = known.metrics[(known.metrics["scope"] == "cell") & known.metrics["metric"].isin(RATES)]
    here = metrics[metrics["cell"].isin(mine["cell"])]
    aucs = metrics[metrics["metric"] == "auc"].set_index("cell")[["value", "low", "high", "note"]]
    beside = aucs.reindex(own).set_axis(own.index).rename_axis("cell").reset_index().assign(metric="own_auc")
    beside["note"] = beside["note"].where(beside["value"].notna(), "cannot tell: its own cell failed")
    return pd.concat([here, beside], ignore_index=True)[["cell", "metric", "value", "low", "high", "note"]]


def _compared(known: Known, done: pd.DataFrame) -> pd.DataFrame:
    """Returns what each cell differs by from the one beside it, and by how much its scores have shifted."""
    own = _own(known, done)
    rows = []
    for cell, other in own.items():
        before, after = (Scored(*held.tested(part[str(cell)])) for part in (known.validation, known.tested))
        rows.append({"cell": cell, "metric": "difference"} | _difference(after, known.tested.get(str(other))))
        for side, fake in (("shift_real", False), ("shift_fake", True)):
            moved = _shift(before, after, fake)
            rows.append({"cell": cell, "metric": side} | moved._asdict())
    return pd.DataFrame(rows, columns=["cell", "metric", "value", "low", "high", "note"])


def _difference(test: Scored, beside: pd.DataFrame | None) -> dict[str, Any]:
    if beside is None:
        return {"note": "cannot tell: its own cell failed"}
    scores = {"mine": test.scores, "own": beside["score"].to_numpy()}
    clusters = held.clusters(test.units, test.is_fake)
    found = of_detectors(scores, test.is_fake, groups=clusters).difference(0, 1)
    why = cannot_tell("auc", clusters, test.is_fake)
    ends = {"low": np.nan, "high": np.nan} if why else {"low": found.low, "high": found.high}
    return {"value": found.difference, **ends, "note": why}


def _shift(before: Scored, after: Scored, fake: bool) -> Shift:
    found = shift(before, after, fake=fake)
    for one in (before, after):
        if why := cannot_tell("auc", held.clusters(one.units, one.is_fake), one.is_fake):
            return found._replace(low=np.nan, high=np.nan, note=why)
    return found


def _means(known: Known) -> pd.DataFrame:
    """Returns the means over training runs that `metrics.csv` has, each own one also as what stands beside others."""
    rows = known.metrics[(known.metrics["scope"] == "configuration") & known.metrics["metric"].isin(RATES)]
    own = rows[(rows["table"] == "own") & (rows["train_generator"] == rows["generator"]) & (rows["metric"] == "auc")]
    return pd.concat([rows[rows["question"] == NAME], own.assign(metric="own_auc")], ignore_index=True)


def _of_cells(part: str, cells: pd.DataFrame, measured: pd.DataFrame, own: pd.Series) -> Iterator[dict[str, Any]]:
    numbers = dict(list(measured.groupby("cell", sort=False)))
    for cell in cells.to_dict("records"):
        about = {name: cell[name] for name in COLUMNS if name in cell} | {"lesson": cell["train_generator"]}
        about |= {"scope": "cell", "part": part, "cells": 1, "own_cell": own[cell["cell"]]}
        if cell["status"] != "done":
            yield about | {"measure": "auc", "note": f"failed: {cell['error']}"}
            continue
        for row in numbers[cell["cell"]].to_dict("records"):
            yield about | {"measure": row["metric"]} | {name: row[name] for name in ("value", "low", "high", "note")}


def _of_configurations(part: str, cells: pd.DataFrame, means: pd.DataFrame) -> Iterator[dict[str, Any]]:
    pairs = ["train_generator", "generator", "detector"]
    after: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in means[[*pairs, "metric", "value", "low", "high", "note"]].to_dict("records"):
        of = pairs[1:] if row["metric"] == "own_auc" else pairs
        after.setdefault(tuple(row[name] for name in of), []).append(row)
    for (lesson, generator, detector), same in cells.groupby(pairs, sort=False):
        about = {"scope": "configuration", "part": part, "lesson": lesson, "generator": generator}
        about |= {"detector": detector, "cells": len(same)}
        found = [(lesson, generator, detector), (generator, detector)] if len(same) > 1 else []
        for row in (row for of in found for row in after.get(of, [])):
            yield about | {"measure": row["metric"]} | {name: row[name] for name in ("value", "low", "high", "note")}


def _over_exams(done: pd.DataFrame, known: Known, trained: set[str]) -> Iterator[dict[str, Any]]:
    """Yields for each split of the real images how much easier each unseen configuration is than the hardest, and how
    far each detector's mean over them is behind the best."""
    by_cell = known.tested
    sentinels = {row.id for row in known.plan.detectors if row.plugin.attribute("sentinel")}
    for split, rows in done.groupby("ledger_seed", sort=False):
        runs: dict[str, dict[str, list[list[Any]]]] = {}
        for (detector, generator), same in rows.groupby(["detector", "generator"], sort=False):
            by_seed = [[held.run(by_cell[cell]) for cell in one["cell"]] for _, one in same.groupby("generator_seed")]
            runs.setdefault(detector, {})[generator] = by_seed if generator in trained else by_seed[:1]
        most = max(sum(map(len, exams.values())) for exams in runs.values())
        whole = {name: exams for name, exams in runs.items() if sum(map(len, exams.values())) == most}
        able = {name: exams for name, exams in whole.items() if name not in sentinels}
        behind = unseen.behind_best(able) if len(able) > 1 else {}
        for detector, exams in runs.items():
            about = {"scope": "detector", "part": UNSEEN, "ledger_seed": split, "detector": detector}
            about |= {"cells": int((rows["detector"] == detector).sum())}
            yield from (about | row for row in _of_detector(exams, behind.get(detector), detector in whole))


def _of_detector(exams: dict[str, Any], behind: unseen.Found | None, whole: bool) -> Iterator[dict[str, Any]]:
    try:
        column = of_runs(exams)
    except ValueError as error:  # they were not tested on the same reals
        yield {"measure": "mean", "note": f"cannot tell: {error}"}
        return
    if not whole:
        yield {"measure": "mean", "note": "cannot tell: some of its cells failed"}
        return
    for generator, found in zip(exams, unseen.above_hardest(column), strict=True):
        yield {"measure": "above_hardest", "generator": generator} | found._asdict()
    yield {"measure": "mean"} | unseen.mean(column)._asdict()
    if behind is not None:
        yield {"measure": "behind_best"} | behind._asdict()
