"""What is said of a configuration over its seeds: the mean of each metric, and how much each kind of seed changes it.

A mean over trainings of a generator has an interval that another training is in. Finished images, and a generator that
makes the same images from every seed, have no trainings: their mean is over trainings of the detector. Where nothing
can be told, the note says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark.results import held
from benchmark.results.held import run, test_scores, tested
from benchmark.results.summarise import METRIC_COLUMNS
from benchmark.statistics import intervals
from benchmark.statistics.columns import components as parts
from benchmark.statistics.columns import configuration
from benchmark.statistics.delong import components as components_of
from benchmark.statistics.ranking import Ranking

SEEDS = ["ledger_seed", "generator_seed"]
OVER = ["ledger_seed", "generator_seed", "detector_seed", "train_sources"]
FIXED = [name for name in held.IDENTITY if name not in OVER]
COMPONENT_COLUMNS = [
    "table", "generator", "asked_checkpoint", "train_generator", "train_checkpoint", "train_n", "train_draw",
    "train_perturbation", "perturbation", "detector", "component", "levels", "variance", "sd", "low", "high", "note",
]  # fmt: skip
RUN_COLUMNS = ["generator", "measure", "runs", "value", "low", "high", "note"]
POSITIVE = ("nll", "fd", "density", "fid")
UNBOUNDED = (*POSITIVE, "kd", "kid", "difference", "shift_real", "shift_fake")
NOT_MEANT = ("p_chance",)  # a mean of p-values is no p-value
COLLAPSED = "collapsed"
UNDEFINED = "not defined in every run"


def configurations(
    cells: pd.DataFrame,
    scores: held.Scores,
    trained: set[str],
    measured: pd.DataFrame | None = None,
    banks: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Says what is known of each configuration: the mean of each metric over its seeds, with an interval.

    Held fixed are the question, the lesson but for the seeds of its generators, the detector, and the exam but for the
    seed of its generator.

    Args:
        cells: The cells.
        scores: Their scores.
        trained: The generators that train. The seeds of others, such as a folder of finished images, are no runs.
        measured: The metrics of each cell. Defaults to `None`: only the AUC over trainings is summed up.
        banks: Of each cell a digest of the fakes: equal ones are counted once. Defaults to `None`, none are equal.
    """
    by_cell = test_scores(scores)
    known = by_metric(measured)
    rows = []
    for column in _columns(cells):
        done = column["status"].eq("done").to_numpy()
        runs = column if done.all() else column[done]
        is_run = runs["generator"].iloc[0] in trained and runs["purpose"].iloc[0] == "main" if len(runs) else False
        if runs.empty or not (is_run or len(runs) > 1):
            continue
        distinct, note = without_repeats(runs, banks or {})
        failed = f"; {len(column) - len(runs)} more failed" if len(runs) < len(column) else ""
        first = dict(zip(runs.columns, next(runs.itertuples(index=False, name=None)), strict=True))
        about = {name: first[name] for name in METRIC_COLUMNS if name in first and name not in (*OVER, "cell")}
        about |= {"ledger_seed": runs["ledger_seed"].iloc[0] if runs["ledger_seed"].nunique() == 1 else np.nan}
        several = distinct["generator_seed"].nunique() > 1 or not note  # trainings that differ
        for metric in known or ("auc",):
            found = _found(metric, distinct, known.get(metric, {}), by_cell, is_run and several)
            if found is not None:
                value, low, high, said = found
                said = "; ".join(filter(None, [said, note])) + failed
                measures = {"scope": "configuration", "metric": metric, "value": value, "low": low, "high": high}
                rows.append(about | measures | {"note": said})
    return pd.DataFrame(rows, columns=METRIC_COLUMNS)


def components(
    cells: pd.DataFrame, scores: held.Scores, trained: set[str], banks: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Returns the variance components of the AUC of each detector on each configuration with several seeds.

    Args:
        cells, scores, trained, banks: As in `configurations`.

    Returns:
        A frame of `COMPONENT_COLUMNS`; `low` and `high` are of the variance, whose root `sd` is.
    """
    by_cell = test_scores(scores)
    rows = []
    for column in _columns(cells[cells["purpose"] == "main"]):
        runs = column[column["status"] == "done"]
        if len(runs) < 2:
            continue
        distinct, note = without_repeats(runs, banks or {})
        is_run = runs["generator"].iloc[0] in trained
        if not is_run:  # how a seed deals finished images to the parts is no training
            distinct = distinct[distinct["generator_seed"] == distinct["generator_seed"].min()]
            note = note or "cannot tell: finished images, no trainings"
        placed = []
        for row in distinct.itertuples():
            of_cell, is_fake, units = tested(by_cell[str(row.cell)])
            place = (int(row.ledger_seed), int(row.generator_seed), int(row.detector_seed))
            placed.append(parts.Trained(*place, of_cell, is_fake, units))
        about = {name: runs[name].iloc[0] for name in COMPONENT_COLUMNS if name in runs}
        for found in parts.components(placed):
            row = found._asdict() | {"sd": np.sqrt(found.variance)}
            if note and found.component == parts.FACTORS[1]:
                row["note"] = note if note.startswith("cannot tell") else f"cannot tell: {note}"
            rows.append(about | row)
    return pd.DataFrame(rows, columns=COMPONENT_COLUMNS)


def of_trainings(trainings: pd.DataFrame, generators: pd.DataFrame, measures: Sequence[str]) -> pd.DataFrame:
    """Returns what is known of each generator over its trainings: the share that collapsed, and the quality of images.

    Args:
        trainings: One row for each finished training: generator, ledger_seed, generator_seed, collapsed (why, or
            empty; `None` where nothing watches for it) and digest of its fakes.
        generators: Of `generators.csv`, whose last checkpoint of each training speaks for it.
        measures: Columns of quality in there, each with `_low` and `_high`.
    """
    rows: list[dict[str, Any]] = []
    for name, all_runs in trainings.groupby("generator", sort=False):
        runs = all_runs.drop_duplicates(["ledger_seed", "digest"])
        same = len(all_runs) - len(runs)
        note = f"{len(all_runs)} seeds made {len(runs)} different sets of images: equal ones count once" if same else ""
        rows.append({"generator": name, "measure": COLLAPSED} | _share(runs, note))
        last = generators[generators["generator"] == name].drop_duplicates(SEEDS, keep="last")
        last = last.merge(runs[SEEDS], on=SEEDS)
        for measure in measures:
            if len(last) > 1 and measure in last:
                three = (pd.to_numeric(last[f"{measure}{end}"], errors="coerce") for end in ("", "_low", "_high"))
                if (values := np.array(list(three), dtype=float)).size and not np.isnan(values[0]).all():
                    rows.append({"generator": name, "measure": measure} | _mean(measure, values, last, note))
    return pd.DataFrame(rows, columns=RUN_COLUMNS)


def _share(runs: pd.DataFrame, note: str) -> dict[str, Any]:
    watched = runs[runs["collapsed"].notna()]
    n, seen = len(watched), watched[watched["collapsed"] != ""] if len(watched) else watched
    if not n:
        return {"runs": len(runs), "note": "cannot tell: nothing in its training watches for a collapse"}
    low, high = (float(end) for end in intervals.clopper_pearson(len(seen), n))
    named = [f"seed {row.generator_seed}: {row.collapsed}" for row in seen.itertuples()]
    said = "; ".join(filter(None, [f"{len(seen)} of {n} training run{'s' * (n != 1)}", *named, note]))
    return {"runs": n, "value": len(seen) / n, "low": low, "high": high, "note": said}


def _mean(measure: str, values: np.ndarray, last: pd.DataFrame, note: str) -> dict[str, Any]:
    known = values[:, ~np.isnan(values[0])]
    splits = last.loc[~np.isnan(values[0]), "ledger_seed"].to_numpy()
    if len(set(splits)) > 1:
        known = np.stack([known[:, splits == one].mean(axis=1) for one in dict.fromkeys(splits)], axis=1)
    value, low, high = _pooled(measure, known)
    what = f"mean of {known.shape[1]} {'splits' if len(set(splits)) > 1 else 'training runs'}"
    why = "cannot tell: one training run says nothing of others" if known.shape[1] < 2 else what
    said = "; ".join(filter(None, [why if np.isnan(low) and known.shape[1] < 2 else what, note]))
    return {"runs": len(splits), "value": value, "low": low, "high": high, "note": said}


def _pooled(measure: str, values: np.ndarray) -> tuple[float, float, float]:
    """Returns the mean of a measure and its interval, from values, lower and upper ends `(3, n)`."""
    least = 0.0 if measure in POSITIVE else -np.inf
    return configuration.mean_interval(*values, bounded=measure not in UNBOUNDED, least=least)


def without_repeats(runs: pd.DataFrame, banks: Mapping[str, str]) -> tuple[pd.DataFrame, str]:
    """Returns the cells of a configuration without those of equal fakes, and what is to be said of it."""
    if len(runs) == 1:
        return runs, ""
    seen: set[tuple[Any, ...]] = set()
    left_of: dict[tuple[Any, ...], set[int]] = {}
    first = np.ones(len(runs), dtype=bool)
    of = (runs[name].tolist() for name in ("ledger_seed", "detector_seed", "generator_seed", "cell"))
    for at, (ledger, detector, seed, cell) in enumerate(zip(*of, strict=True)):
        fakes = (ledger, detector, banks.get(cell, cell))
        first[at] = fakes not in seen
        seen.add(fakes)
        if first[at]:
            left_of.setdefault((ledger, detector), set()).add(seed)
    distinct = runs if first.all() else runs[first]
    seeds, left = len(set(runs["generator_seed"].tolist())), max(map(len, left_of.values()))
    if left == seeds:
        return distinct, ""
    sets = f"{left} different set{'s' * (left > 1)} of images"
    return distinct, f"{seeds} generator seeds made {sets}: equal ones count once"


def _columns(cells: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for _, column in held.groups(cells, over=OVER, within=FIXED):
        yield column


def by_metric(measured: pd.DataFrame | None) -> dict[str, dict[str, tuple[float, float, float, str]]]:
    """Returns for each metric of cells, and each cell: value, ends, note."""
    if measured is None:
        return {}
    found: dict[str, dict[str, tuple[float, float, float, str]]] = {}
    for row in measured[measured["scope"] == "cell"].itertuples():
        if row.metric not in NOT_MEANT:
            ends = (float(row.value), float(row.low), float(row.high))
            note = row.note if isinstance(row.note, str) else ""
            found.setdefault(str(row.metric), {})[str(row.cell)] = (*ends, note)
    return found


def _found(
    metric: str, runs: pd.DataFrame, known: Mapping[str, Any], by_cell: Mapping[str, pd.DataFrame], is_run: bool
) -> tuple[float, float, float, str] | None:
    """Returns the mean of a metric over the cells of a configuration, its interval, and what it is a mean of."""
    if metric == "auc" and is_run and len(runs) == 1:
        return (
            components_of(Ranking.of(*tested(by_cell[runs["cell"].iloc[0]])[:2])).auc,
            np.nan,
            np.nan,
            configuration.ONE_RUN,
        )
    splits, trainings = (len(set(runs[name].tolist())) for name in SEEDS)
    if metric == "auc" and is_run and splits == 1:
        each = [[run(by_cell[cell]) for cell in same["cell"]] for _, same in runs.groupby("generator_seed")]
        found = configuration.configuration_interval(each)
        return found.value, found.low, found.high, found.note
    cells = runs["cell"].tolist()
    if not known or any(cell not in known for cell in cells):
        return None
    notes = [known[cell][3] for cell in cells]
    if is_run and len(cells) == 1:  # most of a run of many cells: nothing is to be pooled
        value = known[cells[0]][0]
        return value, np.nan, np.nan, configuration.ONE_RUN if value == value else notes[0] or UNDEFINED
    values = np.array([known[cell][:3] for cell in cells], dtype=float)
    if np.isnan(values[:, 0]).any():
        return np.nan, np.nan, np.nan, next((note for note in notes if note), UNDEFINED)
    if splits > 1:
        by, what = "ledger_seed", f"mean of {splits} splits of the real images"
    elif trainings > 1:
        by, what = "generator_seed", f"mean of {trainings} {'training runs' if is_run else 'draws of the images'}"
    elif is_run:
        return float(values[:, 0].mean()), np.nan, np.nan, configuration.ONE_RUN
    elif len(cells) == 1:
        value, low, high = values[0].tolist()
        return value, low, high, "the interval of one set of images"
    else:
        by, what = "detector_seed", f"mean of {len(cells)} trainings of the detector on the same images"
    of_each = _means_by(runs[by].to_numpy(), values)
    value, low, high = _pooled(metric, of_each)
    lacks = np.isnan(low)
    return value, low, high, f"{what}; cannot tell: {notes[0] or 'its cells have no interval'}" if lacks else what


def _means_by(seeds: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Returns the means `(k, seeds)` of the rows of `(n, k)` that have one seed, in the order of the seeds."""
    if len(set(seeds.tolist())) == len(seeds):  # nothing to add up, which pandas takes a hundred times as long for
        return values[np.argsort(seeds, kind="stable")].T + 0.0
    return pd.DataFrame(values).groupby(seeds).mean().to_numpy().T
