"""What a cell of the question `transfer` costs beside training: `python tests/speed/transfer.py --generators 25`.

Trains detectors on many small generators of digits, and times what the question adds: planning, the stages `score` and
`measure` of each cell, and the run folder. The seconds in which a detector computes scores and in which metrics are
computed, bootstrap included, are told apart from the rest, which is overhead: keys, locks, reading and checking files,
and writing them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import benchmark
from benchmark.plan import planner, specs
from benchmark.results import collect

GOAL = 20.0  # milliseconds of overhead for each cell


def spec(generators: int, limit: int, ask: list[str]) -> specs.Spec:
    """Two detectors, the sentinel among them, that learn from each generator and from all but one."""
    rows = [{"kind": "gaussian", "id": f"g{number:02d}", "components": 2 + number} for number in range(generators)]
    return specs.parse({
        "name": "transfer", "dataset": {"name": "digits", "limit": limit}, "generator": rows,
        "detector": [{"kind": "linear-pixel"}], "quality": {"enabled": False}, "protocol": {"ask": ask},
        "question": {"transfer": {"parts": ["pairs", "leave-one-out"]}} if "transfer" in ask else {},
    })  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generators", type=int, default=25, help="how many; 25 make 1,250 cells [25]")
    parser.add_argument("--limit", type=int, default=400, help="real images in all [400]")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a folder whose store is used again")
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as place:
        folder = asked.keep or Path(place)
        measure(folder, asked.generators, asked.limit)


def measure(folder: Path, generators: int, limit: int) -> None:
    """Runs twice and prints what the second run spent on cells."""
    benchmark.run(spec(generators, limit, ["own"]), out=folder / "usual")
    given = spec(generators, limit, ["own", "transfer"])
    began = time.perf_counter()
    cells = [cell for cell in planner.plan(given, folders=[]).cells if cell.question == "transfer"]
    print(f"{len(cells):,} cells of the question")
    told("planned", time.perf_counter() - began, len(cells))
    began, written = time.perf_counter(), collect.write
    spent: list[float] = []

    def write(*arguments: object, **keywords: object) -> None:
        start = time.perf_counter()
        written(*arguments, **keywords)
        spent.append(time.perf_counter() - start)

    collect.write = write  # type: ignore[assignment]
    run = benchmark.run(given, out=folder / "transfer")
    whole = time.perf_counter() - began
    manifest = json.loads((run.folder / "manifest.json").read_text())
    told("run in all", whole, len(cells))
    told("run folder", spent[0], len(cells))
    for kind in sorted({stage["stage"] for stage in manifest["stages"]}):
        stages = [one for one in manifest["stages"] if one["stage"] == kind and one["status"] == "done"]
        if stages:
            told(f"{kind} ({len(stages):,})", sum(one["seconds"] for one in stages), len(stages))


def told(what: str, seconds: float, n: int) -> None:
    """Prints seconds, and milliseconds of each."""
    print(f"{what:<28}{seconds:>9.1f} s {1000 * seconds / max(n, 1):>9.2f} ms each")


if __name__ == "__main__":
    main()
