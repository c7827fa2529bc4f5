"""Measures what a GPU gives, or whatever device is there: `KERAS_BACKEND=jax python tests/speed/gpu.py`.

Images per second of one training, of a sweep of trainings as one program, and of a plain PyTorch loop, taking turns in
one run. All train the same networks (architecture `tuned`, 32x32 colour images) with the same batch, loss and
optimiser; a figure is the median over rounds. On a CPU use small settings:
`--members 2 --width 8 --steps 5 --rounds 1`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # PyTorch wants memory too

import numpy as np
import training  # beside this file

SHAPE, N = (32, 32, 3), 1600
Run = Callable[[int], Any]  # trains so many steps and waits for the last


def _images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (N, *SHAPE), np.uint8)


def _index(steps: int, batch: int) -> np.ndarray:
    return np.random.default_rng(steps).integers(0, N, (steps, batch), np.int32)


def single(study: Any) -> Run:
    """One training, in the compiled loop of the trainer."""
    from generation.dcgan.adversary import Adversary
    from generation.training.backend import backend

    adversary = Adversary(study, SHAPE, 3, conditions=0, seed=0, precision="float32")
    run = backend().compiled_steps(adversary.prepare(10**6), adversary.variables, SHAPE, 0, study.batch_size)
    images, nothing = (backend().device_array(a) for a in (_images(), np.zeros((N, 0), np.float32)))
    return lambda steps: run(images, nothing, _index(steps, study.batch_size), 1)


def sweep(study: Any, members: int) -> Run:
    """As many trainings in one program, with the turns that `generation.dcgan.sweep` would ask for."""
    from generation.dcgan.adversary import Adversary
    from generation.dcgan.sweep import Vectorised
    from generation.training.trainer import Trainer, Turn

    images, nothing = _images(), np.zeros((N, 0), np.float32)
    trainers = []
    for seed in range(members):
        adversary = Adversary(study, SHAPE, 3, conditions=0, seed=seed, precision="float32")
        trainers.append(Trainer(adversary, images, nothing, epochs=1000, options={}))
    program = Vectorised([Turn(trainer, _index(1, study.batch_size), 1) for trainer in trainers])

    def run(steps: int) -> None:
        program.run([Turn(trainer, _index(steps, study.batch_size), 1) for trainer in trainers])

    return run


def measure(contestants: dict[str, tuple[Run, int]], batch: int, steps: int, rounds: int) -> dict[str, list[float]]:
    """Returns the images per second of every contestant in every round, and the seconds of its first call."""
    rates: dict[str, list[float]] = {}
    for name, (run, _) in contestants.items():
        start = time.perf_counter()
        run(1)
        print(f"{name}: ready after {time.perf_counter() - start:.1f} s", flush=True)
        run(steps)
        rates[name] = []
    for _ in range(rounds):
        for name, (run, members) in contestants.items():
            start = time.perf_counter()
            run(steps)
            rates[name].append(members * batch * steps / (time.perf_counter() - start))
    return rates


def _device() -> str:
    from benchmark.machine import device

    found = device.running(os.environ["KERAS_BACKEND"])
    query = ["nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader"]
    if found != "cpu":
        found += f" (before: {subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip()})"
    return f"{found}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=16, help="trainings in the sweep; 0 leaves it out")
    parser.add_argument("--width", type=int, default=64, help="of both networks; 64 is the architecture's")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter that has PyTorch")
    parser.add_argument("--steps", type=int, default=200, help="of a turn")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    from generation.dcgan import studies

    chosen = {"width": options.width, "discriminator_width": options.width, "batch_size": options.batch}
    study, study_width = studies.resolve("tuned", **chosen), studies.resolve("tuned").width
    print(f"{os.environ['KERAS_BACKEND']} on {_device()}; width {options.width}, batch {options.batch}")
    contestants: dict[str, tuple[Run, int]] = {"one training": (single(study), 1)}
    if options.members and os.environ["KERAS_BACKEND"] == "jax":
        contestants[f"sweep of {options.members}"] = sweep(study, options.members), options.members
    rival = None
    if options.width == study_width and training.has_torch(options.torch_python):
        rival = training.Worker("pytorch", options.batch, options.torch_python)
        rival.ready()
        contestants["plain PyTorch"] = rival.seconds, 1
    else:
        print(f"plain PyTorch: not installed, or another width than {study_width}")
    rates = measure(contestants, options.batch, options.steps, options.rounds)
    for name, found in rates.items():
        print(f"  {name:16s} {statistics.median(found):9,.0f} images/s ({min(found):,.0f} to {max(found):,.0f})")
    ours = rates["one training"]
    for name in list(rates)[1:]:
        ratios = [theirs / mine for theirs, mine in zip(rates[name], ours, strict=True)]
        print(f"  {name} / one training: {statistics.median(ratios):.2f}")
    if rival is not None:
        rival.close()


if __name__ == "__main__":
    from benchmark.machine import runtime

    runtime.configure()
    main()
