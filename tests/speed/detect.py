"""Rate and peak memory of `fauxbench detect` on many small files: `python tests/speed/detect.py [DETECTOR...]`.

It trains the detectors on noise against CIFAR-10 dogs (needs `$FAUXBENCH_DATA`), writes 10,000 PNG files of 32 x 32
pixels, and scores them, and the first 1,000 of them, in a process of its own each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

N, FEW, SIDE = 10_000, 1_000, 32
SPEC = """
name = "speed"
[dataset]
name = "cifar10"
classes = ["dog"]
[[generator]]
kind = "gaussian"
{detectors}
[quality]
enabled = false
"""


def main() -> None:
    if len(sys.argv) == 5 and sys.argv[1] == "--measure":
        measure(Path(sys.argv[2]), sys.argv[3], sys.argv[4])
        return
    kinds = sys.argv[1:] or ["linear-log-dct", "cnn"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        detectors = "\n".join(f'[[detector]]\nkind = "{kind}"' for kind in kinds)
        (folder / "speed.toml").write_text(SPEC.format(detectors=detectors))
        from benchmark.use import api

        run = api.run(folder / "speed.toml", out=folder / "run", smoke=True)
        pictures = folder / "pictures"
        rng = np.random.default_rng(0)
        for start in range(0, N, FEW):
            below = pictures / f"{start:05d}"
            below.mkdir(parents=True)
            for i in range(start, start + FEW):
                Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(below / f"{i:05d}.png")
        for kind in kinds:
            for paths in (pictures / "00000", pictures):
                command = [sys.executable, __file__, "--measure", str(run.folder), kind, str(paths)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                facts = json.loads(done.stdout)
                memory = f"{facts['before']:,} MiB before, {facts['peak']:,} MiB at its peak"
                print(f"{kind:<16} {facts['n']:>6,} images: {facts['rate']:>6,.0f} images/s, {memory}")


def measure(run: Path, kind: str, paths: str) -> None:
    from benchmark.use.detect import detect

    before = peak()
    found = detect(run, [paths], detector=kind)
    n = len(found.images) - len(found.unreadable)
    print(json.dumps({"n": n, "rate": n / found.seconds, "before": before, "peak": peak()}))


def peak() -> int:
    """The most memory that this process has held, in MiB; `getrusage` would count the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
