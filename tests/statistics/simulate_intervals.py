"""How often every interval of a cell holds the truth: AUC by size, ties and units, by the product's own functions.

`python tests/statistics/simulate_intervals.py --draws 2000 --workers 16 --out docs/tables/intervals.csv` makes the
table of `docs/protocol.md`, and goes on where it was stopped; `test_simulate_intervals.py` runs a small part. Reals
score N(0, 1) and fakes N(d, 1); probabilities are calibrated, or three times too sure; the threshold lies halfway.
With units of unequal size 30 % of a score's variance is its unit's, of reals or of fakes, or of both together
("shared").
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from counted import enough, store
from scipy import special
from threadpoolctl import threadpool_limits

from benchmark.statistics.cells import metrics, probabilities, smallest
from benchmark.statistics.cells.probabilities import LEAST
from benchmark.statistics.cells.roc import Bounds, average_precision, equal_error_rate, points
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.ranking import Ranking

AUCS = (0.6, 0.9, 0.99, 0.999)
SIZES = (4, 10, 30, 150, 1000)
UNITS = (5, 20, 200)
PER_UNIT = 8  # images of a class, on average
ALIKE = 0.3
STEP = 0.5  # of tied scores
BAND = (0.002, 0.005, 0.05, 0.3)  # rates of false alarms at which the ROC band is counted
COLUMNS = ["metric", "auc", "n", "units", "ties", "draws", "coverage", "cannot_tell", "width", "conservative"]


@dataclass(frozen=True)
class Case:
    """One column of the simulation: `n` images of each class in `units` units of each, or 0 for each image alone."""

    auc: float
    n: int
    units: int = 0
    shared: bool = False
    ties: bool = False
    sure: float = 1.0

    @property
    def shift(self) -> float:
        return float(np.sqrt(2) * special.ndtri(self.auc))


@lru_cache
def truth(case: Case) -> dict[str, float]:
    """Returns the true value of every metric, from the distribution over a fine grid, or over the tied values."""
    d = case.shift
    step = STEP if case.ties else 0.0005
    score = np.arange(-9, 9 + d, step)[::-1]
    if case.ties:
        score = np.round(score / STEP) * STEP
    edges = np.r_[np.inf, (score[1:] + score[:-1]) / 2, -np.inf]
    real, fake = (special.ndtr(edges[:-1] - m) - special.ndtr(edges[1:] - m) for m in (0, d))
    fpr, tpr = np.cumsum(real), np.cumsum(fake)
    called = score >= d / 2
    p = probability(score, case)
    loss = [-np.log(np.maximum(true, LEAST)) for true in (1 - p, p)]
    half = p >= 0.5
    found = {
        "auc": float(fake @ (1 - fpr + real / 2)),
        "average_precision": float(average_precision(fpr[None], tpr[None])[0]),
        "fpr": float(real[called].sum()),
        "tpr": float(fake[called].sum()),
        "accuracy_real": float(real[~half].sum()),
        "accuracy_fake": float(fake[half].sum()),
        "eer": float(equal_error_rate(fpr[None], tpr[None])[0]),
        "brier": float(real @ p**2 + fake @ (1 - p) ** 2) / 2,
        "nll": float(real @ loss[0] + fake @ loss[1]) / 2,
    }
    found["accuracy"] = found["balanced_accuracy"] = (1 - found["fpr"] + found["tpr"]) / 2
    found["accuracy_at_half"] = (found["accuracy_real"] + found["accuracy_fake"]) / 2
    for percent in (1, 5):
        found[f"tpr_at_fpr_{percent:02d}"] = float(np.r_[0, tpr][(fpr <= percent / 100).sum()])
    for rate in BAND:
        found[f"roc band at FPR {rate:g}"] = float(np.r_[0, tpr][(fpr <= rate).sum()])
    return found


def probability(score: np.ndarray, case: Case) -> np.ndarray:
    """Returns the probability of being fake; a tie at one half is broken as the threshold's."""
    return special.expit(case.sure * case.shift * (score - case.shift / 2))


def sizes(units: int) -> np.ndarray:
    """Returns sizes of units that differ tenfold, `PER_UNIT` on average."""
    wanted = np.geomspace(1, 10, units)
    return np.maximum(np.round(wanted * PER_UNIT / wanted.mean()), 1).astype(int)


def draw(case: Case, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Returns scores, labels and units of one test set."""
    if not case.units:
        is_fake, unit = np.arange(2 * case.n) >= case.n, None
        score = rng.normal(size=2 * case.n)
    else:
        each = np.repeat(np.arange(case.units), sizes(case.units))
        unit = np.r_[each, each if case.shared else each + case.units]
        is_fake = np.arange(2 * len(each)) >= len(each)
        score = np.sqrt(ALIKE) * rng.normal(size=2 * case.units)[unit] + np.sqrt(1 - ALIKE) * rng.normal(size=len(unit))
    score = score + case.shift * is_fake
    return np.round(score / STEP) * STEP if case.ties else score, is_fake, unit


def simulate(task: tuple[Case, int, int]) -> list[tuple[str, Case, int, int, int, float]]:
    """Counts over some draws: metric, case, draws, intervals that hold the truth, those not printed, summed width."""
    threadpool_limits(1)  # as in the stage
    case, draws, seed = task
    rng, true = np.random.default_rng([seed, hash(case) % 2**32]), truth(case)
    held, silent, width = (dict.fromkeys(true, 0.0) for _ in range(3))
    clusters = Clusters.of(draw(case, rng)[2], np.arange(2 * case.n) >= case.n)  # the same in all draws
    for _ in range(draws):
        score, is_fake, _ = draw(case, rng)
        # draws of a task share resamples, as the cells of a run do
        found = _ends(case, score, is_fake, clusters, seed)
        for name, (low, high) in found.items():
            silent[name] += np.isnan(low)
            held[name] += low <= true[name] <= high
            width[name] += 0 if np.isnan(low) else high - low
    return [(name, case, draws, int(held[name]), int(silent[name]), width[name]) for name in found]


def _ends(
    case: Case, score: np.ndarray, is_fake: np.ndarray, clusters: Clusters, seed: int
) -> dict[str, tuple[float, float]]:
    p = probability(score, case)
    if case.sure > 1:  # nothing but these depends on it
        rows = probabilities.measured(p, is_fake, clusters, seed, 0.95)
        return {name: rows[name][1:3] for name in ("brier", "nll")}
    ranking = Ranking.of(score, is_fake)
    bounds = Bounds.of(ranking, clusters, 0.95)
    given = {"probability": p, "threshold": case.shift / 2, "groups": clusters, "bounds": bounds, "seed": seed}
    rows, curve = metrics.rows(score, is_fake, **given), points(ranking, bounds)
    at = np.searchsorted(curve["fpr"], BAND, side="right") - 1
    bands = zip(BAND, curve["tpr_low"][at], curve["tpr_high"][at], strict=True)
    found = {f"roc band at FPR {rate:g}": (low, high) for rate, low, high in bands}
    return {name: rows[name][1:3] for name in truth(case) if name in rows} | found


def cases() -> list[Case]:
    """Returns all that the table has."""
    alone = [Case(auc, n, ties=ties) for auc, n, ties in itertools.product(AUCS, SIZES, (False, True))]
    sure = [Case(auc, n, sure=3.0) for auc, n in itertools.product(AUCS, SIZES[:-1])]
    units = [
        Case(auc, len(np.repeat(np.arange(k), sizes(k))), k, shared, ties)
        for auc, k, (shared, ties) in itertools.product(AUCS, UNITS, ((False, False), (True, False), (False, True)))
    ]
    return [*alone, *sure, *units]


def table(tasks: list[tuple[Case, int, int]], workers: int) -> pd.DataFrame:
    """Returns a row of `COLUMNS` for each metric and case."""
    if workers > 1:
        with get_context("spawn").Pool(workers) as pool:
            counted = [row for part in pool.imap_unordered(simulate, tasks, chunksize=1) for row in part]
    else:
        counted = [row for task in tasks for row in simulate(task)]
    frame = pd.DataFrame(counted, columns=["metric", "case", "draws", "held", "silent", "width"])
    frame = frame.groupby(["metric", "case"], sort=False)[["draws", "held", "silent", "width"]].sum().reset_index()
    told = frame["draws"] - frame["silent"]
    about = pd.DataFrame(
        {
            "metric": frame["metric"] + frame["case"].map(lambda case: " (3 times too sure)" if case.sure > 1 else ""),
            "auc": frame["case"].map(lambda case: case.auc),
            "n": frame["case"].map(lambda case: case.n),
            "units": frame["case"].map(of),
            "ties": frame["case"].map(tied),
            "draws": frame["draws"],
            "coverage": (frame["held"] / told.where(told > 0)).round(4),
            "cannot_tell": (frame["silent"] / frame["draws"]).round(4),
            "width": (frame["width"] / told.where(told > 0)).round(4),
        }
    )
    return about.assign(conservative=frame["metric"].map(_conservative))[COLUMNS]


def keys(case: Case) -> dict[str, str]:
    """Returns what finds the rows of a case in the table, of one of its metrics."""
    metric = "brier (3 times too sure)" if case.sure > 1 else "brier"
    return {"metric": metric, "auc": str(case.auc), "n": str(case.n), "units": of(case), "ties": tied(case)}


def of(case: Case) -> str:
    """Returns the units of a case in words."""
    return f"{case.units}{' shared' * case.shared}" if case.units else "-"


def tied(case: Case) -> str:
    """Returns whether a case has ties, in a word."""
    return "yes" if case.ties else "no"


def _conservative(metric: str) -> str:
    if metric.startswith("roc band"):
        return smallest.BAND
    return smallest.SMALLEST[metric].conservative


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="a table: FILE.csv")
    parser.add_argument("--only", nargs="*", default=[], help="such as n=30, units=5, auc=0.9, ties=True")
    options = parser.parse_args()
    chosen = cases()
    for word in options.only:
        name, value = word.split("=")
        chosen = [case for case in chosen if str(getattr(case, name)) == value]
    part = max(1, min(options.draws, 100))
    left = [case for case in chosen if not enough(options.out, keys(case), options.draws)]
    left.sort(key=lambda case: -case.n)  # the long ones first
    for some in [[case] for case in left] if options.workers == 1 else [left]:
        tasks = [(case, part, k) for case in some for k in range(options.draws // part)]
        store(options.out, table(tasks, options.workers), ["metric", "auc", "n", "units", "ties"])
        print(*some, sep="\n", flush=True)


if __name__ == "__main__":
    main()
