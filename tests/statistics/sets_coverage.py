"""Counts how often the intervals of sets of images hold the truth, of AUC and rates.

    python tests/statistics/sets_coverage.py --draws 2000 --out docs/tables/sets.csv

Scores of four shapes, 10 to 400 images of a class, alone or in units of five that share half of their variance, sets of
2 to 32. The truth is counted of sets that are drawn. Cases that the table has with as many draws are left as they are.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from counted import enough, store

from benchmark.statistics.pooled import Grid, Pool

TRUTH = 200_000  # sets of which the truth is counted
BEYOND = 0.49995  # from 0.5: so far off so few sets decide that the truth is not counted
EACH = 5  # images of a unit
SHAPES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "skewed": lambda rng, n: rng.exponential(size=n),
    "heavy tails": lambda rng, n: rng.standard_t(4, size=n),
    "mixture": lambda rng, n: rng.normal(size=n) * np.where(rng.random(n) < 0.1, 4, 1),
    "normal, units of 5": lambda rng, n: rng.normal(size=n),
}
NAMES = ("auc", "fpr", "tpr")


@dataclass(frozen=True)
class Case:
    """A shape of scores, images of a class, what is added to those of fakes, and images of a set."""

    shape: str
    n: int
    gap: float
    m: int

    @property
    def keys(self) -> dict[str, str]:
        """What finds its rows in the table."""
        return {"scores": self.shape, "n": str(self.n), "gap": str(self.gap), "m": str(self.m)}


def cases() -> list[Case]:
    """Returns all cases: of a class there are at least as many images, or units, as in a set."""
    every = itertools.product(SHAPES, (10, 20, 40, 100, 400), (0.3, 1.0, 2.0), (2, 8, 32))
    return [Case(*one) for one in every if one[3] <= one[1] // (EACH if "units" in one[0] else 1)]


def both(case: Case, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Draws scores and labels of so many reals and fakes, and their units."""
    draw, is_fake, unit = SHAPES[case.shape], np.repeat([False, True], size), None
    score = np.r_[draw(rng, size), draw(rng, size)]
    if "units" in case.shape:
        unit = np.arange(2 * size) // EACH
        score = np.sqrt(0.5) * (score + rng.normal(size=unit[-1] + 1)[unit])
    return score + case.gap * is_fake, is_fake, unit


def counted(case: Case, draws: int) -> pd.DataFrame:
    """Returns a row for AUC, FPR and TPR of sets: the truth, and how many intervals hold it."""
    rng = np.random.default_rng([list(SHAPES).index(case.shape), case.n, int(10 * case.gap), case.m])
    grid = Grid.of(*both(case, 500, rng)[:2])
    cut = Pool(*both(case, 500, rng)[:2], grid=grid).cut(case.m)
    draw = SHAPES[case.shape]
    real, fake = (sum(grid.places(draw(rng, TRUTH) + more) for _ in range(case.m)) for more in (0.0, case.gap))
    called = [float((sums * grid.width / case.m + grid.low >= cut).mean()) for sums in (real, fake)]
    truth = np.array([(np.searchsorted(np.sort(real), fake) / TRUTH).mean(), *called])
    hits, width = np.zeros(3), np.zeros(3)
    for _ in range(draws):
        pool = Pool(*both(case, case.n, rng), grid=grid)
        found = [pool.auc(case.m), pool.rate(case.m, cut, False), pool.rate(case.m, cut, True)]
        low, high = np.array([row[1:3] for row in found]).T
        hits, width = hits + ((low <= truth) & (truth <= high)), width + high - low
    shared = case.keys | {"draws": draws}
    told = {"metric": NAMES, "truth": truth.round(5), "coverage": hits / draws, "width": width / draws}
    return pd.DataFrame(told).assign(**shared)[[*case.keys, *told, "draws"]].round(4)


def main() -> None:
    """Writes the table case by case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--only", nargs="*", default=[], help="such as n=100, scores=mixture, m=8")
    parser.add_argument("--out", type=Path, required=True, help="a table: FILE.csv")
    options = parser.parse_args()
    for case in cases():
        wanted = all(case.keys[name] == value for name, value in (word.split("=") for word in options.only))
        if wanted and not enough(options.out, case.keys, options.draws):
            found = counted(case, options.draws)
            store(options.out, found[(found["truth"] - 0.5).abs() < BEYOND], [*case.keys, "metric"])
            print(case, *found["coverage"], flush=True)


if __name__ == "__main__":
    main()
