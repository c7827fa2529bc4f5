"""Tests and intervals of comparisons and ranks against draws of everything: false alarms, coverage, from small n on.

    python tests/statistics/simulate_comparisons.py --draws 2000 --workers 16 --out docs/tables/comparisons.csv

Rows of `--out` are replaced case by case; cases that have as many draws already are left as they are, so that a count
which was stopped goes on where it was.

Scores are normal; detectors share half of an image's variance, so that they are correlated as detectors of one exam
are. `ties` rounds scores to few values. With units, half of what detectors share is the unit's, of reals and of fakes,
and units have unequal sizes. Truths follow from the shift, and with rounded scores from a large draw.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from counted import enough, store
from scipy import stats

from benchmark.statistics.chance import p_chance
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.columns import best, ranks
from benchmark.statistics.columns.column import of_detectors
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.statistics.ranking import Ranking
from data.holm import holm

AUCS = (0.6, 0.9, 0.99, 0.999)
CHUNK = 50  # draws of one task
LARGE = 400_000


@dataclass(frozen=True)
class Case:
    """What is drawn: equal detectors, a ladder of them, chance, or generators as cells or runs; images and units."""

    kind: str
    auc: float
    k: int = 9
    n: int = 150
    units: int = 0
    ties: bool = False
    runs: int = 1

    @property
    def name(self) -> str:
        """In a few words."""
        more = [f"{self.units} units"] * (self.units > 0) + ["ties"] * self.ties
        more += [f"{self.runs} runs"] * (self.kind == "runs")
        return " ".join([f"{self.kind} k={self.k} n={self.n}", *more])


def cases() -> list[Case]:
    """Returns all cases of the table."""
    found = []
    for auc in AUCS:
        found += [Case("equal", auc, k, n) for k in (2, 9) for n in (8, 20, 60, 150, 1000)]
        found += [Case("equal", auc, k, 150) for k in (3, 20)]
        found += [Case("equal", auc, 9, 400, units=units) for units in (5, 20, 200)]
        found += [Case("equal", auc, k, 400, units=20) for k in (3, 20)]
        found += [Case("equal", auc, 9, 150, ties=True)]
        found += [Case("ladder", auc, 6, n) for n in (20, 150, 1000)]
        found += [Case("ladder", auc, 6, 400, units=units) for units in (5, 20, 200)]
        found += [Case("ladder", auc, 6, 150, ties=True)]
        found += [Case("cells", auc, 4, n) for n in (8, 20, 150, 1000)]
        found += [Case("cells", auc, 4, 400, units=units) for units in (5, 20, 200)]
        found += [Case("runs", auc, 4, 150, runs=runs) for runs in (2, 3, 5)]
        found += [Case("runs", auc, 4, 400, units=20, runs=3)]
    found += [Case("chance", 0.5, 9, n) for n in (4, 8, 20, 150, 1000)]
    found += [Case("chance", 0.5, k, 150) for k in (3, 20)]
    found += [Case("chance", 0.5, 9, 400, units=units) for units in (5, 20, 200)]
    return [*found, Case("chance", 0.5, 9, 150, ties=True)]


def shifts(case: Case) -> np.ndarray:
    """Returns how far the fakes of each detector, or of each generator, stand off."""
    first = np.sqrt(2) * stats.norm.ppf(case.auc)
    return first + (np.array([0.0, 0.0, 0.1, 0.3, 0.6, 1.0])[: case.k] if case.kind == "ladder" else np.zeros(case.k))


@cache
def truths(case: Case) -> np.ndarray:
    """Returns the true AUC of each."""
    spread = SPREAD if case.kind == "runs" else 0.0
    if not case.ties:
        return stats.norm.cdf(shifts(case) / np.sqrt(2 + spread**2))
    rng = np.random.default_rng(0)
    real = np.round(rng.normal(size=LARGE) / STEP)
    return np.array([_auc(real, np.round((rng.normal(size=LARGE) + shift) / STEP)) for shift in shifts(case)])


SPREAD = 0.1  # between training runs, of the shift
STEP = 1.0  # of rounded scores


def _auc(real: np.ndarray, fake: np.ndarray) -> float:
    return float(stats.mannwhitneyu(fake, real, method="asymptotic").statistic / (len(real) * len(fake)))


def images(rng: np.random.Generator, case: Case) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns what all detectors see of each image, `(n,)`, with variance 1, and the units of n images."""
    if not case.units:
        return rng.normal(size=case.n), None
    size = rng.multinomial(case.n - case.units, rng.dirichlet(np.full(case.units, 2.0))) + 1
    unit = np.repeat(np.arange(case.units), size)
    return np.sqrt(0.5) * (rng.normal(size=case.units)[unit] + rng.normal(size=case.n)), unit


def of_one_exam(rng: np.random.Generator, case: Case) -> tuple[dict[str, np.ndarray], np.ndarray, Clusters]:
    """Draws the scores of k detectors on the same images."""
    (real, unit), (fake, other) = images(rng, case), images(rng, case)
    is_fake = np.arange(2 * case.n) >= case.n
    groups = None if unit is None or other is None else np.r_[unit, case.units + other]
    seen = np.r_[real, fake]
    scores = {}
    for at, shift in enumerate(shifts(case)):
        score = np.sqrt(0.5) * (seen + rng.normal(size=2 * case.n)) + shift * is_fake
        scores[str(at)] = np.round(score / STEP) if case.ties else score
    return scores, is_fake, Clusters.of(groups, is_fake)


def of_generators(rng: np.random.Generator, case: Case) -> dict[str, list[tuple[Any, ...]]]:
    """Draws k generators with their training runs, judged with the same reals."""
    real, unit = images(rng, case)
    is_fake = np.arange(2 * case.n) >= case.n
    alone = np.arange(case.n)
    groups = Clusters.of(np.r_[alone if unit is None else unit, case.n + alone], is_fake)
    found: dict[str, list[tuple[Any, ...]]] = {}
    for at, shift in enumerate(shifts(case)):
        found[str(at)] = []
        for _ in range(case.runs):
            moved = shift + (SPREAD * rng.normal() if case.kind == "runs" else 0.0)
            score = np.r_[real, rng.normal(size=case.n) + moved]
            found[str(at)].append((score, is_fake, groups))
    return found


def one(rng: np.random.Generator, case: Case) -> dict[str, float]:
    """Returns what one draw says of each test and interval: 1 for a false alarm, or for an interval that holds."""
    truth = truths(case)
    if case.kind in ("cells", "runs"):
        column = of_runs(of_generators(rng, case))
    else:
        scores, is_fake, groups = of_one_exam(rng, case)
        if case.kind == "chance":
            return _chance(scores, is_fake, groups)
        if any(values.min() == values.max() for values in scores.values()):
            return {}
        column = of_detectors(scores, is_fake, groups=groups)
    gap = truth[0] - truth[1]
    low, high = column.bounds()
    said = {
        "difference holds": low[0, 1] <= gap <= high[0, 1],
        "difference told": column.p[0, 1] < 0.05,
    }
    pairs = np.sign(truth[:, None] - truth[None, :])
    false = (column.p_adjusted < 0.05) & (np.sign(column.gap) != pairs)
    said["any pair told falsely"] = false.any()
    found = ranks.ranks(column)
    at_least, at_most = 1 + (pairs < 0).sum(axis=1), case.k - (pairs > 0).sum(axis=1)
    said["ranks hold"] = ((found.low <= at_least) & (at_most <= found.high)).all()
    mcb = best.multiple_comparisons(column)
    others = np.array([np.delete(truth, at).max() for at in range(case.k)])
    said["best kept"] = mcb.may_be[int(np.argmax(truth))]
    said["margins hold"] = ((mcb.low <= truth - others + 1e-9) & (truth - others <= mcb.high + 1e-9)).all()
    picked = int(np.argmax(column.values))
    alone, together = column.interval(0.95), best.simultaneous(column)
    said["picked best holds"] = together[0][picked] <= truth[picked] <= together[1][picked]
    said["picked best, alone"] = alone[0][picked] <= truth[picked] <= alone[1][picked]
    said["not ranked"] = found.note != ""
    return {name: float(value) for name, value in said.items()}


def _chance(scores: dict[str, np.ndarray], is_fake: np.ndarray, clusters: Clusters) -> dict[str, float]:
    p = np.array([p_chance(Ranking.of(values, is_fake), clusters) for values in scores.values()])
    family = holm(p)
    said = {
        "one tells, 99 %": p[0] <= 0.01,
        "one tells, 95 %": p[0] <= 0.05,
        "any tells, Holm 99 %": family.min() <= 0.01,
    }
    said |= {"any tells, Holm 95 %": family.min() <= 0.05, "any tells, 95 % each": p.min() <= 0.05}
    return {name: float(value) for name, value in said.items()}


def counted(task: tuple[Case, int, int]) -> tuple[Case, dict[str, tuple[float, int]]]:
    """Counts some draws of a case: how often each thing was so, of how many draws."""
    case, seed, draws = task
    rng = np.random.default_rng([seed, abs(hash_of(case))])
    sums: dict[str, float] = defaultdict(float)
    numbers: dict[str, int] = defaultdict(int)
    for _ in range(draws):
        for name, value in one(rng, case).items():
            sums[name] += value
            numbers[name] += 1
    return case, {name: (sums[name], numbers[name]) for name in sums}


def hash_of(case: Case) -> int:
    """Returns a number of a case that is the same in every process."""
    return int.from_bytes(repr(case).encode()[-8:], "little") + len(repr(case)) + case.n * 1009 + case.k


def simulated(chosen: list[Case], draws: int, workers: int = 1) -> pd.DataFrame:
    """Returns case, AUC, what was counted, its share and the number of draws."""
    tasks = [(case, seed, min(CHUNK, draws - seed)) for case in chosen for seed in range(0, draws, CHUNK)]
    tasks.sort(key=lambda task: -task[0].n * task[0].k * task[0].runs)
    sums: dict[tuple[Case, str], np.ndarray] = defaultdict(lambda: np.zeros(2))
    for case, found in _done(tasks, workers):
        for name, values in found.items():
            sums[case, name] += values
    rows = [
        {"case": case.name, "auc": case.auc, "what": name, "share": round(total / number, 4), "draws": int(number)}
        for (case, name), (total, number) in sums.items()
    ]
    return pd.DataFrame(rows).sort_values(["case", "auc", "what"], ignore_index=True)


def _done(tasks: list[tuple[Case, int, int]], workers: int) -> Iterator[tuple[Case, dict[str, tuple[float, int]]]]:
    if workers == 1:
        yield from map(counted, tasks)
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # a process for each core; read when a new one starts
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(counted, tasks)


def main() -> None:
    """Writes the table of all cases, and prints it wide."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", default="", help="Cases whose name contains this.")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    chosen = [case for case in cases() if arguments.only in case.name]
    if arguments.out is None:
        table = simulated(chosen, arguments.draws, arguments.workers)
    else:
        keys = {case: {"case": case.name, "auc": str(case.auc)} for case in chosen}
        left = [case for case in chosen if not enough(arguments.out, keys[case], arguments.draws)]
        for some in [[case] for case in left] if arguments.workers == 1 else [left]:
            store(arguments.out, simulated(some, arguments.draws, arguments.workers), ["case", "auc", "what"])
            print(*[f"{case.name}, {case.auc}" for case in some], sep="\n", flush=True)
        table = pd.read_csv(arguments.out)
    wide = table.pivot(index=["case", "what"], columns="auc", values="share").round(4)
    print(wide.to_string(na_rep=""))


if __name__ == "__main__":
    main()
