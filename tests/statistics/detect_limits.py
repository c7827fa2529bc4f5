"""What the limits of `fauxbench detect` promise, by simulation: `python tests/statistics/detect_limits.py`.

Three tables. Limits of the user's own reals (`--reals`, `--fpr`): the share of new images that one calls, over draws of
the reals, against the promise, and how often the printed interval holds the share of that very limit. Verdicts at the
limits of validation images: how often reals are called like the fakes, and fakes not like them, at most 5 % each.
Warnings of unlike images: in how many draws the share warned of is at most the promised 1 %.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from detection.limits import calls_for, largest, sure_calls_for, upper_limit

POOL = 20_000  # new units, of which the true share is taken
RISK = 0.05
AUCS = (0.6, 0.9, 0.99, 0.999)


def independent(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of a unit of one image each."""
    return rng.normal(size=n), np.arange(n)


def tied(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The same in steps of a third, so that many are equal."""
    return np.round(rng.normal(size=n) * 3) / 3, np.arange(n)


def unequal(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Units of 1 to about 20 images whose scores are alike."""
    sizes = np.minimum(rng.geometric(0.25, n), 20)
    units = np.repeat(np.arange(n), sizes)
    return 0.8 * rng.normal(size=n)[units] + 0.6 * rng.normal(size=len(units)), units


KINDS: dict[str, Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]] = {
    "independent": independent, "ties": tied, "unequal units": unequal,
}  # fmt: skip


def own_reals(kind: str, n: int, rate: float, several: int, draws: int, seed: int) -> dict[str, Any]:
    """Limits that `n` units set for `several` detectors, whose scores of an image correlate by a half."""
    rng = np.random.default_rng(seed)
    make = KINDS[kind]
    shared, units = make(rng, POOL)
    new = [(shared + (several > 1) * rng.normal(size=len(shared))) for _ in range(several)]
    highest = [largest(scores, units) for scores in new]  # of each unit
    images, anywhere, inside = [], [], []
    for _ in range(draws):
        common, of = make(rng, n)
        called, any_of = np.zeros(len(shared), bool), np.zeros(POOL, bool)
        for scores, best in zip(new, highest, strict=True):
            limit = upper_limit(common + (several > 1) * rng.normal(size=len(common)), calls_for(n, rate / several), of)
            inside.append(limit.low <= (best >= limit.value).mean() <= limit.high)
            called |= scores >= limit.value
            any_of |= best >= limit.value
        images.append(called.mean())
        anywhere.append(any_of.mean())
    return {
        "limit": "own reals", "scores": kind, "units": n, "asked": rate, "detectors": several,
        "of units": np.mean(anywhere), "of images": np.mean(images), "interval holds": np.mean(inside),
    }  # fmt: skip


def verdicts(kind: str, n: int, auc: float, draws: int, seed: int) -> dict[str, Any]:
    """Verdicts at the limits of `n` validation units of each class, at an AUC."""
    rng = np.random.default_rng(seed)
    make, apart = KINDS[kind], np.sqrt(2) * norm.ppf(auc)
    reals, _ = make(rng, POOL)
    fakes = make(rng, POOL)[0] + apart
    shares = []
    for _ in range(draws):
        (low_scores, low_units), (high_scores, high_units) = make(rng, n), make(rng, n)
        like = upper_limit(low_scores, calls_for(n, RISK), low_units)
        unlike = upper_limit(-(high_scores + apart), calls_for(n, RISK), high_units)
        said = [
            [(x >= like.value) & (-x < unlike.value), (-x >= unlike.value) & (x < like.value)] for x in (reals, fakes)
        ]
        shares.append([side.mean() for pair in said for side in pair])
    means = np.mean(shares, axis=0)
    return {
        "limit": "validation", "scores": kind, "units": n, "auc": auc, "reals called like": means[0],
        "fakes called not like": means[3], "fakes called like": means[2], "reals called not like": means[1],
    }  # fmt: skip


def warnings(n: int, draws: int, seed: int) -> dict[str, Any]:
    """Warnings of unlike images: the share beyond a limit of `n` distances, uniform without loss of generality."""
    rng = np.random.default_rng(seed)
    calls = max(1, sure_calls_for(n, 0.01))
    rate = max(0.01, 1 - 0.05 ** (1 / n))
    shares = np.array([1 - upper_limit(rng.random(n), calls).value for _ in range(draws)])
    return {
        "limit": "unlike", "units": n, "promised": rate, "of images": shares.mean(),
        "promise holds": (shares <= rate).mean(),
    }  # fmt: skip


def tasks(draws: int) -> list[tuple[str, tuple[Any, ...]]]:
    """Every row of the tables, as a function's name and its arguments."""
    reals = itertools.product(KINDS, (20, 60, 200, 1000), (0.01, 0.05, 0.2), (1, 3))
    whole = [("own_reals", (*row, draws)) for row in reals if calls_for(row[1], row[2] / row[3])]
    whole += [("verdicts", (*row, draws)) for row in itertools.product(KINDS, (20, 60, 200, 1000), AUCS)]
    whole += [("warnings", (n, draws)) for n in (20, 100, 299, 600, 2000)]
    return [(name, (*arguments, seed)) for seed, (name, arguments) in enumerate(whole)]


def work(task: tuple[str, tuple[Any, ...]]) -> dict[str, Any]:
    """Does one row."""
    return dict(globals()[task[0]](*task[1]))


def markdown(table: pd.DataFrame) -> str:
    """Returns the rows of each limit as a table, without the columns that it has not."""
    parts = []
    for _, rows in table.groupby("limit", sort=False):
        shown = rows.dropna(axis=1, how="all").drop(columns="limit")
        cells = [
            [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in shown.to_numpy(object)
        ]
        lines = [list(shown.columns), ["---"] * shown.shape[1], *cells]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Simulates, and prints or writes the tables."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--draws", type=int, default=2000)
    asked.add_argument("--workers", type=int, default=1)
    asked.add_argument("--out", type=Path, help="A .csv or .md file; else it is printed.")
    given = asked.parse_args()
    with multiprocessing.Pool(given.workers) as pool:
        table = pd.DataFrame(pool.map(work, tasks(given.draws), chunksize=1))
    text = table.to_csv(index=False) if given.out and given.out.suffix == ".csv" else markdown(table)
    given.out.write_text(text) if given.out else sys.stdout.write(text)


if __name__ == "__main__":
    main()
