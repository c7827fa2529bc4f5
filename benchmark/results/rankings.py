"""Who stands where: detectors among themselves on each exam, and generators among themselves for each detector."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from benchmark.results import held
from benchmark.statistics.columns import best, compare
from benchmark.statistics.columns import ranks as ranking
from benchmark.statistics.columns.column import Column, of_detectors
from benchmark.statistics.columns.column_of_runs import of_runs
from data.holm import holm

COMPARISON_COLUMNS = [
    "table", "cell", "best_cell", "generator", "generator_seed", "checkpoint", "detector", "best", "difference", "low",
    "high", "p", "p_holm", "separable", "sentinel",
]  # fmt: skip
TOLD = ("detector", "best", "difference", "low", "high", "p", "p_holm", "separable")
HELD = [
    "ledger_seed", "generator", "generator_seed", "checkpoint", "asked_checkpoint", "perturbation", "train_generator",
    "train_checkpoint", "train_n", "train_draw", "train_perturbation", "detector",
]  # fmt: skip
RANKED = [
    "value", "compared", "rank_low", "rank_high", "group", "may_be_best", "margin_low", "margin_high", "best_low",
    "best_high",
]  # fmt: skip
RANK_COLUMNS = ["table", "scope", *HELD, "name", *RANKED, "p_chance", "p_chance_holm", "tells", "note"]
CHANCE = 0.99  # family-wise, as the control `real-copy` is judged
NOT_RANKED = "sentinel: not ranked"


@dataclass(frozen=True)
class Exam:
    """The cells of one exam, each of another detector, and their column.

    Attributes:
        cells: A row for each.
        sentinel: bool `(k,)`, which are none of the detectors that are compared.
        column: Of all of them.
        detectors: Of those that are no sentinels; of all, where nothing else is there.
    """

    cells: pd.DataFrame
    sentinel: np.ndarray
    column: Column
    detectors: Column


def exams(cells: pd.DataFrame, scores: held.Scores, sentinels: Collection[str] = ()) -> list[Exam]:
    """Returns the exams of all tables.

    Held fixed are the exam and what was done to the lesson; the lesson's generators too, but in the table of the
    question `own`, where a detector that learned from all generators stands beside those that learned from one. With
    several detector seeds, the first speaks for each detector.

    Args:
        cells: The cells.
        scores: Their scores.
        sentinels: Ids of the detectors that only watch.
    """
    return list(_exams(cells[cells["status"] == "done"], held.test_scores(scores), sentinels))


def _exams(done: pd.DataFrame, by_cell: Mapping[str, pd.DataFrame], sentinels: Collection[str]) -> Iterator[Exam]:
    for table, rows in done.groupby("table", sort=False):
        lesson = ["train_generator", "train_sources"]
        changes = ["ledger_seed", "train_checkpoint", "train_n", "train_draw", "train_perturbation"]
        fixed = ["table", *held.EXAM, *changes, *([] if table == "own" else lesson)]
        over = ["detector", "detector_seed", *(lesson if table == "own" else [])]
        seeds = rows.groupby([*fixed, "detector"], dropna=False)["detector_seed"]
        for _, cells in held.groups(rows[rows["detector_seed"] == seeds.transform("min")], over=over, within=fixed):
            yield _exam(cells, by_cell, sentinels)


def _exam(cells: pd.DataFrame, by_cell: Mapping[str, pd.DataFrame], sentinels: Collection[str]) -> Exam:
    if cells["detector"].nunique() < len(cells):
        raise ValueError(f"A comparison has several cells of one detector: {', '.join(cells['cell'].head(3))} ...")
    frames = dict(zip(cells["detector"], (by_cell[cell] for cell in cells["cell"]), strict=True))
    _, is_fake, units = held.run(next(iter(frames.values())))
    column = of_detectors({name: frame["score"].to_numpy() for name, frame in frames.items()}, is_fake, groups=units)
    sentinel = cells["detector"].isin(list(sentinels)).to_numpy()
    if sentinel.all() or not sentinel.any():
        return Exam(cells, np.zeros(len(cells), dtype=bool), column, column)
    return Exam(cells, sentinel, column, column.only(~sentinel))


def comparisons(found: list[Exam]) -> pd.DataFrame:
    """Compares the detectors of each exam with its best one, on the same images; a sentinel too, which is never it."""
    rows = []
    for exam in found:
        told = compare.rows_from_best(exam.detectors)
        if exam.sentinel.any():
            all_of_them = compare.rows_from_best(exam.column, among=~exam.sentinel)
            told = [*told, *(row for row, only in zip(all_of_them, exam.sentinel, strict=True) if only)]
        cells = dict(zip(exam.cells["detector"], exam.cells["cell"], strict=True))
        about = {name: exam.cells[name].iloc[0] for name in ("table", "generator", "generator_seed", "checkpoint")}
        sentinels = set(exam.cells["detector"][exam.sentinel])
        for detector, best_one, *numbers in told:
            row = about | {"cell": cells[detector], "best_cell": cells[best_one], "sentinel": detector in sentinels}
            rows.append(row | dict(zip(TOLD, (detector, best_one, *numbers), strict=True)))
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)


def ranks(
    found: list[Exam], cells: pd.DataFrame, scores: held.Scores, p_chance: pd.Series, trained: Collection[str]
) -> pd.DataFrame:
    """Ranks the detectors of each exam, and the generators that are no controls for each detector.

    Args:
        found: The exams.
        cells: The cells.
        scores: Their scores.
        p_chance: One-sided p-value of each cell, by its id.
        trained: The generators that train: several seeds of another, such as a folder, are no training runs.
    """
    about = cells.set_index("cell", drop=False)[["table", *HELD]].to_dict("index")  # of all at once: it is slow
    rows = [row for exam in found for row in _of_exam(exam, about, p_chance)]
    sentinels = {name for exam in found for name in exam.cells["detector"][exam.sentinel]}
    done = cells[(cells["status"] == "done") & (cells["purpose"] == "main")]
    judged = list(_judged(done, held.test_scores(scores), p_chance, trained))
    _tell(judged, sentinels)
    return pd.DataFrame([*rows, *judged], columns=RANK_COLUMNS)


def _of_exam(exam: Exam, known: Mapping[str, Any], p_chance: pd.Series) -> Iterator[dict[str, Any]]:
    p = p_chance.reindex(exam.cells["cell"]).to_numpy(float)
    adjusted = holm(np.where(exam.sentinel, np.nan, p))
    ranked = iter(_ranked(exam.detectors))
    for at, cell in enumerate(exam.cells["cell"]):
        about = known[cell] | {"scope": "detectors", "name": known[cell]["detector"]}
        chance = {"p_chance": p[at]}
        if exam.sentinel[at]:
            yield about | chance | {"value": exam.column.values[at], "note": NOT_RANKED}
        else:
            yield about | chance | _family(adjusted[at]) | next(ranked)


def _judged(
    done: pd.DataFrame, by_cell: Mapping[str, pd.DataFrame], p_chance: pd.Series, trained: Collection[str]
) -> Iterator[dict[str, Any]]:
    for table, rows in done.groupby("table", sort=False):
        lesson = [] if table == "own" else ["train_generator"]
        fixed = [
            "table", "ledger_seed", "asked_checkpoint", "perturbation", "train_checkpoint", "train_n", "train_draw",
            "train_perturbation", "detector", *lesson,
        ]  # fmt: skip
        over = ["generator", "generator_seed", "detector_seed", "train_sources", "train_generator"]
        for _, cells in held.groups(rows, over=[name for name in over if name not in lesson], within=fixed):
            yield from _of_detector(cells, by_cell, p_chance, trained, fixed)


def _of_detector(
    cells: pd.DataFrame,
    by_cell: Mapping[str, pd.DataFrame],
    p_chance: pd.Series,
    trained: Collection[str],
    fixed: list[str],
) -> Iterator[dict[str, Any]]:
    """Yields a row for each generator that one detector judges."""
    runs: dict[str, list[list[tuple[Any, ...]]]] = {}
    first: dict[str, str] = {}
    for name, mine in cells.groupby("generator", sort=False):
        by_seed = [same for _, same in mine.groupby("generator_seed")]
        by_seed = by_seed if name in trained else by_seed[:1]
        runs[str(name)] = [[held.run(by_cell[cell]) for cell in same["cell"]] for same in by_seed]
        first[str(name)] = str(by_seed[0]["cell"].iloc[0])
    try:
        column = of_runs(runs)
    except ValueError as error:  # they were not tested on the same reals
        column, why = None, f"cannot tell: {error}"
    ranked = [{"note": why}] * len(runs) if column is None else _ranked(column)
    for at, (name, row) in enumerate(zip(runs, ranked, strict=True)):
        p = float(p_chance.get(first[name], np.nan))
        if column is not None and len(runs[name]) > 1:
            p = _above_chance(column, at, len(runs[name]))
        note = row["note"] or ("one training run: these are cells, not configurations" if len(runs[name]) == 1 else "")
        about = {column: cells[column].iloc[0] for column in fixed}
        yield about | {"scope": "configurations", "generator": name, "name": name, "p_chance": p} | row | {"note": note}


def _above_chance(column: Column, at: int, runs: int) -> float:
    """Returns the one-sided p-value of a mean over training runs against 0.5."""
    error = float(np.sqrt(column.covariance[at, at]))
    gap = float(column.values[at]) - 0.5
    return float(special.stdtr(runs - 1, -gap / error)) if error > 0 else float(gap <= 0)


def _ranked(column: Column) -> list[dict[str, Any]]:
    found, k = ranking.ranks(column), len(column.names)
    if k == 1:
        low, high = column.interval(0.95)
        return [{"value": column.values[0], "compared": 1, "best_low": low[0], "best_high": high[0], "note": ""}]
    chosen, together = best.multiple_comparisons(column), best.simultaneous(column)
    rows = []
    for at in range(k):
        row = {"value": column.values[at], "compared": k, "note": found.note}
        row |= {"best_low": together[0][at], "best_high": together[1][at]}
        row |= {"may_be_best": chosen.may_be[at], "margin_low": chosen.low[at], "margin_high": chosen.high[at]}
        if not found.note:
            row |= {"rank_low": found.low[at], "rank_high": found.high[at], "group": found.groups[at]}
        rows.append(row)
    return rows


def _family(p: float) -> dict[str, Any]:
    return {"p_chance_holm": p, "tells": None if np.isnan(p) else bool(p <= 1 - CHANCE)}


def _tell(rows: list[dict[str, Any]], sentinels: Collection[str]) -> None:
    """Adjusts the p-values of the detectors that judge the same generator for their number."""
    families: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        if row["detector"] not in sentinels:
            about = (row.get(name) for name in ("table", *HELD) if name != "detector")
            families.setdefault(tuple(str(value) for value in about), []).append(row)
    for family in families.values():
        for row, p in zip(family, holm([row["p_chance"] for row in family]), strict=True):
            row.update(_family(p))
