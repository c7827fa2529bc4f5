"""Compares the speed of our training with loops that people write, side by side: `python tests/speed/training.py`.

All train the same networks (architecture `tuned`: 32x32 colour images, G 1.07 M and D 0.66 M parameters) with the same
batch, loss and optimiser; ours and PyTorch do so in bfloat16 too, and train `stable` with all that belongs to it.
Each contestant is a process of its own, begun alone, warmed up, and stopped whenever it is not its turn, since threads
of some spin while they wait; turns come in rounds, so that what else the machine does meets all of them. A figure is
the median over rounds, a ratio the median of the rounds' ratios. What ours reaches of the peak of matrix products is
said for each instruction set that the processor has, both held at that set.

It waits for a quiet machine, or says that it was none, and ends in five minutes: who does not fit in is left out, and
named. PyTorch takes part if this interpreter, or the one given by `--torch-python`, has it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import contest  # beside this file
import quiet

WORKER = Path(__file__).with_name("worker.py")
PAIR = "ours alone", "ours beside"  # two jobs of one thread each


class Worker:
    """A contestant, which runs in its turns and is stopped between them."""

    def __init__(self, name: str, batch: int, python: str) -> None:
        self.name, self.batch = name, batch
        self._process = subprocess.Popen(
            [python, str(WORKER), name, str(batch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ready(self) -> Any:
        return self._answer()

    def begin(self, steps: int) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()

    def end(self) -> float:
        return float(self._answer())

    def seconds(self, steps: int) -> float:
        self.begin(steps)
        return self.end()

    def close(self) -> None:
        self._process.kill()  # which a stopped process obeys too
        self._process.wait()

    def _answer(self) -> Any:
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The contestant '{self.name}' stopped. Run: {sys.executable} {WORKER} '{self.name}' 32")
        self._process.send_signal(signal.SIGSTOP)
        return json.loads(line)


def compare(batch: int, rounds: int, end: float, torch_python: str | None) -> None:
    """Prints what all reach until a time of `time.monotonic`."""
    from benchmark.machine import instruction_sets

    names = contest.names(contest.sets(instruction_sets.reached()), torch_python is not None)
    last = time.monotonic() + contest.STARTS * (end - time.monotonic())
    workers: dict[str, Worker] = {}
    facts: dict[str, dict[str, Any]] = {}
    paces: dict[str, float] = {}
    try:
        for name in names:
            if time.monotonic() > last:
                print(f"no time was left for: {', '.join(each for each in names if each not in workers)}")
                break
            workers[name] = Worker(name, batch, torch_python if name.startswith("pytorch") else sys.executable)
            facts[name] = workers[name].ready()
            workers[name].seconds(2)
            paces[name] = workers[name].seconds(3) / 3
        count, seconds = contest.turn(end - contest.ENDING - time.monotonic(), len(workers) + 1, rounds)
        steps = {name: max(2, round(seconds / pace)) for name, pace in paces.items()}
        rates = _rounds(workers, steps, count, end - contest.ENDING)
    finally:
        for worker in workers.values():
            worker.close()
    print("\n".join(contest.table(batch, rates, facts)))


def _rounds(workers: dict[str, Worker], steps: dict[str, int], rounds: int, end: float) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in [*workers, "two jobs"] if name != PAIR[1]}
    for done in range(rounds):
        for name in [name for name in workers if name != PAIR[1]]:
            rates[name].append(steps[name] / workers[name].seconds(steps[name]))
        if PAIR[1] in workers:
            pair = [workers[name] for name in PAIR]
            for worker in pair:
                worker.begin(steps[PAIR[0]])
            rates["two jobs"].append(sum(steps[PAIR[0]] / worker.end() for worker in pair))
        if done + 1 < rounds and time.monotonic() > end:
            break
    return rates


def has_torch(python: str) -> bool:
    return subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5, help="at most")
    parser.add_argument("--minutes", type=float, default=5.0, help="for all of it")
    parser.add_argument("--wait", type=float, default=60.0, help="seconds, at most, for a quiet machine")
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter that has PyTorch")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    torch_python = options.torch_python if has_torch(options.torch_python) else None
    rival = "takes part" if torch_python else f"is missing in {options.torch_python}, and so left out"
    print(f"{os.cpu_count()} cores; PyTorch {rival}")
    print(quiet.wait(min(options.wait, 20 * options.minutes))[1], flush=True)
    compare(options.batch, options.rounds, end, torch_python)
    print(f"At the end: {quiet.wait(0)[1]}")


if __name__ == "__main__":
    main()
