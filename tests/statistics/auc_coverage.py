"""How often the AUC interval holds the truth, over sizes, AUCs and shapes of score distributions.

`python tests/statistics/auc_coverage.py` prints the table for all families; the slow tests assert parts of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy import optimize, special, stats

from benchmark.statistics.delong import satterthwaite, variance_of_mean
from benchmark.statistics.intervals import auc_interval

AUCS = (0.6, 0.9, 0.98, 0.995, 0.999)
Draw = Callable[[np.random.Generator, tuple[int, int], bool], np.ndarray]


def binormal(auc: float, *, ratio: float = 1.0) -> Draw:
    """Normal scores; the fakes' standard deviation is `ratio` times the reals'."""
    shift = special.ndtri(auc) * np.hypot(1, ratio)
    return lambda rng, size, fake: rng.normal(shift, ratio, size) if fake else rng.normal(size=size)


def heavy(auc: float, *, df: float = 2.0) -> Draw:
    """Student t scores with few degrees of freedom: a few images lie anywhere."""
    grid = np.linspace(0.0005, 0.9995, 1000)
    x = stats.t.ppf(grid, df)
    shift = optimize.brentq(lambda d: stats.t.cdf(x + d, df).mean() - auc, 0, 1000)
    # the midpoint rule misses the tails: correct the truth that is aimed at by a finer one
    u = (np.arange(200_000) + 0.5) / 200_000
    fine = stats.t.ppf(u, df)
    shift = optimize.newton(lambda d: stats.t.cdf(fine + d, df).mean() - auc, shift, tol=1e-7)
    return lambda rng, size, fake: rng.standard_t(df, size) + (shift if fake else 0.0)


def missed(auc: float, *, shift: float = 7.0) -> Draw:
    """Fakes are caught surely, but for a share of them that looks exactly like reals."""
    caught = special.ndtr(shift / np.sqrt(2))
    share = (caught - auc) / (caught - 0.5)

    def draw(rng: np.random.Generator, size: tuple[int, int], fake: bool) -> np.ndarray:
        scores = rng.normal(size=size)
        return scores + shift * (rng.random(size) >= share) if fake else scores

    return draw


def accused(auc: float, *, shift: float = 7.0) -> Draw:
    """A share of the reals scores above every fake."""
    share = 1 - auc / special.ndtr(shift / np.sqrt(2))

    def draw(rng: np.random.Generator, size: tuple[int, int], fake: bool) -> np.ndarray:
        scores = rng.normal(size=size)
        return scores + shift if fake else scores + 4 * shift * (rng.random(size) < share)

    return draw


def few_levels(auc: float, *, levels: int = 7) -> Draw:
    """Binormal scores rounded to few values: many ties."""
    edges = np.linspace(-2.5, 2.5, levels - 1)

    def shares(shift: float) -> np.ndarray:
        return np.diff(special.ndtr(np.r_[-np.inf, edges, np.inf] - shift))

    def truth(d: float) -> float:
        real, fake = shares(-d / 2), shares(d / 2)
        return float(fake @ (np.cumsum(real) - real / 2))

    d = optimize.brentq(lambda d: truth(d) - auc, 0, 20)

    def draw(rng: np.random.Generator, size: tuple[int, int], fake: bool) -> np.ndarray:
        return np.searchsorted(edges, rng.normal(d / 2 if fake else -d / 2, 1, size)).astype(float)

    return draw


FAMILIES: dict[str, Callable[[float], Draw]] = {
    "binormal": binormal,
    "wide fakes": lambda auc: binormal(auc, ratio=3.0),
    "narrow fakes": lambda auc: binormal(auc, ratio=0.3),
    "heavy tails": heavy,
    "missed fakes": missed,
    "accused reals": accused,
    "seven levels": few_levels,
}


def estimates(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, ...]:
    """Returns AUC, variance, degrees of freedom and images on the wrong side, `(b,)` each, of `(b, n)`, `(b, m)`."""
    n, m = real.shape[1], fake.shape[1]
    scores = np.concatenate([real, fake], axis=1)
    order = np.argsort(scores, axis=1)
    is_fake = order >= n
    ordered = np.take_along_axis(scores, order, axis=1)
    last = np.c_[ordered[:, 1:] != ordered[:, :-1], np.ones(len(scores), bool)]
    below = np.cumsum(~is_fake, axis=1).astype(np.int32)
    fakes_to = np.cumsum(is_fake, axis=1).astype(np.int32)
    wrong = np.where(last, fakes_to + n - below, n + m).min(axis=1)
    wrong = np.minimum(wrong, min(n, m))
    if last.all():
        of_fake, of_real = below, m - fakes_to
    else:
        position = np.where(last, np.arange(n + m), n + m)
        end = np.minimum.accumulate(position[:, ::-1], axis=1)[:, ::-1]
        first = np.c_[np.ones(len(scores), bool), last[:, :-1]]
        start = np.maximum.accumulate(np.where(first, np.arange(n + m), 0), axis=1)
        before = lambda counts, flags: np.take_along_axis(counts, start, 1) - np.take_along_axis(flags, start, 1)  # noqa: E731
        of_fake = (before(below, ~is_fake) + np.take_along_axis(below, end, 1)) / 2
        of_real = m - (before(fakes_to, is_fake) + np.take_along_axis(fakes_to, end, 1)) / 2
    v_fake, v_real = of_fake[is_fake].reshape(-1, m) / n, of_real[~is_fake].reshape(-1, n) / m
    sides = variance_of_mean(v_fake), variance_of_mean(v_real)
    return v_fake.mean(axis=1), sides[0][0] + sides[1][0], satterthwaite(*sides), wrong


def coverage(
    draw: Draw, auc: float, n_real: int, n_fake: int, *, times: int = 2000, seed: int = 0
) -> tuple[float, float, float, float]:
    """Returns the shares of intervals that hold `auc`, lie above it, lie below it, and their mean width."""
    rng = np.random.default_rng(seed)
    rows = max(1, 1_000_000 // (n_real + n_fake))
    parts = []
    for start in range(0, times, rows):
        b = min(rows, times - start)
        parts.append(estimates(draw(rng, (b, n_real), False), draw(rng, (b, n_fake), True)))
    value, variance, df, wrong = (np.concatenate(part) for part in zip(*parts, strict=True))
    low, high = auc_interval(value, variance, min(n_real, n_fake), wrong, df=df)
    above, below = float((low > auc).mean()), float((high < auc).mean())
    return 1 - above - below, above, below, float((high - low).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=2000)
    parser.add_argument("--family", choices=sorted(FAMILIES))
    parser.add_argument("--sizes", nargs="+", default=["1000+1000", "150+150"])
    arguments = parser.parse_args()
    for size in arguments.sizes:
        n_real, n_fake = (int(part) for part in size.split("+"))
        print(f"\n{size}: coverage in % (too high / too low), mean width")
        print(f"{'':14}" + "".join(f"{auc:>24}" for auc in AUCS))
        for name, family in FAMILIES.items():
            if arguments.family in (None, name):
                cells = [coverage(family(auc), auc, n_real, n_fake, times=arguments.times) for auc in AUCS]
                print(f"{name:14}" + "".join(_cell(*cell) for cell in cells), flush=True)


def _cell(held: float, above: float, below: float, width: float) -> str:
    return f"{100 * held:8.2f} ({100 * above:.1f}/{100 * below:.1f}) {width:.4f}"


if __name__ == "__main__":
    main()
