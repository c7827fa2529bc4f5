"""How often the 95 % intervals of a configuration's mean hold the truth where test images come in units.

    python tests/statistics/configuration_coverage.py --draws 1000

Scores are normal. Half of a real image's variance is its unit's (a person's, a scene's). Runs share the reals and
differ by `spread`; their fakes are alone, or swaps: made from the reals, with half of the variance from the same unit.
The truth is the mean AUC over trainings and images, known for a shift of normal scores.
"""

from __future__ import annotations

import argparse

import numpy as np
from counted import Coverage, counted
from scipy import stats

from benchmark.statistics.columns.configuration import compare_configurations, configuration_interval

SHIFT = 1.5
# Units, images of each (0: from 2 to 20), runs, spread between runs, whether fakes are made from the reals.
CASES = {
    "40 persons": (40, 10, 3, 0.1, False),
    "10 scenes": (10, 16, 3, 0.1, False),
    "10 scenes, equal runs": (10, 16, 5, 0.0, False),
    "unequal persons": (40, 0, 5, 0.1, False),
    "swaps": (40, 10, 3, 0.1, True),
    "swaps, equal runs": (20, 10, 5, 0.0, True),
}


def runs(rng: np.random.Generator, case: str, *, configurations: int = 1) -> list[list[tuple[np.ndarray, ...]]]:
    """Draws real images and, of each configuration, its training runs."""
    count, each, trained, spread, swaps = CASES[case]
    size = np.full(count, each) if each else rng.integers(2, 21, count)
    unit = np.repeat(np.arange(count), size)
    n = len(unit)
    real = (rng.normal(size=count)[unit] + rng.normal(size=n)) / np.sqrt(2)
    kept = rng.normal(size=count)[unit]  # what the fakes of all runs keep of their source
    both = np.r_[unit, unit if swaps else n + np.arange(n)]
    found: list[list[tuple[np.ndarray, ...]]] = [[] for _ in range(configurations)]
    for mine in found:
        for _ in range(trained):
            fake = rng.normal(size=n)
            fake = (kept + fake) / np.sqrt(2) if swaps else fake
            mine.append((np.r_[real, fake + SHIFT + spread * rng.normal()], np.arange(2 * n) >= n, both))
    return found


def coverage(case: str, draws: int, *, units: bool = True, seed: int = 0) -> Coverage:
    """Returns the coverage of the configuration's mean."""
    rng = np.random.default_rng(seed)
    truth = float(stats.norm.cdf(SHIFT / np.sqrt(2 + CASES[case][3] ** 2)))
    drawn = (runs(rng, case)[0] for _ in range(draws))
    told = ([run[: 3 if units else 2] for run in each] for each in drawn)
    return counted(case, [configuration_interval(each)[:3] for each in told], truth)


def alarms(case: str, draws: int, *, seed: int = 0) -> float:
    """Returns how often two equal configurations, tested on the same reals, are told apart at 5 %."""
    rng = np.random.default_rng(seed)
    return float(np.mean([compare_configurations(*runs(rng, case, configurations=2)).p < 0.05 for _ in range(draws)]))


def main() -> None:
    """Prints a table of all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    arguments = parser.parse_args()
    print(f"{'case':22} {'sd':>8} {'error':>8} {'held':>6} {'without units':>14} {'told apart':>11}")
    for case in CASES:
        found, without = (coverage(case, arguments.draws, units=units) for units in (True, False))
        told = alarms(case, arguments.draws)
        numbers = f"{found.spread:8.4f} {found.error:8.4f} {found.held:6.1%} {without.held:14.1%} {told:11.1%}"
        print(f"{case:22} {numbers}", flush=True)


if __name__ == "__main__":
    main()
