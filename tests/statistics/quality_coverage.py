"""How often the 95 % intervals of the quality measures hold what they are for, over draws of everything.

    python tests/statistics/quality_coverage.py --draws 400

What they are for is the mean of the measure over draws of this size: known for memorisation (0.5), estimated by all
draws together for the others. Features are made up: Gaussian ones with unequal variances, and skewed ones as a network
with rectifiers has. The fakes are equal to the reals, or narrower, or shifted. With persons, every real person has
several images, which share half of the variance; the fakes are independent, or swaps: made from the held-out images.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from counted import Coverage, counted

from benchmark.quality import frechet, kernel, memorisation, neighbours
from benchmark.quality.estimate import Estimate
from benchmark.quality.fakes import Together

# Images, features. The second and third are the digits' and CIFAR-10 dogs'; the last has fewer images than features,
# as CIFAR-10 dogs have on the Inception network, where both covariances are singular.
SIZES = ((100, 16), (450, 64), (1500, 64), (96, 256))
PERSONS = ((1000, 16, 20), (600, 16, 5))  # images, features, images of a person
FAKES = {"equal": (0.0, 1.0), "narrower": (0.0, 0.8), "shifted": (0.3, 1.0)}  # shift, spread


def features(
    rng: np.random.Generator, mixing: np.ndarray, kind: str, n: int, shift: float, spread: float, each: int = 1
) -> np.ndarray:
    """Draws features `(n, d)` of one kind, so many of each person."""
    drawn = rng.standard_normal((n, len(mixing)))
    if each > 1:
        drawn = (drawn + np.repeat(rng.standard_normal((n // each, len(mixing))), each, axis=0)) / np.sqrt(2)
    sample = (drawn @ mixing) * spread + shift
    return np.maximum(sample + 0.5, 0.0) if kind == "rectified" else sample


def measured(
    reals: np.ndarray, seen: np.ndarray, fakes: np.ndarray, groups: Together | None = None
) -> dict[str, Estimate]:
    """Returns every measure of one draw."""
    groups = groups or Together()
    both = groups.held, groups.fake
    return {
        "fd": frechet.distance(reals, fakes, both).estimate,
        "kd": kernel.distance(reals, fakes, both),
        **neighbours.overlap(reals, fakes, groups=both),
        "memorisation": memorisation.memorised(fakes, seen, reals, (groups.fake, groups.seen, groups.held)),
    }


def coverage(
    n: int, d: int, kind: str, fake: str, draws: int, seed: int = 0, each: int = 1, swaps: bool = False
) -> Iterator[Coverage]:
    """Yields the coverage of every measure; with `each` above 1, of persons with so many images."""
    rng = np.random.default_rng(seed)
    turned = np.linalg.qr(rng.standard_normal((d, d)))[0]
    mixing = np.diag(np.linspace(0.1, 2, d) ** 1.5) @ turned
    shift, spread = FAKES[fake]
    found: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(draws):
        reals, seen = (features(rng, mixing, kind, n, 0.0, 1.0, each) for _ in range(2))
        fakes = features(rng, mixing, kind, n, shift, spread)
        if swaps:
            fakes = (reals * spread + shift + fakes) / np.sqrt(2)
        groups = None
        if each > 1:
            who = np.repeat(np.arange(n // each), each)
            groups = Together(who, who + n, who if swaps else None)
        for name, estimate in measured(reals, seen, fakes, groups).items():
            found.setdefault(name, []).append((estimate.value, estimate.low, estimate.high))
    for name, rows in found.items():
        yield counted(name, rows, memorisation.EXPECTED if name == "memorisation" and not swaps else None)


def main() -> None:
    """Prints a table of all sizes, kinds of features and fakes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--persons", action="store_true", help="only the sizes with persons")
    arguments = parser.parse_args()
    print(f"{'n':>5} {'d':>3} {'each':>9} {'features':9} {'fakes':8} {'measure':12} ", end="")
    print(f"{'mean':>9} {'sd':>8} {'error':>8} {'held':>6}")
    cases = [(n, d, 1, False) for n, d in SIZES] if not arguments.persons else []
    cases += [(*size, swaps) for size in PERSONS for swaps in (False, True)]
    for n, d, each, swaps in cases:
        for kind in ("gaussian", "rectified"):
            for fake in FAKES:
                for row in coverage(n, d, kind, fake, arguments.draws, each=each, swaps=swaps):
                    numbers = f"{row.mean:9.4f} {row.spread:8.4f} {row.error:8.4f} {row.held:6.1%}"
                    about = f"{each:3} {'swaps' if swaps else '':5} {kind:9} {fake:8} {row.measure:12}"
                    print(f"{n:5} {d:3} {about} {numbers}", flush=True)


if __name__ == "__main__":
    main()
