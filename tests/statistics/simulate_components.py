"""How often intervals of variance components, and of means over splits, trainings and files, hold the truth.

    python tests/statistics/simulate_components.py --draws 2000 --workers 16 --out docs/tables/components.csv

Scores are normal: a real's is `N(0, 1)`, a fake's `N(shift, 1)`, and the shift of a cell is the configuration's plus
normal effects of the split, of the generator's training and of the detector's. All cells of one split are tested on the
same reals, those of one training on the same fakes, whose scores correlate by `SAME` over detectors. The AUC of a cell
over all images is then known, and so are the components of its variance, by quadrature.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from counted import enough, store
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmark.statistics import delong
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.columns.components import FACTORS, Trained, components
from benchmark.statistics.columns.configuration import configuration_interval, mean_interval
from benchmark.statistics.intervals import auc_interval
from benchmark.statistics.ranking import Ranking

SAME = 0.7  # correlation of an image's scores between two detectors
AUCS = (0.6, 0.9, 0.99, 0.999)


@dataclass(frozen=True)
class Case:
    """Splits, generator trainings in each, detector trainings in each, images of a class, and the effects' spreads.

    `each` is how many images a unit has; 0 for 1 to 20.
    """

    name: str
    levels: tuple[int, int, int]
    n: int = 500
    spread: tuple[float, float, float] = (0.0, 0.15, 0.1)
    each: int = 1


Pair = tuple[Case, float]
CASES = [
    Case("5 trainings", (1, 5, 1)),
    Case("10 trainings", (1, 10, 1)),
    Case("5 trainings, equal", (1, 5, 1), spread=(0.0, 0.0, 0.0)),
    Case("5 detectors on files", (1, 1, 5), spread=(0.0, 0.0, 0.1)),
    Case("2 detectors on files", (1, 1, 2), spread=(0.0, 0.0, 0.1)),
    Case("5 x 5", (1, 5, 5)),
    Case("5 splits x 2", (5, 2, 1), spread=(0.1, 0.15, 0.1)),
    Case("5 x 5 x 5", (5, 5, 5), spread=(0.1, 0.15, 0.1), n=200),
    Case("5 x 5, 100 images", (1, 5, 5), n=100),
    Case("5 x 5, 20 unequal units", (1, 5, 5), n=200, each=0),
    Case("5 trainings, 2,000 images", (1, 5, 1), n=2000),
]


def draw(rng: np.random.Generator, case: Case, shift: float) -> list[Trained]:
    """Draws the cells of a configuration."""
    ledgers, runs, detectors = case.levels
    unit = _units(rng, case)
    n = len(unit)
    cells = []
    for ledger in range(ledgers):
        own = shift + case.spread[0] * rng.normal()
        common = _images(rng, unit)
        looks = [_images(rng, unit) for _ in range(detectors * runs)]
        for run in range(runs):
            mine = own + case.spread[1] * rng.normal()
            fakes = rng.normal(size=n)
            for detector in range(detectors):
                at = mine + case.spread[2] * rng.normal()
                real = np.sqrt(SAME) * common + np.sqrt(1 - SAME) * looks[run * detectors + detector]
                fake = at + np.sqrt(SAME) * fakes + np.sqrt(1 - SAME) * rng.normal(size=n)
                units = np.r_[unit + 10**6 * ledger, -1 - np.arange(n)] if case.each != 1 else None
                if units is not None:
                    units[n:] = 10**9 + np.arange(n)
                cells.append(Trained(ledger, run, detector, np.r_[real, fake], np.arange(2 * n) >= n, units))
    return cells


def _units(rng: np.random.Generator, case: Case) -> np.ndarray:
    if case.each == 1:
        return np.arange(case.n)
    sizes = rng.integers(1, 21, 20)
    return np.repeat(np.arange(20), np.maximum(1, np.round(sizes * case.n / sizes.sum()).astype(int)))


def _images(rng: np.random.Generator, unit: np.ndarray) -> np.ndarray:
    """Real images, half of whose variance is their unit's where they come in units."""
    if len(np.unique(unit)) == len(unit):
        return rng.normal(size=len(unit))
    return (rng.normal(size=unit.max() + 1)[unit] + rng.normal(size=len(unit))) / np.sqrt(2)


def truth(case: Case, shift: float) -> tuple[float, dict[str, float]]:
    """Returns the mean AUC over everything, and the variance that each factor adds, by quadrature.

    A factor with one level is not apart from the one above it, so its share is the next one's that has several.
    """
    x, w = np.polynomial.hermite_e.hermegauss(61)
    w = w / w.sum()
    variances = np.square(case.spread)
    mean = float(stats.norm.cdf(shift / np.sqrt(2 + variances.sum())))
    told, before = {}, 0.0
    open_ = 0.0
    for at, name in enumerate(FACTORS):
        known, rest = variances[: at + 1].sum(), variances[at + 1 :].sum()
        inside = stats.norm.cdf((shift + np.sqrt(known) * x) / np.sqrt(2 + rest))
        upto = float(w @ (inside - mean) ** 2)
        told[name], before = upto - before, upto
    for at in (2, 1, 0):
        name = FACTORS[at]
        if case.levels[at] == 1:
            open_ += told.pop(name)
        else:
            told[name] += open_
            open_ = 0.0
    return mean, told


def one(task: tuple[Case, float, int, int]) -> dict[str, list[bool | None]]:
    """Returns for one case at one AUC, each component and the mean: whether the interval of each draw held."""
    case, auc, draws, seed = task
    rng = np.random.default_rng([seed, int(1e4 * auc), CASES.index(case)])
    shift = float(stats.norm.ppf(auc) * np.sqrt(2 + np.square(case.spread).sum()))
    mean, told = truth(case, shift)
    held: dict[str, list[bool | None]] = {}
    for _ in range(draws):
        cells = draw(rng, case, shift)
        for row in components(cells):
            if row.component in told and not row.note.startswith("cannot tell"):
                held.setdefault(row.component, []).append(row.low <= told[row.component] <= row.high)
            elif row.component in told and case.levels[FACTORS.index(row.component)] >= 5:
                held.setdefault(row.component, []).append(None)
        low, high = _mean(cells, case)
        held.setdefault("mean", []).append(low <= mean <= high)
    return held


def _mean(cells: list[Trained], case: Case) -> tuple[float, float]:
    """The interval of the mean: over trainings of one split, over splits, or over the detectors of finished images."""
    if case.levels[0] > 1 or case.levels[1] == 1:
        measured = {id(cell): _auc(cell) for cell in cells}
        at = 0 if case.levels[0] > 1 else 2
        groups = [[measured[id(cell)] for cell in cells if cell[at] == key] for key in range(case.levels[at])]
        return mean_interval(*np.mean(groups, axis=1).T, bounded=True)[1:3]
    most = 5 if cells[0].units is None else 6
    runs = [[cell[3:most] for cell in cells if cell.run == run] for run in range(case.levels[1])]
    return configuration_interval(runs)[1:3]


def _auc(cell: Trained) -> tuple[float, float, float]:
    """The AUC of one cell and its own interval, as `metrics.measure` has it."""
    ranking, labels = Ranking.of(cell.scores, cell.is_fake), cell.is_fake
    clusters, part = Clusters.of(cell.units, labels), delong.components(ranking)
    sides = (None, None) if clusters.trivial else (clusters.index[labels], clusters.index[~labels])
    variance = sum(float(side[0, 0]) for side in delong.covariance([part], *sides))
    wrong = clusters.touched(ranking.wrong_at_cut(reverse=part.auc < 0.5))
    df = delong.degrees_of_freedom(part, *sides)
    low, high = auc_interval(part.auc, variance, clusters.pairs(labels), wrong, df=df)
    return part.auc, float(low), float(high)


CHUNK = 50  # draws of one task
PAIRS = [(case, auc) for case in CASES for auc in AUCS]


def table(draws: int, workers: int = 1, seed: int = 0, pairs: Sequence[Pair] = PAIRS) -> list[dict[str, object]]:
    """Returns the rows of cases at AUCs; draws come in batches with a seed each, however many processes there are."""
    tasks = [(*pair, min(CHUNK, draws - at), seed * 10**6 + at) for at in range(0, draws, CHUNK) for pair in pairs]
    if workers == 1:
        found = list(map(one, tasks))
    else:
        with ProcessPoolExecutor(workers) as pool:
            found = list(pool.map(one, tasks, chunksize=1))
    together: dict[Pair, dict[str, list[bool | None]]] = {pair: {} for pair in pairs}
    for (case, auc, *_), held in zip(tasks, found, strict=True):
        for name, each in held.items():
            together[case, auc].setdefault(name, []).extend(each)
    return [_row(case, auc, name, each) for (case, auc), held in together.items() for name, each in held.items()]


def _row(case: Case, auc: float, name: str, found: list[bool | None]) -> dict[str, object]:
    judged = [one for one in found if one is not None]
    return {
        "case": case.name, "AUC": auc, "interval of": name, "draws": len(found),
        "told": f"{len(judged) / len(found):.1%}", "coverage": f"{np.mean(judged):.1%}" if judged else "",
    }  # fmt: skip


def main() -> None:
    """Writes the table as CSV, or prints it for `docs/protocol.md`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="names of cases; default: all")
    parser.add_argument("--aucs", nargs="*", type=float, default=AUCS)
    parser.add_argument("--out", type=Path, help="a CSV file; without one, the table is printed as markdown")
    given = parser.parse_args()
    pairs = [pair for pair in PAIRS if pair[0].name in (given.only or [pair[0].name]) and pair[1] in given.aucs]
    if given.out is not None:
        keys = [{"case": case.name, "AUC": str(auc)} for case, auc in pairs]
        left = [pair for pair, key in zip(pairs, keys, strict=True) if not enough(given.out, key, given.draws)]
        for some in [[pair] for pair in left] if given.workers == 1 else [left]:
            found = table(given.draws, given.workers, given.seed, some)
            store(given.out, pd.DataFrame(found), ["case", "AUC", "interval of"])
            print(*[f"{case.name}, {auc}" for case, auc in some], sep="\n", flush=True)
        return
    rows = table(given.draws, given.workers, given.seed, pairs)
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(map(str, row.values())) + " |")


if __name__ == "__main__":
    main()
