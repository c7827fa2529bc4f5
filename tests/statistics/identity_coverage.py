"""How often the 95 % intervals of identity transfer hold what they are for, over draws of everything.

    python tests/statistics/identity_coverage.py --draws 400

What they are for is the mean of the measure over draws of this size, estimated by all draws together. Embeddings are
made up: persons around the centre of one of two groups, pictures around their person; a swap is its source moved
towards the other group. Each draw has other persons, or, of two persons who stay the same, other pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from counted import Coverage, counted

from benchmark.quality.identity.similarities import Faces
from benchmark.quality.identity.transfer import MEASURES, rows

# `apart`: a person is of one group. `both`: each person is in both, and nothing tells the groups apart. `two`: persons.
CASES = {
    "apart": (40, 6, 0.5),
    "few": (14, 6, 0.5),
    "both": (24, 6, 0.3),
    "two": (2, 40, 0.5),
    "two, many": (2, 80, 0.5),
}


def faces(case: str, seed: int) -> tuple[Faces, np.ndarray]:
    """Draws faces and their swaps."""
    persons, each, moved = CASES[case]
    rng = np.random.default_rng([seed, 7])
    who = np.repeat(np.arange(persons), each)
    two = case.startswith("two")
    label = np.arange(len(who)) % 2 if case == "both" else who % 2
    group = np.eye(2, 16)
    centres = group[np.arange(persons) % 2] + (np.random.default_rng(3) if two else rng).normal(0, 0.3, (persons, 16))
    real = _unit(centres[who] + rng.normal(0, 0.2, (len(who), 16)))
    swaps = _unit(real + moved * (group[1 - label] - group[label]) + rng.normal(0, 0.1, real.shape))
    alone = np.arange(len(who))
    return Faces("identities" if two else "groups", real, who, label, alone, alone if two else who), swaps


def coverage(case: str, draws: int) -> Iterator[Coverage]:
    """Yields the coverage of every measure of one direction."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(draws):
        row = rows(*faces(case, seed), None, ("x", "y"))[0]
        for name in MEASURES:
            if name in row:
                found.setdefault(name, []).append((row[name], row[f"{name}_low"], row[f"{name}_high"]))
    for name, each in found.items():
        yield counted(name, each)


def _unit(points: np.ndarray) -> np.ndarray:
    return np.asarray(points / np.linalg.norm(points, axis=-1, keepdims=True))


def main() -> None:
    """Prints a table of all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=400)
    arguments = parser.parse_args()
    print(f"{'case':9} {'measure':18} {'mean':>8} {'sd':>8} {'error':>8} {'held':>6}")
    for case in CASES:
        for row in coverage(case, arguments.draws):
            numbers = f"{row.mean:8.4f} {row.spread:8.4f} {row.error:8.4f} {row.held:6.1%}"
            print(f"{case:9} {row.measure:18} {numbers}", flush=True)


if __name__ == "__main__":
    main()
