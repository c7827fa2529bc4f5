"""Measures what a GPU gives, or whatever device is there: `KERAS_BACKEND=jax python tests/speed/gpu.py`.

Images per second of one training of each kind of generator in float32 and bfloat16, of a sweep of trainings as one
program, of a plain PyTorch loop, and of a detector's training; and how far one step on this device is from the same one
on the CPU. All train on 32x32 colour images with one batch, in turns; a figure is the median over rounds. It needs no
TensorFlow, and ends in ten minutes: what does not fit in is left out, and named. On a CPU use small settings, which
take a minute: `--members 2 --width 8 --batch 8 --steps 3 --rounds 1 --minutes 1`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # PyTorch wants memory too

import contest  # beside this file
import numpy as np
import quiet
import training

SHAPE, N = (32, 32, 3), 1600
PRECISIONS = {"": "float32", " bfloat16": "mixed_bfloat16"}
NEAR = 2e-3  # how far a step may be from the CPU's, as a share of the largest number
Run = Callable[[int], Any]  # trains so many steps and waits for the last


def _images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (N, *SHAPE), np.uint8)


def _index(steps: int, batch: int) -> np.ndarray:
    return np.random.default_rng(steps).integers(0, N, (steps, batch), np.int32)


def loop(program: Any) -> Run:
    """One training, in the compiled loop of the trainer."""
    from generation.training.backend import backend

    batch = program.images_per_step
    run = backend().compiled_steps(program.prepare(10**6), program.variables, SHAPE, 0, batch)
    images, nothing = (backend().device_array(a) for a in (_images(), np.zeros((N, 0), np.float32)))
    return lambda steps: run(images, nothing, _index(steps, batch), 1)


def gan(study: Any, precision: str, seed: int = 0) -> Any:
    """A DCGAN's program."""
    from generation.dcgan.adversary import Adversary

    return Adversary(study, SHAPE, 3, conditions=0, seed=seed, precision=precision)


def flow(batch: int, width: int, precision: str) -> Any:
    """A flow's program; `None` where there is no such kind of generator."""
    from generation import BUILTINS

    if "flow" not in BUILTINS:
        return None
    from generation.flow.generator import Flow
    from generation.flow.program import Matching

    settings = Flow(batch_size=batch, precision=precision, width=max(8, width // 2)).settings  # 32 is its own
    return Matching(settings, SHAPE, conditions=0, seed=0)


def sweep(study: Any, members: int) -> Run:
    """As many trainings in one program, with the turns that `generation.dcgan.sweep` would ask for."""
    from generation.dcgan.sweep import Vectorised
    from generation.training.trainer import Trainer, Turn

    images, nothing = _images(), np.zeros((N, 0), np.float32)
    trainers = [
        Trainer(gan(study, "float32", seed), images, nothing, epochs=1000, options={}) for seed in range(members)
    ]
    program = Vectorised([Turn(trainer, _index(1, study.batch_size), 1) for trainer in trainers])

    def run(steps: int) -> None:
        program.run([Turn(trainer, _index(steps, study.batch_size), 1) for trainer in trainers])

    return run


def detector(batch: int) -> Run:
    """The detector `cnn`, in epochs of as many batches as steps are asked for; validation is left out."""
    from detection.detectors.cnn import CNN
    from detection.networks import keras_detector

    images, is_fake, rng = _images(), np.arange(N) % 2 > 0, np.random.default_rng(0)
    found = CNN(random_state=0, batch_size=batch)
    found._network = found._built(SHAPE)
    found._trainer = keras_detector._compiled(found._network, found._network.output, found.learning_rate, False)

    def run(steps: int) -> None:
        chosen = np.arange(steps * batch) % N
        found._train_epoch(images[chosen], is_fake[chosen], rng)

    return run


def parity(study: Any) -> float | None:
    """Returns the largest difference between a step here and on the CPU, as a share of the largest number; `None`
    where this is the CPU, or another backend than JAX."""
    import jax
    import keras

    if keras.backend.backend() != "jax" or jax.default_backend() == "cpu":
        return None

    def stepped() -> list[np.ndarray]:
        program = gan(replace(study, batch_size=16, dropout=0.0), "float32")
        step = program.prepare(10)
        logs = step(_images()[:16], np.zeros((16, 0), np.float32), 1)
        # what a step has moved is the optimisers' moments: Adam moves a weight fully, however small its gradient
        moments = [np.asarray(v) for v in program.variables if "momentum" in v.path]
        return [np.asarray(logs), *moments]

    with jax.default_matmul_precision("highest"):
        here = stepped()
        with jax.default_device(jax.devices("cpu")[0]):
            there = stepped()
    return max(float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-12)) for a, b in zip(here, there, strict=True))


class Time:
    """The time that is left.

    Args:
        minutes: For all of it.
    """

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + 60 * minutes
        self._last = time.monotonic() + 60 * minutes * contest.STARTS
        self.without: list[str] = []

    def start(self, name: str, make: Callable[[], Run | None]) -> Run | None:
        """Makes a contestant ready, unless it is late."""
        if time.monotonic() > self._last:
            self.without.append(name)
            return None
        start = time.monotonic()
        run = make()
        if run is not None:
            run(1)
            print(f"  {name}: ready after {time.monotonic() - start:.1f} s", flush=True)
        return run


def measure(
    contestants: dict[str, tuple[Run, int]], batch: int, steps: int, rounds: int, end: float
) -> dict[str, list[float]]:
    """Returns the images per second of every contestant in every round, until a time."""
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for done in range(rounds + 1):
        for name, (run, members) in contestants.items():
            start = time.perf_counter()
            run(steps)
            if done:  # the first goes round for nothing: a program may be compiled for another number of steps
                rates[name].append(members * batch * steps / (time.perf_counter() - start))
        if done and time.monotonic() > end:
            break
    return rates


def _device() -> str:
    from benchmark.machine import device

    found = device.running(os.environ["KERAS_BACKEND"])
    query = ["nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader"]
    if found != "cpu":
        found += f" (before: {subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip()})"
    return f"{found}, {os.cpu_count()} cores"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=16, help="trainings in the sweep; 0 leaves it out")
    parser.add_argument("--width", type=int, default=64, help="of the networks; 64 is that of the architectures")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--torch-python", default=sys.executable, help="an interpreter that has PyTorch")
    parser.add_argument("--steps", type=int, default=200, help="of a turn")
    parser.add_argument("--rounds", type=int, default=5, help="at most")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all of it")
    options = parser.parse_args(arguments)
    left = Time(options.minutes)
    from generation.dcgan import studies

    chosen = {"width": options.width, "discriminator_width": options.width, "batch_size": options.batch}
    named = {name: studies.resolve(name, **chosen) for name in ("tuned", "stable")}
    print(f"{os.environ['KERAS_BACKEND']} on {_device()}; width {options.width}, batch {options.batch}")
    print(quiet.wait(0)[1], flush=True)
    found = parity(named["tuned"])
    if found is None:
        print("parity: this is the CPU, or not JAX: nothing to compare with")
    else:
        verdict = "as near as" if found <= NEAR else "FARTHER than"
        print(f"parity: a step is {found:.1e} from the CPU's, {verdict} {NEAR:g}", flush=True)
    workers: list[training.Worker] = []
    rivals = options.width == studies.resolve("tuned").width and training.has_torch(options.torch_python)
    if not rivals:
        print("PyTorch: missing, or not of this width, and so left out")
    makers: dict[str, tuple[Callable[[], Run | None], int]] = {}
    for half, kind in PRECISIONS.items():  # what comes first has been measured when the time is short
        for name, study in named.items():
            makers[f"{name}{half}"] = (lambda study=study, kind=kind: loop(gan(study, kind))), 1
        if flow(options.batch, options.width, kind) is not None:
            makers[f"flow{half}"] = (lambda kind=kind: loop(flow(options.batch, options.width, kind))), 1
        for name in (f"pytorch{half}", f"pytorch stable{half}") if rivals else ():
            makers[name] = (lambda name=name: _rival(name, options, workers)), 1
        if not half and options.members and os.environ["KERAS_BACKEND"] == "jax":
            makers[f"sweep of {options.members}"] = (lambda: sweep(named["tuned"], options.members)), options.members
            makers["detector cnn"] = (lambda: detector(options.batch)), 1
    try:
        ready = {name: (left.start(name, make), members) for name, (make, members) in makers.items()}
        contestants = {name: (run, members) for name, (run, members) in ready.items() if run is not None}
        rates = measure(contestants, options.batch, options.steps, options.rounds, left.end - contest.ENDING)
    finally:
        for worker in workers:
            worker.close()
    if left.without:
        print(f"no time was left for: {', '.join(left.without)}")
    for name, values in rates.items():
        print(f"  {name:24s} {statistics.median(values):9,.0f} images/s ({min(values):,.0f} to {max(values):,.0f})")
    for name in [name for name in rates if name.startswith(("sweep", "pytorch"))]:
        ours = f"{'stable' if 'stable' in name else 'tuned'}{' bfloat16' if 'bfloat16' in name else ''}"
        ratios = [theirs / mine for theirs, mine in zip(rates[name], rates[ours], strict=True)]
        print(f"  {name} / {ours}: {statistics.median(ratios):.2f}")


def _rival(name: str, options: argparse.Namespace, workers: list[training.Worker]) -> Run:
    worker = training.Worker(name, options.batch, options.torch_python)
    workers.append(worker)
    worker.ready()
    return worker.seconds


if __name__ == "__main__":
    from benchmark.machine import runtime

    runtime.configure()
    main()
