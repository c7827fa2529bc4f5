"""How much the memory of a run grows with many small trainings: `python tests/speed/memory.py`.

One run on digits trains small networks about a hundred times (four rows with nine seeds, each against the fakes of
one generator and of two controls). Meanwhile the memory of all its
processes is looked at: shared pages count once, by the proportional set size of Linux. It prints by how much the most
that was held later exceeds the most that was held until the first training had ended.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
CODE = "import sys; sys.argv[0] = 'fauxbench'; from benchmark.cli.main import main; main()"
ROWS, EXAMS = 4, 3
GOAL = 300  # MB over the first training, at most
EVERY = 0.5  # seconds between two looks


def spec(trainings: int) -> str:
    """Returns a spec of so many small trainings."""
    seeds = list(range(-(-trainings // (ROWS * EXAMS))))
    rows = [f'[[detector]]\nid = "cnn{n}"\nkind = "cnn"\nepochs = {n + 1}\n' for n in range(ROWS)]
    head = 'name = "memory"\n[dataset]\nname = "digits"\nlimit = 200\n[quality]\nenabled = false\n'
    generator = '[[generator]]\nid = "bright"\nkind = "gaussian"\n'
    return f"{head}{generator}{''.join(rows)}[protocol]\ndetector_seeds = {seeds}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainings", type=int, default=100, help="how many networks are trained, in dozens [100]")
    parser.add_argument("--jobs", type=int, default=1, help="how many side by side [1]")
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "spec.toml").write_text(spec(asked.trainings))
        command = [sys.executable, "-c", CODE, "run", "spec.toml", "--out", "out", "--jobs", str(asked.jobs)]
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=os.environ | {"PYTHONPATH": str(HOUSE)}, stdout=log, stderr=log
            )
        looks = watched(process, folder / "log")
        if process.returncode:
            raise SystemExit((folder / "log").read_text()[-2000:])
    first = max(megabytes for trained, megabytes in looks if trained <= asked.jobs)
    trained = max(count for count, _ in looks)
    for share in (0.1, 0.25, 0.5, 0.75, 1.0):
        upto = [megabytes for count, megabytes in looks if share * trained - trained / 10 <= count <= share * trained]
        print(f"about training {share * trained:>4.0f}: at most {max(upto, default=0):>6.0f} MB")
    growth = max(megabytes for _, megabytes in looks) - first
    print(f"{trained} networks: {growth:+.0f} MB over the {first:.0f} MB of the first")
    print(f"goal {GOAL} MB: {'met' if growth <= GOAL else 'MISSED'}")


def watched(process: subprocess.Popen, log: Path) -> list[tuple[int, float]]:
    """Looks at a run until it ends; returns how many networks had been trained, and the megabytes that it held."""
    looks = []
    while process.poll() is None:
        trained = sum("train_detector cnn" in line for line in log.read_text().splitlines())
        looks.append((trained, sum(held(pid) for pid in tree(process.pid)) / 1e6))
        time.sleep(EVERY)
    return looks


def tree(root: int) -> list[int]:
    """Returns a process and all that it has started."""
    found = [root]
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(child) for child in children.read_text().split()]
    return found


def held(pid: int) -> float:
    """Returns the bytes that a process holds, its share of what it shares."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return 1024.0 * int(line.split()[1])
    return 0.0


if __name__ == "__main__":
    main()
