"""What is said across cells: the findings of the audit. Means are made in `over_runs`, ranks in `rankings`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.findings import finding, registry
from benchmark.plan.planner import Plan
from benchmark.results import findings as verdicts

METRIC_COLUMNS = [
    "scope", "cell", "question", "table", "ledger_seed", "generator", "generator_seed", "checkpoint",
    "asked_checkpoint", "train_generator", "train_checkpoint", "train_n", "train_draw", "train_perturbation",
    "detector", "detector_seed", "perturbation", "class", "metric", "value", "low", "high", "n_real", "n_fake", "note",
]  # fmt: skip
ALARMS = {"saturated-discriminator": "FB030", "low-diversity": "FB031", "diverged": "FB032"}


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


def _column(frame: pd.DataFrame, metric: str) -> dict[str, float]:
    return dict(frame[metric]) if metric in frame else dict.fromkeys(frame.index, float("nan"))


def _detector_of(at: pd.DataFrame, cell: str, cells: pd.Index) -> str:
    """Names a cell by its detector, and by its seeds too where that is not enough."""
    detector = str(at.loc[cell, "detector"])
    alone = (at.loc[cells, "detector"] == detector).sum() == 1
    return detector if alone else f"{detector} ({cell})"


def _run_of(row: Any, cells: pd.DataFrame) -> str:
    seeds = cells[["generator_seed", "detector_seed"]].drop_duplicates()
    name = row.generator if len(seeds) == 1 else f"{row.generator} seed {row.generator_seed}, {row.detector_seed}"
    return name if cells["ledger_seed"].nunique() == 1 else f"{name} ledger {row.ledger_seed}"


def _measured(cell: str, intervals: pd.DataFrame, values: pd.DataFrame) -> verdicts.Measured:
    if cell not in intervals.index:
        return verdicts.Measured(np.nan, np.nan, np.nan, np.nan, 0, 0)
    auc = intervals.loc[cell]
    return verdicts.Measured(
        auc["value"], auc["low"], auc["high"], values.loc[cell, "p_chance"], int(auc["n_real"]), int(auc["n_fake"])
    )
