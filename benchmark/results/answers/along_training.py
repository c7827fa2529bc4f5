"""How detectability and quality change along each training, and over a sampling option of one training."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plan.cell import LAST
from benchmark.plan.planner import Plan
from benchmark.results import held
from benchmark.results.answers import Known, points
from benchmark.statistics import courses
from benchmark.statistics.columns import ranks as ranking
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.statistics.columns.configuration import mean_interval

NAME = "along_training"
OVER = ["ledger_seed", "generator_seed", "detector_seed", "train_sources"]
FD = ["fd", "fd_low", "fd_high"]
COLUMNS = [
    "kind", "generator", "detector", "lesson", "checkpoint", "epoch", "is_last", "family", "sampling", "runs", "value",
    "low", "high", *FD, "frontier", "note",
]  # fmt: skip
UNKNOWN = "only the last checkpoint is tested: which others there will be is not known before its training"


def table(known: Known) -> pd.DataFrame:
    """Returns a row for each number; `kind` says which.

    Of `auc`, `value` is the mean AUC of a detector at a checkpoint over training runs, `fd` the Fréchet distance of
    that checkpoint's fakes, and `frontier` whether no other is both harder for that detector and better. Of `hardest`,
    `value` is the epoch of the lowest mean AUC and `low` and `high` the first and last epoch that may have the lowest;
    from `epoch` on all may. Of `together`, `value` is the rank correlation of FD and AUC along the training.

    Args:
        known: What the answer is made of.
    """
    cells = _cells(known)
    scores = known.tested
    quality = _by_checkpoint(known.generators)
    families, rows = _families(known.plan), []
    for (generator, detector), mine in cells.groupby(["generator", "detector"], sort=False):
        about = {"generator": generator, "detector": detector} | families[str(generator)]
        for lesson, same in mine.groupby("lesson", sort=False):
            course = list(_course(same, scores, quality))
            rows += [about | {"kind": "auc", "lesson": lesson} | point for point in course]
            if lesson == "own" and len(course) > 1:
                rows.append(about | {"kind": "hardest", "lesson": lesson} | _hardest(same, scores))
                rows.append(about | {"kind": "together", "lesson": lesson} | _together(same, scores, quality))
    found = pd.DataFrame(rows, columns=COLUMNS)
    return _with_frontier(found).astype({"runs": "Int64"})


def _cells(known: Known) -> pd.DataFrame:
    """Returns the cells of all checkpoints of each detector that was asked, the usual ones as those of the last.

    `lesson` says what each has learned from: its own checkpoint's fakes or the last one's. That of the last is both.
    """
    cells = known.cells
    asked = cells[cells["question"] == NAME]
    usual = cells[(cells["question"] == "own") & (cells["purpose"] == "main")]
    able = {row.id for row, _ in known.plan.rows.askable}
    usual = usual[usual["detector"].isin(able)]
    asked = asked.assign(lesson=np.where(asked["train_checkpoint"] == asked["asked_checkpoint"], "own", "last"))
    taught = list(known.options(NAME).lesson)
    both = pd.concat([asked, *(usual.assign(lesson=lesson) for lesson in taught)], ignore_index=True)
    names = both["checkpoint"].where(both["checkpoint"].notna(), both["asked_checkpoint"])
    both = both.assign(checkpoint=names, is_last=both["asked_checkpoint"] == LAST, epoch=names.map(_epoch))
    both = both.sort_values("is_last", ascending=False, kind="stable")  # a training that ended early has its last twice
    of = ["ledger_seed", "generator", "generator_seed", "detector", "detector_seed", "lesson", "checkpoint"]
    twice = both.duplicated(of) & (both["status"] == "done")
    return both[~twice].sort_index()


def _epoch(checkpoint: str) -> float:
    number = re.search(r"(\d+)\D*$", str(checkpoint))
    return float(number[1]) if number else np.nan


def _by_checkpoint(generators: pd.DataFrame) -> pd.DataFrame:
    """Returns the Fréchet distance of each checkpoint of each training; no rows where it was not measured."""
    index = ["ledger_seed", "generator", "generator_seed", "checkpoint"]
    if not {*FD} <= {*generators}:
        return pd.DataFrame(columns=[*index, *FD]).set_index(index)
    frame = generators.assign(**{name: pd.to_numeric(generators[name], errors="coerce") for name in FD})
    return frame[frame["fd"].notna()].set_index(index)[FD]


def _course(cells: pd.DataFrame, scores: dict[str, pd.DataFrame], quality: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yields the points of one course in the order of the training."""
    found = []
    same = cells.assign(table="", train_checkpoint="")  # which, the group says
    for asked, rows in held.groups(same, over=OVER, within=["asked_checkpoint"]):
        done, last = rows[rows["status"] == "done"], asked[0] == LAST
        point = points.mean(done, scores, drawn=False) if len(done) else {}
        failed = f"{len(rows) - len(done)} of {len(rows)} cells failed" if len(done) < len(rows) else ""
        lonely = UNKNOWN if last and cells["asked_checkpoint"].nunique() == 1 else ""
        note = "; ".join(part for part in (point.pop("note", ""), failed, lonely) if part)
        point.pop("draws", None)
        about = {name: rows[name].iloc[0] for name in ("checkpoint", "epoch", "is_last")}
        found.append(about | point | _distance(rows, quality) | {"note": note})
    yield from sorted(found, key=lambda point: (point["is_last"], point["epoch"]))


def _distance(rows: pd.DataFrame, quality: pd.DataFrame) -> dict[str, float]:
    """Returns the mean Fréchet distance of a checkpoint over training runs, or over splits of the reals."""
    known = rows[quality.index.names].drop_duplicates().join(quality, on=quality.index.names, how="inner")
    known = known.drop_duplicates(["ledger_seed", *FD])  # equal fakes of two seeds count once
    if known["ledger_seed"].nunique() > 1:
        known = known.groupby("ledger_seed")[FD].mean()
    if len(known) < 2:
        return {name: float(known[name].iloc[0]) if len(known) else np.nan for name in FD}
    return dict(zip(FD, mean_interval(*known[FD].to_numpy().T, least=0.0), strict=True))


def _hardest(cells: pd.DataFrame, scores: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Says at which checkpoint the AUC is lowest, and which others may have the lowest: those that none is told from.

    All pairs are tested, stepping down, as for ranks. Reals are shared by all checkpoints, and fakes taken for
    independent, which those of equal latent vectors need not be: then differences vary less than is allowed for.
    """
    first = cells[(cells["ledger_seed"] == cells["ledger_seed"].min()) & (cells["status"] == "done")]
    seeds = first.groupby("asked_checkpoint")["generator_seed"].agg(frozenset)
    whole = seeds[seeds == frozenset.union(*seeds)].index if len(seeds) else []
    runs, epochs = {}, {}
    for name in whole:
        rows = first[first["asked_checkpoint"] == name]
        tested = [[held.run(scores[cell]) for cell in same["cell"]] for _, same in rows.groupby("generator_seed")]
        runs[name] = tested
        epochs[name] = float(rows["epoch"].iloc[0])
    if len(runs) < 2 or np.isnan(list(epochs.values())).any():
        return {"note": "cannot tell: fewer than two checkpoints are known by their epoch"}
    try:
        column = of_runs(runs)
    except ValueError as error:  # they were not tested on the same reals
        return {"note": f"cannot tell: {error}"}
    order = np.argsort([epochs[name] for name in column.names])
    epoch = np.array([epochs[name] for name in column.names])[order]
    ranked = ranking.ranks(column)
    may, values = (ranked.high == len(order))[order], column.values[order]
    tail = np.logical_and.accumulate(may[::-1])[::-1]
    lowest = int(np.argmin(values))
    names = np.array(column.names, dtype=object)[order]
    checkpoint = first.loc[first["asked_checkpoint"] == names[lowest], "checkpoint"].iloc[0]
    return {
        "checkpoint": checkpoint, "value": epoch[lowest], "low": epoch[may].min(), "high": epoch[may].max(),
        "epoch": epoch[tail].min() if tail.any() else np.nan, "runs": len(next(iter(runs.values()))),
        "note": ranked.note or ("" if cells["ledger_seed"].nunique() == 1 else "of the first split of the real images"),
    }  # fmt: skip


def _together(cells: pd.DataFrame, scores: dict[str, pd.DataFrame], quality: pd.DataFrame) -> dict[str, Any]:
    """Says whether FD and AUC rise and fall together along the training, see `statistics.courses`."""
    done = cells[cells["status"] == "done"]
    of_runs = []
    for _, rows in done.groupby(["ledger_seed", "generator_seed"]):
        points_of = [
            (one["epoch"].iloc[0], points.mean(one, scores, drawn=False)["value"], _distance(one, quality)["fd"])
            for _, one in rows.groupby("asked_checkpoint")
        ]
        _, auc, fd = np.array(sorted(points_of)).T
        of_runs.append((fd, auc))
    if all(np.isnan(fd).all() for fd, _ in of_runs):
        return {"runs": len(of_runs), "note": "cannot tell: quality was not measured"}
    found = courses.together(of_runs)
    return {"runs": len(of_runs), "value": found.value, "low": found.low, "high": found.high, "note": found.note}


def _families(plan: Plan) -> dict[str, dict[str, str]]:
    """Says of each generator which others are of the same training, and by which sampling options they differ."""
    first: dict[str, str] = {}
    rows = {row.id: row for row in plan.generators}
    names: dict[str, list[str]] = {}
    for run in plan.rows.runs:
        first.setdefault(run.generator.id, run.trained.key)
    for name, key in first.items():
        names.setdefault(key, []).append(name)
    found = {}
    for name, key in first.items():
        row, several = rows[name], len(names[key]) > 1
        default = {option.name: option.default for option in row.plugin.options}
        differ = [
            option
            for option in row.plugin.attribute("sampling_options", ())
            if len({repr(rows[other].options.get(option, default.get(option))) for other in names[key]}) > 1
        ]
        said = ", ".join(f"{option} = {(default | row.options).get(option)}" for option in differ)
        found[name] = {"family": names[key][0] if several else "", "sampling": said if several else ""}
    return found


def _with_frontier(found: pd.DataFrame) -> pd.DataFrame:
    """Marks for each detector the points that no other beats in both: a lower AUC and a lower FD."""
    found["frontier"] = pd.array([pd.NA] * len(found), dtype="boolean")
    able = found[(found["kind"] == "auc") & (found["lesson"] == "own") & found["value"].notna() & found["fd"].notna()]
    for _, rows in able.groupby("detector"):
        both = rows[["value", "fd"]].to_numpy(float)
        beaten = [((both <= one).all(axis=1) & (both < one).any(axis=1)).any() for one in both]
        found.loc[rows.index, "frontier"] = ~np.array(beaten)
    return found
