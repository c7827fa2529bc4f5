"""Times `fauxbench --help` and `import fauxbench`, and says which imports Keras: `python tests/speed/startup.py`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

TRIES = {  # what is timed -> (goal in seconds, code)
    "fauxbench --help": (
        0.5,
        "import sys; sys.argv = ['fauxbench', '--help']; from benchmark.cli.main import main; main()",
    ),
    "import fauxbench": (0.3, "import fauxbench"),
}


def main() -> None:
    for what, (goal, code) in TRIES.items():
        times = []
        for _ in range(11):
            start = time.perf_counter()
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
            times.append(time.perf_counter() - start)
        if done.returncode:
            raise SystemExit(f"{what} ended with {done.returncode}: {done.stderr.decode()}")
        command = [sys.executable, "-X", "importtime", "-c", code]
        listing = subprocess.run(command, capture_output=True, text=True, check=False)
        heavy = [name for name in ("keras", "tensorflow") if f"| {name}\n" in listing.stderr.replace("  ", "")]
        median = statistics.median(times)
        print(f"{what}: {median:.2f} s, median of {len(times)} ({min(times):.2f} to {max(times):.2f})")
        print(f"goal {goal} s: {'met' if median < goal else 'MISSED'}")
        print(f"imports {', '.join(heavy) or 'neither Keras nor TensorFlow'}")


if __name__ == "__main__":
    main()
