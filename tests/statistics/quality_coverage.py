"""How often the 95 % intervals of the quality measures hold what they are for, over draws of everything.

    python tests/statistics/quality_coverage.py --draws 400

What they are for is the mean of the measure over draws of this size: known for memorisation (0.5), estimated by all
draws together for the others. Features are made up: Gaussian ones with unequal variances, and skewed ones as a network
with rectifiers has. The fakes are equal to the reals, or narrower, or shifted.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmark.quality import frechet, kernel, memorisation, neighbours
from benchmark.quality.estimate import Estimate

# Images, features. The second and third are the digits' and CIFAR-10 dogs'; the last has fewer images than features,
# as CIFAR-10 dogs have on the Inception network, where both covariances are singular.
SIZES = ((100, 16), (450, 64), (1500, 64), (96, 256))
FAKES = {"equal": (0.0, 1.0), "narrower": (0.0, 0.8), "shifted": (0.3, 1.0)}  # shift, spread


@dataclass(frozen=True)
class Coverage:
    """Over draws: the mean, its spread, the mean standard error that the intervals stand for, and how many hold it."""

    measure: str
    mean: float
    spread: float
    error: float
    held: float


def features(
    rng: np.random.Generator, mixing: np.ndarray, kind: str, n: int, shift: float, spread: float
) -> np.ndarray:
    """Draws features `(n, d)` of one kind."""
    sample = (rng.standard_normal((n, len(mixing))) @ mixing) * spread + shift
    return np.maximum(sample + 0.5, 0.0) if kind == "rectified" else sample


def measured(reals: np.ndarray, seen: np.ndarray, fakes: np.ndarray) -> dict[str, Estimate]:
    """Returns every measure of one draw."""
    return {
        "fd": frechet.distance(reals, fakes).estimate,
        "kd": kernel.distance(reals, fakes),
        **neighbours.overlap(reals, fakes),
        "memorisation": memorisation.memorised(fakes, seen, reals),
    }


def coverage(n: int, d: int, kind: str, fake: str, draws: int, seed: int = 0) -> Iterator[Coverage]:
    """Yields the coverage of every measure."""
    rng = np.random.default_rng(seed)
    turned = np.linalg.qr(rng.standard_normal((d, d)))[0]
    mixing = np.diag(np.linspace(0.1, 2, d) ** 1.5) @ turned
    shift, spread = FAKES[fake]
    found: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(draws):
        reals, seen = (features(rng, mixing, kind, n, 0.0, 1.0) for _ in range(2))
        for name, each in measured(reals, seen, features(rng, mixing, kind, n, shift, spread)).items():
            found.setdefault(name, []).append((each.value, each.low, each.high))
    for name, rows in found.items():
        values, lows, highs = np.array(rows).T
        target = memorisation.EXPECTED if name == "memorisation" else values.mean()
        held = float(((lows <= target) & (target <= highs)).mean())
        yield Coverage(name, float(target), float(values.std()), float((highs - lows).mean() / 3.92), held)


def main() -> None:
    """Prints a table of all sizes, kinds of features and fakes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=400)
    arguments = parser.parse_args()
    print(f"{'n':>5} {'d':>3} {'features':9} {'fakes':8} {'measure':12} {'mean':>9} {'sd':>8} {'error':>8} {'held':>6}")
    for n, d in SIZES:
        for kind in ("gaussian", "rectified"):
            for fake in FAKES:
                for row in coverage(n, d, kind, fake, arguments.draws):
                    numbers = f"{row.mean:9.4f} {row.spread:8.4f} {row.error:8.4f} {row.held:6.1%}"
                    print(f"{n:5} {d:3} {kind:9} {fake:8} {row.measure:12} {numbers}", flush=True)


if __name__ == "__main__":
    main()
