"""The table detector x generator: every metric, with intervals, failures and what is not separable from the best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reports import numbers
from reports.load import CLEAN, Run, load
from reports.words.doubts import doubts

METRICS: dict[str, tuple[str, str]] = {
    "auc": (
        "AUC",
        "Chance that a fake scores above a real image. 0.5 is guessing, 1 is perfect, below 0.5 ranks backwards.",
    ),
    "average_precision": (
        "Average precision",
        "Area under precision over recall, fakes being the positives. Guessing gives the share of fakes.",
    ),
    "accuracy": (
        "Accuracy",
        "Share of all test images judged right, at the threshold chosen on the validation part. Where reals and fakes "
        "are not equally many, it is mostly that of the larger side: the balanced accuracy stands below it.",
    ),
    "balanced_accuracy": (
        "Balanced accuracy",
        "Mean of the shares of reals and of fakes judged right, at the threshold chosen on the validation part. "
        "0.5 is guessing.",
    ),
    "tpr": ("True positive rate", "Fakes found, at the threshold chosen on the validation part."),
    "fpr": ("False positive rate", "Reals called fake, at the threshold chosen on the validation part."),
    "tpr_at_fpr_05": (
        "TPR at 5 % FPR",
        "Most fakes found with at most 5 % of the reals called fake, read off the ROC curve of the test images.",
    ),
    "tpr_at_fpr_01": (
        "TPR at 1 % FPR",
        "Most fakes found with at most 1 % of the reals called fake, read off the ROC curve of the test images.",
    ),
    "eer": ("Equal error rate", "Where both error rates meet on the ROC curve of the test images."),
    "accuracy_at_half": (
        "Accuracy at 0.5",
        "Share of all test images judged right, at a probability of one half. The mean of both sides stands below it.",
    ),
    "accuracy_real": ("Accuracy at 0.5, reals", "Reals called real, at a probability of one half."),
    "accuracy_fake": ("Accuracy at 0.5, fakes", "Fakes called fake, at a probability of one half."),
    "brier": ("Brier score", "Mean squared error of the detector's probability of a fake."),
    "nll": ("Negative log likelihood", "Of the detector's probability of a fake, in nats per image."),
    "ece": (
        "Calibration error",
        "Expected calibration error of the detector's probability; printed without a coverage claim.",
    ),
    "p_chance": (
        "p against chance",
        "One-sided test that fakes score no higher than reals, of this detector alone: not corrected for the others. "
        "Over several trainings the largest.",
    ),
}
Row = dict[str, Any]
LOWER_IS_BETTER = ("fpr", "eer", "brier", "nll", "ece")


@dataclass(frozen=True)
class Entry:
    """One place in the table.

    Attributes:
        value: The metric, NaN when there is none.
        low: Lower end of its interval, or NaN.
        high: Upper end, or NaN.
        status: `"done"`, `"failed"`, `"undefined"` (ran, but the metric has no value) or `"absent"` (no such cell).
        note: Why there is no value, or what to know about it.
        runs: Training runs behind the value.
        best: The comparison names this detector the best of its column.
        tied: The comparison cannot separate it from the best.
        each: The values that a mean is of, one for each run.
    """

    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    status: str = "absent"
    note: str = ""
    runs: int = 1
    best: bool = False
    tied: bool = False
    each: tuple[float, ...] = ()


def table(run: Run, metric: str = "auc") -> dict[tuple[str, str], Entry]:
    """Computes one metric for all pairs.

    Args:
        run: A run.
        metric: A name out of `metrics.csv`. Defaults to `"auc"`.

    Returns:
        (detector id, generator id) -> entry; complete over all pairs. With several training runs it is the
        configuration's row; without one, their mean and no interval.
    """
    rows = run.metric_rows.get(metric, [])
    values = {row["cell"]: row for row in rows if row["scope"] == "cell"}
    whole = {
        (row["detector"], row["generator"]): row
        for row in rows
        if row["scope"] == "configuration" and row["perturbation"] in CLEAN
    }
    marks = _marks(run) if metric == "auc" else {}
    groups: dict[tuple[str, str], list[Row]] = {}
    for cell in run.main_rows:
        groups.setdefault((cell["detector"], cell["generator"]), []).append(cell)
    pairs = [(detector.id, generator.id) for detector in run.detectors for generator in run.generators]
    over = np.max if metric == "p_chance" else np.mean  # a mean of p-values is none
    entries = {
        pair: _entry(groups.get(pair, []), values, whole.get(pair), over, *marks.get(pair, (False, False)))
        for pair in pairs
    }
    return _one_best(entries)


def balanced(run: Run, metric: str) -> dict[tuple[str, str], Entry]:
    """Returns what stands beside an accuracy, for sets of which one side is larger: the mean of both sides' shares.

    Args:
        run: A run.
        metric: `"accuracy"` or `"accuracy_at_half"`; any other has nothing beside it.

    Returns:
        As `table`; without an interval where `metrics.csv` has none for it.
    """
    if metric == "accuracy" and (run.metrics["metric"] == "balanced_accuracy").any():
        return table(run, "balanced_accuracy")
    sides = {"accuracy": ("tpr", "fpr"), "accuracy_at_half": ("accuracy_fake", "accuracy_real")}.get(metric)
    if sides is None:
        return {}
    fakes, others = (table(run, side) for side in sides)
    found = {}
    for pair, fake in fakes.items():
        if fake.status == others[pair].status == "done":
            right = 1 - others[pair].value if metric == "accuracy" else others[pair].value
            found[pair] = Entry((fake.value + right) / 2, status="done")
    return found


def first_cells(run: Run) -> dict[tuple[str, str], Entry]:
    """Returns the AUC of the one cell of each pair that figures of single trainings draw: the first that is done."""
    values = {row["cell"]: row for row in run.metric_rows.get("auc", []) if row["scope"] == "cell"}
    found: dict[tuple[str, str], Entry] = {}
    for cell in run.main_rows:
        pair = cell["detector"], cell["generator"]
        if cell["status"] == "done" and pair not in found:
            found[pair] = _entry([cell], values, None, np.mean, best=False, tied=False)
    return found


def frame(run: Run, metric: str = "auc") -> pd.DataFrame:
    """The same as a frame: detector, generator, value, low, high, status, note, runs, best, tied."""
    rows = [
        {"detector": detector, "generator": generator} | vars(entry)
        for (detector, generator), entry in table(run, metric).items()
    ]
    columns = [name for name in Entry.__dataclass_fields__ if name != "each"]
    return pd.DataFrame(rows, columns=["detector", "generator", *columns])


def metric_names(run: Run) -> list[str]:
    """The metrics this run has, the known ones first and in the order of the table's switch."""
    present = set(run.metrics["metric"]) - {""}
    known = [name for name in METRICS if name in present]
    return (known + sorted(present - set(known))) or ["auc"]


def configurations(run: Run, metric: str | None = None) -> pd.DataFrame:
    """The rows of scope `configuration`: what holds for a generator's settings, over its training runs."""
    rows = run.metrics[(run.metrics["scope"] == "configuration") & run.metrics["perturbation"].isin(CLEAN)]
    return rows if metric is None else rows[rows["metric"] == metric]


def text(entry: Entry, metric: str = "auc") -> str:
    """What stands in the table for an entry, without its interval."""
    if entry.status == "failed":
        return "failed"
    if entry.status == "absent":
        return "not run"
    if entry.status == "undefined":
        return "not resolvable" if "resolv" in entry.note else "not defined"
    return numbers.number(entry.value, bounded=numbers.is_bounded(metric))


def summary_rows(run_folder: Path) -> list[dict[str, object]]:
    """The table of AUCs as plain data, for a terminal.

    Args:
        run_folder: A run folder.

    Returns:
        One dictionary per generator and detector, generators in the order of the run, detectors from the best
        down: generator, detector, auc, low, high (float or None) and note.
    """
    run = load(run_folder)
    entries, doubtful = table(run), doubts(run)
    rows: list[dict[str, object]] = []
    for generator in run.generators:
        column = [(detector, entries[detector.id, generator.id]) for detector in run.detectors]
        for detector, entry in sorted(column, key=lambda pair: -np.nan_to_num(pair[1].value, nan=-1.0)):
            if entry.status == "absent":
                continue
            roles = [f"control {generator.role}"] if generator.role else []
            roles += ["sentinel"] if detector.role else []
            marks = ["best"] if entry.best else ["not separable from the best"] if entry.tied else []
            marks += [f"doubtful: {', '.join(doubtful[generator.id])}"] if doubtful.get(generator.id) else []
            notes = [f"failed: {entry.note}"] if entry.status == "failed" else [entry.note] if entry.note else []
            rows.append(
                {
                    "generator": generator.id,
                    "detector": detector.id,
                    "auc": _known(entry.value),
                    "low": _known(entry.low),
                    "high": _known(entry.high),
                    "note": "; ".join(roles + marks + notes),
                }
            )
    return rows


def _entry(
    cells: list[Row], values: dict[str, Row], whole: Row | None, over: Callable, best: bool, tied: bool
) -> Entry:
    if not cells:
        return Entry()
    errors = [cell["error"] or "no error text" for cell in cells if cell["status"] != "done"]
    done = [cell["cell"] for cell in cells if cell["status"] == "done"]
    if not done:
        return Entry(status="failed", note=errors[0], runs=len(errors))
    notes = [f"{len(errors)} of {len(cells)} cells failed: {errors[0]}"] if errors else []
    found = [values[cell] for cell in done if cell in values]
    row = whole if len(done) > 1 and whole else found[0] if found else None
    if row is None:
        return Entry(status="undefined", note="; ".join([*notes, "not in metrics.csv"]), runs=len(done))
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    if len(found) > 1 and not whole:
        value, low, high = float(over([row["value"] for row in found])), np.nan, np.nan
        what = "largest" if over is np.max else "mean"
        notes.append(f"{what} of {len(found)} cells, without an interval: cannot tell")
    note = "; ".join([*notes, *([row["note"]] if row["note"] else [])])
    each = tuple(float(row["value"]) for row in found)
    return Entry(value, low, high, "undefined" if np.isnan(value) else "done", note, len(done), best, tied, each)


def _one_best(entries: dict[tuple[str, str], Entry]) -> dict[tuple[str, str], Entry]:
    """Where training runs name different detectors the best, the highest value is it and the others tie."""
    highest: dict[str, float] = {}
    for (_, generator), entry in entries.items():
        if entry.best:
            highest[generator] = max(entry.value, highest.get(generator, -np.inf))
    return {
        (detector, generator): replace(entry, best=False, tied=True)
        if entry.best and entry.value < highest[generator]
        else entry
        for (detector, generator), entry in entries.items()
    }


def _marks(run: Run) -> dict[tuple[str, str], tuple[bool, bool]]:
    """(detector, generator) -> (is the best, cannot be separated from it), in at least one training run.

    Controls get no marks: among detectors of copies or of noise, a best means nothing.
    """
    marks: dict[tuple[str, str], tuple[bool, bool]] = {}
    controls = {generator.id for generator in run.generators if generator.role}
    for row in run.comparisons[~run.comparisons["generator"].isin(controls)].itertuples():
        was_best, was_tied = marks.get((row.detector, row.generator), (False, False))
        best = row.detector == row.best
        marks[row.detector, row.generator] = (was_best or best, was_tied or (not best and not row.separable))
        first = marks.get((row.best, row.generator), (False, False))
        marks[row.best, row.generator] = (True, first[1])
    return {key: (best, tied and not best) for key, (best, tied) in marks.items()}


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
