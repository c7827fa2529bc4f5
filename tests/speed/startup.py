"""Times `fauxbench --help`, and says whether it imports Keras: `python tests/speed/startup.py`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

GOAL = 0.5  # seconds
CODE = "import sys; sys.argv = ['fauxbench', '--help']; from benchmark.cli.main import main; main()"


def main() -> None:
    times = []
    for _ in range(11):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=False)
        times.append(time.perf_counter() - start)
    if done.returncode:
        raise SystemExit(f"fauxbench --help ended with {done.returncode}: {done.stderr.decode()}")
    listing = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", CODE], capture_output=True, text=True, check=False
    )
    heavy = [name for name in ("keras", "tensorflow") if f"| {name}\n" in listing.stderr.replace("  ", "")]
    median = statistics.median(times)
    print(f"fauxbench --help: {median:.2f} s, median of {len(times)} ({min(times):.2f} to {max(times):.2f})")
    print(f"goal {GOAL} s: {'met' if median < GOAL else 'MISSED'}")
    print(f"imports {', '.join(heavy) or 'neither Keras nor TensorFlow'}")


if __name__ == "__main__":
    main()
