"""Compares the speed of our training with loops that people write, side by side: `python tests/speed/training.py`.

All train the same networks (architecture `tuned`: 32x32 colour images, G 1.07 M and D 0.66 M parameters) with the same
batch, loss and optimiser; ours and PyTorch do so in bfloat16 too, and train `stable` with all that belongs to it.
Each contestant is a process of its own, warmed up, then given turns in rounds, so that what else the machine does meets
all of them; a figure is the median over rounds, a ratio the median of the rounds' ratios.
Run it on a quiet machine. PyTorch takes part if this interpreter, or the one given by `--torch-python`, has it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")
RIVALS = {"train_on_batch": 1.3, "fit": 1.2, "pytorch": 1.0}  # how many times as fast ours is meant to be
TWINS = {  # in the same precision and with the same recipe
    "ours alternating bfloat16": "pytorch bfloat16",
    "ours alternating stable": "pytorch stable",
    "ours alternating stable bfloat16": "pytorch stable bfloat16",
}
PEAK_FLOP = 2 * 2048**3
PEAK_SHARE = 0.8


class Worker:
    """A contestant waiting for its turns."""

    def __init__(self, name: str, batch: int, python: str) -> None:
        self.name, self.batch = name, batch
        self._process = subprocess.Popen(
            [python, str(WORKER), name, str(batch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ready(self) -> dict:
        return self._answer()

    def begin(self, steps: int) -> None:
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()

    def end(self) -> float:
        return self._answer()

    def seconds(self, steps: int) -> float:
        self.begin(steps)
        return self.end()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The contestant '{self.name}' stopped. Run: {sys.executable} {WORKER} '{self.name}' 32")
        return json.loads(line)


def compare(batch: int, rounds: int, seconds: float, torch_python: str | None) -> None:
    names = ["ours alternating", "ours simultaneous", "train_on_batch", "fit", "peak"]
    names += ["pytorch", *TWINS.values()] if torch_python else []
    names += [*TWINS, "ours simultaneous bfloat16", "ours simultaneous stable", "ours alone", "ours beside"]
    workers, facts, steps = {}, {}, {}
    for name in names:  # one after the other: each compiles alone
        workers[name] = Worker(name, batch, torch_python if name.startswith("pytorch") else sys.executable)
        facts[name] = workers[name].ready()
        workers[name].seconds(5)
        steps[name] = max(3, round(seconds / (workers[name].seconds(10) / 10)))
    rates: dict[str, list[float]] = {name: [] for name in [*names, "two jobs"]}
    for _ in range(rounds):
        for name in names[:-2]:
            rates[name].append(steps[name] / workers[name].seconds(steps[name]))
        count, pair = steps["ours alone"], (workers["ours alone"], workers["ours beside"])
        rates["ours alone"].append(count / pair[0].seconds(count))
        for worker in pair:
            worker.begin(count)
        rates["two jobs"].append(sum(count / worker.end() for worker in pair))
    for worker in workers.values():
        worker.close()
    _print(batch, rates, facts)


def _print(batch: int, rates: dict[str, list[float]], facts: dict[str, dict]) -> None:
    print(f"\nbatch {batch}, {len(rates['peak'])} rounds, real images per second: median (lowest to highest)")
    for name, found in rates.items():
        if found and name != "peak":
            low, middle, high = (batch * f(found) for f in (min, statistics.median, max))
            note = f"  {facts[name]['trainable']:,} weights" if "trainable" in facts.get(name, {}) else ""
            print(f"  {name:28s} {middle:7.0f}  ({low:.0f} to {high:.0f}){note}")
    for name, goal in RIVALS.items():
        if rates.get(name):
            ratios = [a / b for a, b in zip(rates["ours alternating"], rates[name], strict=True)]
            print(
                f"  ours / {name:21s} {statistics.median(ratios):7.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"
                f"  goal {goal}: {'met' if statistics.median(ratios) >= goal else 'MISSED'}"
            )
    for name, twin in TWINS.items():
        if rates.get(twin):
            ratios = [a / b for a, b in zip(rates[name], rates[twin], strict=True)]
            ratio = statistics.median(ratios)
            print(
                f"  {name} / {twin}: {ratio:.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"
                f"  goal 1.0: {'met' if ratio >= 1 else 'MISSED'}"
            )
    print(f"  peak of matrix products      {statistics.median(rates['peak']) * PEAK_FLOP / 1e9:7.0f}  GFLOP/s")
    for name in ("ours simultaneous", "ours simultaneous stable"):
        mflop = facts[name]["mflop"]
        shares = [
            batch * ours * mflop * 1e6 / (peak * PEAK_FLOP)
            for ours, peak in zip(rates[name], rates["peak"], strict=True)
        ]
        share = statistics.median(shares)
        print(
            f"  {name}: {mflop:.0f} MFLOP per image, {share:.0%} of the peak ({min(shares):.0%} to {max(shares):.0%})"
            f"  goal {PEAK_SHARE:.0%}: {'met' if share >= PEAK_SHARE else 'MISSED'}"
        )
    pairs = [a / b for a, b in zip(rates["two jobs"], rates["ours simultaneous"], strict=True)]
    print(f"  two single-threaded jobs together are {statistics.median(pairs):.2f} times as fast as one with all cores")


def has_torch(python: str) -> bool:
    return subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0, help="of one contestant's turn")
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter that has PyTorch")
    options = parser.parse_args()
    torch_python = options.torch_python if has_torch(options.torch_python) else None
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start; "
        f"PyTorch {'takes part' if torch_python else 'is not installed'}"
    )
    for batch in options.batch:
        compare(batch, options.rounds, options.seconds, torch_python)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
