"""TensorFlow and JAX train the same: the same losses, gradients and weights from the same random numbers."""

import os
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
WORKER = HERE / "backend_worker.py"
BACKENDS = ("tensorflow", "jax")
# JAX compiles in half the time, for the same sums; what is compared here holds within a tolerance
QUICKLY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
RECIPES, OPTIONS, STEPS = (runpy.run_path(str(WORKER))[name] for name in ("RECIPES", "OPTIONS", "STEPS"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed: pip install 'fauxbench[jax]'"),
]


def _run(backend, *command, **variables):
    environment = {**os.environ, "KERAS_BACKEND": backend, **variables}
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folders with what each backend has trained."""
    folders = {backend: tmp_path_factory.mktemp(backend) for backend in BACKENDS}
    for backend, folder in folders.items():
        _run(backend, str(WORKER), str(folder), XLA_FLAGS=QUICKLY)
    return folders


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_step_is_the_same_on_both(trained, recipe):
    found = {backend: np.load(folder / f"{recipe}.npz") for backend, folder in trained.items()}
    ours, theirs = found["tensorflow"], found["jax"]
    assert ours.files == theirs.files
    moments = [name for name in ours.files if name.endswith("momentum 1") and "dense_1_bias" not in name]
    assert len(moments) > 5
    assert all(np.abs(ours[name]).max() > 0 for name in moments), "a weight has no gradient"
    # Adam's momentum after its first step is a share of the gradient. Two steps of the critic are behind the other one.
    tolerance = 5e-3 if recipe == "wasserstein-gp" else 1e-3
    for name in ours.files:
        if name.endswith(" 1"):
            scale = max(np.abs(ours[name]).max(), 1e-5)  # a bias before a normalisation has no gradient but rounding
            np.testing.assert_allclose(ours[name], theirs[name], atol=tolerance * scale, rtol=0, err_msg=name)
    # Adam gives a step of full size to a gradient of nearly 0, so rounding grows from step to step.
    np.testing.assert_allclose(ours[f"logs {STEPS}"], theirs[f"logs {STEPS}"], rtol=0.03, atol=1e-3)


@pytest.mark.parametrize("recipe", ["flow", "mean-flow"])
def test_a_step_of_a_flow_is_the_same_within_rounding(trained, recipe):
    """There is no batch normalisation and no penalty in it, which enlarge what rounding does."""
    ours, theirs = (np.load(folder / f"{recipe}.npz") for folder in trained.values())
    compared = [name for name in ours.files if name.endswith(" 1")]
    assert len([name for name in compared if "ema" in name]) > 20
    for name in compared:
        np.testing.assert_allclose(ours[name], theirs[name], atol=2e-5, rtol=0, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_checkpoint_samples_the_same_on_the_other(trained, backend):
    """This process loads what either backend has saved; one of the two is the other."""
    from generation.dcgan.generator import DCGAN

    here = DCGAN(**OPTIONS).load(trained[backend] / "checkpoint").sample(40, seed=2)
    there = np.load(trained[backend] / "samples.npy")
    assert np.ptp(there) > 20
    assert np.abs(here.astype(int) - there).max() <= 1


def test_jax_resumes_bit_for_bit_and_trains_sweeps(tmp_path):
    """The tests of the trainer, of sweeps, of a swap's resuming and of forward derivatives, in a process on JAX."""
    chosen = "(resume_bit_for_bit and not simultaneous and not 4 and not mean_flow) or sweep or are_differences"
    names = (
        "training/test_trainer",
        "dcgan/test_sweep",
        "swap/test_generator",
        "flow/test_generator",
        "flow/test_mean_flow",
    )
    files = [str(HERE / f"{name}.py") for name in names]
    cache = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2"}
    assert "passed" in _run("jax", "-m", "pytest", "-q", "-x", "-k", chosen, *files, **cache)
