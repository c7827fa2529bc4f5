"""Counts how often the intervals of sets of images hold the truth: `python tests/statistics/sets_coverage.py [SEED]`.

Scores of four shapes, few and many images, sets of 2 to 32. It takes some minutes and prints a row for each case.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from benchmark.statistics.pooled import Grid, Pool

DRAWS = 400
TRUTH = 200_000  # sets of which the truth is counted
SHAPES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "skewed": lambda rng, n: rng.exponential(size=n),
    "heavy tails": lambda rng, n: rng.standard_t(4, size=n),
    "mixture": lambda rng, n: rng.normal(size=n) * np.where(rng.random(n) < 0.1, 4, 1),
}


def counted(shape: str, n: int, gap: float, m: int, rng: np.random.Generator) -> tuple[float, np.ndarray]:
    """Returns the AUC of sets, and the share of intervals of AUC, FPR and TPR that hold the truth."""
    draw = SHAPES[shape]

    def both(size: int) -> tuple[np.ndarray, np.ndarray]:
        return np.r_[draw(rng, size), draw(rng, size) + gap], np.repeat([False, True], size)

    grid = Grid.of(*both(500))
    cut = Pool(*both(500), grid=grid).cut(m)
    real, fake = (sum(grid.places(draw(rng, TRUTH) + more) for _ in range(m)) for more in (0.0, gap))
    called = [float((sums * grid.width / m + grid.low >= cut).mean()) for sums in (real, fake)]
    truth = float((np.searchsorted(np.sort(real), fake) / TRUTH).mean())
    hits = np.zeros(3)
    for _ in range(DRAWS):
        pool = Pool(*both(n), grid=grid)
        found = [pool.auc(m), pool.rate(m, cut, False), pool.rate(m, cut, True)]
        hits += [low <= true <= high for true, (_, low, high, _) in zip([truth, *called], found, strict=True)]
    return truth, hits / DRAWS


if __name__ == "__main__":
    rng = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print("shape,n,gap,m,auc,auc_holds,fpr_holds,tpr_holds")
    for shape in SHAPES:
        for n, gap, m in ((n, gap, m) for n in (100, 400) for gap in (0.3, 1.0, 2.0) for m in (2, 8, 32)):
            truth, held = counted(shape, n, gap, m, rng)
            if truth < 0.99995:  # beyond, so few sets decide that the truth is not counted
                print(",".join([shape, *map(str, (n, gap, m)), f"{truth:.5f}", *(f"{share:.3f}" for share in held)]))
