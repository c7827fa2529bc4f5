"""What processes of their own cost a run: `python tests/speed/overhead.py --before ../other/checkout`.

Times `fauxbench run` (digits) and a run of ten plug-in rows, each from a file of a few lines, in this tree and in
another one, by turns, so that what else the machine does meets both; the first of each pair changes from pair to pair.
Then it prints what the manifest of the last run here says of each kind of stage: how often it was done, its seconds,
the seconds until its process was there, and the most megabytes that one held.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
CODE = """
import sys
sys.argv[0] = "fauxbench"
try:
    from benchmark.cli.main import main
except ImportError:  # an earlier checkout
    from benchmark.cli import main
main()
"""
ROWS = 10
PLUGIN = """
import numpy as np


class Mine:
    def fit(self, images, is_fake):
        self.weight = images[is_fake].mean(axis=0) - images[~is_fake].mean(axis=0) + {number}
        return self

    def decision_function(self, images):
        return (images * self.weight).reshape(len(images), -1).sum(axis=1).astype(float)
"""
SPEC = 'name = "rows"\n[dataset]\nname = "digits"\n[quality]\nenabled = false\n'
GOAL = 1.10  # times as long as before, at most, of `fauxbench run`


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, metavar="DIR", help="another checkout to compare with")
    parser.add_argument("--pairs", type=int, default=3, help="how often each is timed [3]")
    parser.add_argument("--only", choices=["digits", "rows"], help="time one of the two alone")
    parser.add_argument("--smoke", action="store_true", help="shrink the digits run to seconds")
    asked = parser.parse_args()
    trees = {"here": HOUSE} | ({"before": asked.before.resolve()} if asked.before else {})
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for what in ["digits", "rows"] if asked.only is None else [asked.only]:
        seconds: dict[str, list[float]] = {name: [] for name in trees}
        for pair in range(asked.pairs):
            for name in list(trees)[:: -1 if pair % 2 else 1]:
                taken, manifest = timed(trees[name], what, asked.smoke)
                seconds[name].append(taken)
                if name == "here":
                    latest = manifest
        told(what, seconds)
        show(latest)


def timed(tree: Path, what: str, smoke: bool) -> tuple[float, dict]:
    """Runs in a new folder; returns the seconds, from start to end of the process, and the manifest."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        asked = ["digits", *(["--smoke"] if smoke else [])]
        if what == "rows":
            asked = ["spec.toml"]
            for number in range(ROWS):
                (folder / f"row{number}.py").write_text(PLUGIN.format(number=number))
            rows = [f'[[detector]]\nid = "row{n}"\nkind = "row{n}.py:Mine"\n' for n in range(ROWS)]
            (folder / "spec.toml").write_text(SPEC + "".join(rows))
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", CODE, "run", *asked, "--out", "out"], cwd=folder, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(tree)}, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(f"{tree} ended with {done.returncode}: {done.stderr[-2000:]}")
        return seconds, json.loads((folder / "out/manifest.json").read_text())


def told(what: str, seconds: dict[str, list[float]]) -> None:
    """Prints the medians and their ratio."""
    for name, times in seconds.items():
        print(f"{what} {name}: {statistics.median(times):.1f} s, median of {[round(one, 1) for one in times]}")
    if "before" in seconds:
        ratio = statistics.median(a / b for a, b in zip(seconds["here"], seconds["before"], strict=True))
        goal = f", goal {GOAL:.2f}: {'met' if ratio <= GOAL else 'MISSED'}" if what == "digits" else ""
        print(f"{what}: {ratio:.2f} times as long as before, median of the pairs{goal}")


def show(manifest: dict) -> None:
    """Prints the costs of each kind of stage."""
    print(f"{'stage':<20}{'n':>4}{'seconds':>10}{'started':>9}{'peak MB':>9}")
    kinds: dict[str, list[dict]] = {}
    for stage in manifest["stages"]:
        kinds.setdefault(stage["stage"], []).append(stage)
    for kind, stages in kinds.items():
        spent, started = (sum(stage.get(name) or 0.0 for stage in stages) for name in ("seconds", "started"))
        peak = max(stage.get("peak_mb") or 0 for stage in stages)
        print(f"{kind:<20}{len(stages):>4}{spent:>10.1f}{started:>9.2f}{peak or '':>9}")


if __name__ == "__main__":
    main()
