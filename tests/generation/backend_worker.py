"""Trains on one Keras backend what `test_backends.py` compares: `KERAS_BACKEND=NAME python backend_worker.py OUT`, and
then runs the tests that are named behind it, in the same process, since an import of Keras takes seconds.

Backends draw different random numbers, so all of them are replaced by ones that numpy draws, which depend on the seed
and shape alone: the step, the layers and the compiled loop are the real ones.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

SMALL = {"width": 4, "discriminator_width": 4, "latent_dim": 5, "batch_size": 6, "dropout": 0.2}
RECIPES: dict[str, tuple[str, tuple[int, int, int], dict]] = {
    "tuned": ("tuned", (16, 16, 3), {"width": 4, "discriminator_width": 4, "batch_size": 6}),
    "stable": ("stable", (16, 16, 3), {"width": 4, "discriminator_width": 4, "batch_size": 6, "ema": 1.0}),
    "wasserstein-gp": ("small", (8, 8, 1), {
        **SMALL, "loss": "wasserstein-gp", "norm": "layer", "discriminator_steps": 2,
    }),
    "relativistic": ("small", (8, 8, 1), {
        **SMALL, "loss": "relativistic", "norm": "none", "discriminator_activation": "silu", "r1": 0.5, "r2": 0.2,
        "diffaugment": ["color", "translation"],
    }),
    "conditional": ("small", (8, 8, 1), {**SMALL, "condition": "labels", "norm": "none", "spectral_norm": True}),
    # No smaller one is allowed. Both networks learn from equal weights: Adam's first step moves a discriminator fully
    # by a gradient of nearly 0 too, whose sign is rounding, and 2 % of the generator's gradient is made of that here.
    "mnist-1d": ("mnist-1d", (28, 28, 1), {"batch_size": 3, "updates": "simultaneous"}),
    "everything": ("small", (12, 8, 3), {
        **SMALL, "label_noise": 0.2, "label_smoothing": 0.1, "input_noise": 0.1, "generator_steps": 2,
        "augment": ["flip", "rotation", "scale"], "diffaugment": ["color", "translation", "cutout"],
        "batches": "joint", "decay": "linear", "loss": "least-squares", "latent": "uniform", "output": "sigmoid",
        "upsampling": "nearest", "leaky": False,
    }),
    "simultaneous": ("small", (8, 8, 1), {**SMALL, "updates": "simultaneous", "loss": "non-saturating"}),
    "autoencoder": ("autoencoder", (16, 16, 3), {
        "encoder_width": 4, "decoder_width": 4, "latent_dim": 5, "batch_size": 6, "adversarial": 0.5, "warm_up": 0,
    }),
    "flow": ("flow", (8, 8, 3), {
        "width": 4, "batch_size": 6, "ema": 1.0, "mirror": True, "dropout": 0.2, "condition": "labels",
        "attention": True,
    }),
    "mean-flow": ("flow", (8, 8, 1), {
        "width": 4, "depth": 1, "batch_size": 6, "condition": "labels", "dropout": 0.2, "loss": "mean-flow",
        "mean_share": 0.5,
    }),
}  # fmt: skip
STEPS = 3
OPTIONS = {"architecture": "small", **SMALL, "epochs": 2, "condition": "labels", "ema": 0.1, "random_state": 4}


def real(shape: tuple[int, ...], n: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Returns images with some structure, and labels 0 to 2."""
    rng = np.random.default_rng(5)
    labels = np.arange(n) % 3
    level = rng.integers(0, 200, (n, 1, 1, 1)) + labels[:, None, None, None] * 15
    return (level + rng.integers(0, 25, (n, *shape))).astype(np.uint8), labels


def train(recipe: str) -> dict[str, np.ndarray]:
    """Returns logs and variables after the first and the last step."""
    import keras

    keras.backend.clear_session(free_memory=False)  # layers are numbered, and other tests have made some here
    name, shape, options = RECIPES[recipe]
    images, labels = real(shape)
    program = {"autoencoder": _swap, "flow": _flow}.get(name, _adversary)(name, shape, options)
    conditions = np.eye(3, dtype=np.float32)[labels][:, : program.conditions]
    step = program.prepare(STEPS)
    _same_weights(program)
    with _same_draws() as calls:
        return _trained(program, step, images, conditions, calls)


def _trained(program, step, images, conditions, calls) -> dict[str, np.ndarray]:
    from generation.training.backend import backend

    def from_zero(*arguments):
        calls.clear()  # a backend may look at the step twice
        return step(*arguments)

    each = program.images_per_step
    run = backend().compiled_steps(from_zero, program.variables, images.shape[1:], program.conditions, each)
    on_device = backend().device_array(images), backend().device_array(conditions)
    index = np.arange(STEPS * each, dtype=np.int32).reshape(STEPS, -1) % len(images)
    found = {}
    for step_number in range(1, STEPS + 1):  # calls of one shape, which JAX compiles once
        logs = run(*on_device, index[step_number - 1 : step_number], step_number)
        if step_number not in (1, STEPS):
            continue
        found[f"logs {step_number}"] = logs
        for at, variable in enumerate(program.variables):
            if "seed" not in variable.path:
                found[f"{at:03d} {variable.path} {step_number}"] = np.asarray(variable).copy()
    return found


def _adversary(name, shape, options):
    from generation.dcgan import studies
    from generation.dcgan.adversary import Adversary

    study = studies.resolve(name, **options)
    times, conditions = studies.doublings(name, study, shape), 3 if study.condition == "labels" else 0
    return Adversary(study, shape, times, conditions=conditions, seed=7, precision="float32")


def _swap(name, shape, options):
    del name
    from generation.swap.generator import Autoencoder
    from generation.swap.program import Swap

    return Swap(Autoencoder(**options).settings, shape, (np.arange(12), np.arange(12, 24)), seed=7)


def _flow(name, shape, options):
    del name
    from generation.flow.generator import Flow
    from generation.flow.program import Matching

    return Matching(Flow(**options).settings, shape, conditions=3, seed=7)


def _same_weights(program) -> None:
    networks = getattr(program, "networks", {}).values() or (program.generator, program.discriminator)
    for network in networks:
        for at, variable in enumerate(network.trainable_variables):
            noise = np.random.default_rng(at).normal(0, 0.1, variable.shape)
            variable.assign(noise + ("gamma" in variable.path))
    if getattr(program, "average", None) is not None:
        averaged = next(iter(networks)).trainable_variables
        for average, variable in zip(program.average.variables, averaged, strict=True):
            average.assign(variable)


@contextmanager
def _same_draws() -> Iterator[list[int]]:
    """Replaces the backend's random numbers, and gives the list in which calls without a known seed are counted."""
    from keras import ops

    from generation.training.backend import backend

    calls: list[int] = []

    def bits(like, seed):
        calls.append(0)
        drawn = np.random.default_rng(len(calls)).integers(-(2**15), 2**15, like.shape)
        return ops.convert_to_tensor(drawn.astype(np.int16))

    module = backend()
    own = module.normal, module.uniform, module.random_16_bits
    module.normal = lambda shape, seed, step: ops.convert_to_tensor(_of(seed).normal(size=shape).astype(np.float32))
    module.uniform = lambda shape, seed, step: ops.convert_to_tensor(_of(seed).random(shape).astype(np.float32))
    module.random_16_bits = bits
    try:
        yield calls
    finally:
        module.normal, module.uniform, module.random_16_bits = own


def _of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def fill(out: Path) -> None:
    """Writes what is compared into a folder."""
    from generation.dcgan.generator import DCGAN

    images, labels = real((8, 8, 1))
    generator = DCGAN(**OPTIONS).fit(images, labels)
    generator.save(out / "checkpoint")
    np.save(out / "samples.npy", generator.sample(40, seed=2))
    for recipe in RECIPES:
        np.savez(out / f"{recipe}.npz", **{name.replace("/", "|"): value for name, value in train(recipe).items()})


def main() -> None:
    from benchmark.machine import runtime

    runtime.configure(threads=1, jobs=1)  # as for all tests
    out, *tests = sys.argv[1:]
    fill(Path(out))
    if tests:
        import pytest

        sys.exit(pytest.main(tests))


if __name__ == "__main__":
    main()
