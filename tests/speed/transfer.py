"""What a cell of the question `transfer` costs beside training: `python tests/speed/transfer.py --generators 25`.

Trains detectors on many small generators of digits; then plans the question's cells, does the stages `score` and
`measure` of each in this process, one detector after the other as executors do, and writes the run folder. It prints
processor milliseconds for each cell, since other programs' load lengthens no processor time by much. The time in which
detectors score and in which metrics are computed (bootstrap included) is told apart from the rest: that is overhead, of
keys, locks, reading and checking files, and writing them.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import benchmark
from benchmark.plan import specs
from benchmark.plugins.adapt import DetectorAdapter
from benchmark.stages import line
from benchmark.statistics.cells import metrics, probabilities, roc
from benchmark.use import api

GOAL = 20.0  # milliseconds of overhead for each cell
WORK = [
    (DetectorAdapter, "both", "score"),
    (metrics, "measure", "measure"),
    (metrics, "by_class", "measure"),
    (roc, "roc", "measure"),
    (probabilities, "reliability", "measure"),
]


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
    """Trains, plans, scores, measures and writes, and prints what each took."""
    benchmark.run(spec(generators, limit, ["own"]), out=folder / "run")
    given, store = spec(generators, limit, ["own", "transfer"]), str(folder / ".store")
    began = time.process_time()
    plan = api.make_plan(given)
    cells = sorted(
        (cell for cell in plan.cells if cell.question == "transfer"), key=lambda cell: (cell.detector, cell.trained.key)
    )
    keys = {stage.key for stage in plan.stages}
    planned = time.process_time() - began
    print(f"{len(cells):,} cells of the question, {len(keys):,} stages in all")
    told("planned, with all keys", planned, len(cells))
    for cell in cells:
        line.run(cell.trained.as_json(), store, lambda *_: None)
    inside = Counter({"score": 0.0, "measure": 0.0})
    for place, name, what in WORK:
        setattr(place, name, timed(getattr(place, name), inside, what))
    overhead = planned
    for what in ("score", "measure"):
        began = time.process_time()
        for cell in cells:
            stage = cell.scored if what == "score" else cell.measured
            line.run(stage.as_json(), store, lambda *_: None)
        spent = time.process_time() - began
        told(f"{what}: the work itself", inside[what], len(cells))
        told(f"{what}: the rest", spent - inside[what], len(cells))
        overhead += spent - inside[what]
    told(f"overhead, goal {GOAL:g} ms", overhead, len(cells))
    began = time.process_time()
    benchmark.run(given, out=folder / "run")
    told("run folder and its tables", time.process_time() - began, len(cells))


def timed(function: Callable[..., Any], spent: Counter[str], what: str) -> Callable[..., Any]:
    """Returns the function, which then adds up its own time."""

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        began = time.process_time()
        try:
            return function(*arguments, **keywords)
        finally:
            spent[what] += time.process_time() - began

    return call


def told(what: str, seconds: float, n: int) -> None:
    """Prints seconds, and milliseconds of each."""
    print(f"{what:<28}{seconds:>9.1f} s {1000 * seconds / max(n, 1):>9.2f} ms each")


if __name__ == "__main__":
    main()
