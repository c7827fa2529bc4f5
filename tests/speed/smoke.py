"""Times `--smoke` of every preset, each in an empty folder: `python tests/speed/smoke.py [PRESET ...] [--ladder]`.

Says wall-clock and processor seconds, since others may use the machine; data files are looked for in `$FAUXBENCH_DATA`.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark.plan import specs

HOUSE = Path(__file__).parents[2]
GOAL, LADDER_GOAL = 30, 90  # seconds on two cores


def main() -> None:
    asked = [argument for argument in sys.argv[1:] if argument != "--ladder"]
    ladder = ["--ladder"] if "--ladder" in sys.argv else []
    goal = LADDER_GOAL if ladder else GOAL
    for preset in asked or specs.presets():
        with tempfile.TemporaryDirectory() as folder:
            before, start = _processor_seconds(), time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "fauxbench", "run", preset, "--smoke", *ladder],
                cwd=folder, capture_output=True, text=True, check=False,
                env=os.environ | {"PYTHONPATH": str(HOUSE), "XDG_CACHE_HOME": folder},
            )  # fmt: skip
            wall, cpu = time.perf_counter() - start, _processor_seconds() - before
        if done.returncode:
            raise SystemExit(f"{preset} ended with {done.returncode}: {done.stderr[-2000:]}")
        judged = "met" if wall < goal else "MISSED"
        print(f"{preset}{' --ladder' * bool(ladder)}: {wall:.1f} s, {cpu:.1f} s of processor; goal {goal} s {judged}")


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
