"""What is said across cells: comparisons within a column, configurations over training runs, and the audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.findings import finding, registry
from benchmark.plan.planner import Plan
from benchmark.results import findings as verdicts
from benchmark.results import held
from benchmark.statistics import compare, configuration

METRIC_COLUMNS = [
    "scope", "cell", "question", "table", "ledger_seed", "generator", "generator_seed", "checkpoint",
    "asked_checkpoint", "train_generator", "train_n", "train_perturbation", "detector", "detector_seed",
    "perturbation", "class", "metric", "value", "low", "high", "n_real", "n_fake", "note",
]  # fmt: skip
COMPARISON_COLUMNS = [
    "table", "cell", "best_cell", "generator", "generator_seed", "checkpoint", "detector", "best", "difference", "low",
    "high", "p", "p_holm", "separable",
]  # fmt: skip
ALARMS = {"saturated-discriminator": "FB030", "low-diversity": "FB031", "diverged": "FB032"}


def comparisons(cells: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Compares the detectors of each exam with its best one, on the same images, Holm-corrected.

    Held fixed are the exam and what was done to the lesson; the lesson's generators too, but in the table of the
    question `own`, where a detector that learned from all generators stands beside those that learned from one. With
    several detector seeds, the first speaks for each detector.
    """
    done = cells[cells["status"] == "done"]
    by_cell = _test_scores(scores)
    frames = [pd.DataFrame(columns=COMPARISON_COLUMNS)]
    for table, rows in done.groupby("table", sort=False):
        lesson = ["train_generator", "train_sources"]
        fixed = ["table", *held.EXAM, "train_n", "train_perturbation", *([] if table == "own" else lesson)]
        over = ["detector", "detector_seed", *(lesson if table == "own" else [])]
        first = rows[
            rows["detector_seed"] == rows.groupby([*fixed, "detector"], dropna=False)["detector_seed"].transform("min")
        ]
        for _, column in held.groups(first, over=over, within=fixed):
            frames.append(_compared(column, by_cell).assign(table=table)[COMPARISON_COLUMNS])
    return pd.concat(frames[1:], ignore_index=True) if frames[1:] else frames[0]


def _compared(column: pd.DataFrame, by_cell: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Compares the cells of one exam, of which each is another detector's."""
    cells = dict(zip(column["detector"], column["cell"], strict=True))
    if len(cells) < len(column):
        raise ValueError(f"A comparison has several cells of one detector: {', '.join(column['cell'].head(3))} ...")
    tested = {detector: by_cell[cell] for detector, cell in cells.items()}
    one = next(iter(tested.values()))
    is_fake, units = one["is_fake"].to_numpy(dtype=bool), one["unit"].to_numpy()
    values = {detector: frame["score"].to_numpy() for detector, frame in tested.items()}
    compared = compare.separable_from_best(values, is_fake, groups=units)
    about = {name: column[name].iloc[0] for name in ("generator", "generator_seed", "checkpoint")}
    return compared.assign(cell=compared["detector"].map(cells), best_cell=compared["best"].map(cells), **about)


def configurations(cells: pd.DataFrame, scores: pd.DataFrame, trained: set[str]) -> pd.DataFrame:
    """Says what is known of each configuration: its mean AUC over training runs, with an interval over the runs.

    Held fixed are the question, the lesson but for the seeds of its generators, the detector, and the exam but for the
    seed of its generator.

    Args:
        cells: The cells.
        scores: Their scores.
        trained: The generators that train. The seeds of others, such as a folder of finished images, are no runs.
    """
    asked = cells[cells["generator"].isin(trained) & (cells["purpose"] == "main")]
    over = ["generator_seed", "detector_seed", "train_sources"]
    fixed = [name for name in held.IDENTITY if name not in over]
    by_cell = _test_scores(scores)
    rows = []
    for _, column in held.groups(asked, over=over, within=fixed):
        runs = column[column["status"] == "done"]
        if runs.empty:
            continue
        tested = [[_tested(by_cell[cell]) for cell in same["cell"]] for _, same in runs.groupby("generator_seed")]
        found = configuration.configuration_interval(tested)
        failed = f"; {len(column) - len(runs)} more failed" if len(runs) < len(column) else ""
        about = {name: runs[name].iloc[0] for name in METRIC_COLUMNS if name in runs and name not in (*over, "cell")}
        measured = {
            "scope": "configuration",
            "metric": "auc",
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "note": found.note + failed,
        }
        rows.append(about | measured)
    return pd.DataFrame(rows, columns=METRIC_COLUMNS)


def bank_checks(about: str, folder: Path) -> list[dict[str, Any]]:
    """Returns the findings of one bank: how many values were off the reals' grid before they were snapped to it, and
    what its stage saw."""
    record = json.loads((folder / "bank.json").read_text())
    share = max(record["snapped"].values())
    advice = (
        f"{share:.1%} of the fakes' values were off the reals' {record['levels']} grey levels and were moved to the "
        "nearest: nothing to do for a generator that draws all levels; images of another tool should be made from "
        "originals with the reals' levels."
    )
    grid = finding.found("FB022", "note" if share else "pass", about=about, value=share, advice=advice if share else "")
    return [grid, *(finding.of(row, about) for row in record["audit"])]


def training_checks(about: str, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the findings of one training: signs that it collapsed or diverged, and what its options may leave."""
    rows = []
    for alarm in facts.get("alarms", []):
        number = ALARMS.get(alarm["alarm"], "FB034")
        kind = registry.KINDS[number]
        what = f" ({alarm['alarm']})" if number == "FB034" else ""
        limit = f", the limit is {alarm['limit']:.2g}" if "limit" in alarm else ""
        advice = f"Seen in epoch {alarm['epoch']}{limit}{what}: {kind.tests} {kind.todo}"
        rows.append(finding.found(number, "note", about=about, value=alarm["value"], advice=advice))
    rows += [finding.found("FB033", "note", about=about, advice=sentence) for sentence in facts.get("notes", [])]
    return rows


def audit(plan: Plan, cells: pd.DataFrame, measured: pd.DataFrame, checks: list[dict[str, Any]]) -> pd.DataFrame:
    """Returns every leak and shortcut check with its verdict: the controls', the sentinels' and the files'."""
    cells = cells[cells["table"] == "own"]
    rows: list[dict[str, Any]] = []
    at = cells.set_index("cell")
    measured = measured[measured["scope"] == "cell"]
    sentinels = {row.id for row in plan.detectors if row.plugin.attribute("sentinel")}
    values = measured.pivot(index="cell", columns="metric", values="value").reindex(cells["cell"])
    for generator in plan.generators:
        mine = values[at["generator"].reindex(values.index) == generator.id]
        names = {cell: _detector_of(at, cell, mine.index) for cell in mine.index}
        if generator.plugin.attribute("control") == "real-copy":
            p_values = {names[cell]: p for cell, p in _column(mine, "p_chance").items()}
            counts = cells[cells["generator"] == generator.id][["n_test_real", "n_test_fake"]].min()
            n = int(at.loc[mine.index, "detector"].isin(sentinels).sum())
            about = _about(generator.id, "real-copy")
            rows.append(verdicts.real_copy_verdict(p_values, *counts, about=about, sentinels=n))
        elif generator.plugin.attribute("control") == "noise":
            own = mine[~at.loc[mine.index, "detector"].isin(sentinels)]  # a sentinel that sees noise shows no learning
            aucs = {names[cell]: auc for cell, auc in _column(own, "auc").items()}
            rows.append(verdicts.noise_verdict(aucs, about=_about(generator.id, "noise")))
    intervals = measured[measured["metric"] == "auc"].set_index("cell")
    for detector in plan.detectors:
        kind = detector.plugin.attribute("sentinel")
        watched = cells[(cells["detector"] == detector.id) & (cells["purpose"] == "main")]
        if kind and len(watched):
            found = {_run_of(row, cells): _measured(row.cell, intervals, values) for row in watched.itertuples()}
            rows.extend(verdicts.sentinel_verdicts(detector.id, found, alarms=kind == "format"))
    return finding.frame([*rows, *checks])


def _about(name: str, role: str) -> str:
    """Returns the name of a control where it has another than its kind."""
    return "" if name == role else name


def _test_scores(scores: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(cell): frame for cell, frame in scores[scores["part"] == "test"].groupby("cell", observed=True)}


def _tested(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return frame["score"].to_numpy(), frame["is_fake"].to_numpy(dtype=bool), frame["unit"].to_numpy()


def _column(frame: pd.DataFrame, metric: str) -> dict[str, float]:
    return dict(frame[metric]) if metric in frame else dict.fromkeys(frame.index, float("nan"))


def _detector_of(at: pd.DataFrame, cell: str, cells: pd.Index) -> str:
    """Names a cell by its detector, and by its seeds too where that is not enough."""
    detector = str(at.loc[cell, "detector"])
    alone = (at.loc[cells, "detector"] == detector).sum() == 1
    return detector if alone else f"{detector} ({cell})"


def _run_of(row: Any, cells: pd.DataFrame) -> str:
    seeds = cells[["generator_seed", "detector_seed"]].drop_duplicates()
    return row.generator if len(seeds) == 1 else f"{row.generator} seed {row.generator_seed}, {row.detector_seed}"


def _measured(cell: str, intervals: pd.DataFrame, values: pd.DataFrame) -> verdicts.Measured:
    if cell not in intervals.index:
        return verdicts.Measured(np.nan, np.nan, np.nan, np.nan, 0, 0)
    auc = intervals.loc[cell]
    return verdicts.Measured(
        auc["value"], auc["low"], auc["high"], values.loc[cell, "p_chance"], int(auc["n_real"]), int(auc["n_fake"])
    )
