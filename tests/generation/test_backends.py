"""TensorFlow and JAX train the same: the same losses, gradients and weights from the same random numbers."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
WORKER = HERE / "backend_worker.py"
BACKENDS = ("tensorflow", "jax")
# How far, as a share of the largest entry, where that is more than a thousandth: two steps of the critic are behind the
# other one.
APART = {"wasserstein-gp": 5e-3}
ON_JAX = "(resume_bit_for_bit and not simultaneous and not 4 and not mean_flow) or sweep or are_differences"
FILES = (
    "training/test_trainer",
    "dcgan/test_sweep",
    "swap/test_generator",
    "flow/test_generator",
    "flow/test_mean_flow",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install 'fauxbench[jax]'"
    ),
]


def _worker():
    spec = importlib.util.spec_from_file_location("backend_worker", WORKER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


worker = _worker()


def _run(environment, *command):
    command = [sys.executable, str(WORKER), *command]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def trained_on_jax(tmp_path_factory, on_jax):
    """A folder with what JAX has trained, and how the tests ended that the same process has run then."""
    folder, cache = tmp_path_factory.mktemp("jax"), tmp_path_factory.mktemp("cache")
    compiled = {"JAX_COMPILATION_CACHE_DIR": str(cache), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1"}
    files = [str(HERE / f"{name}.py") for name in FILES]
    return folder, _run(on_jax | compiled, str(folder), "-q", "-x", "-k", ON_JAX, *files)


@pytest.fixture(scope="module")
def trained(trained_on_jax, tmp_path_factory):
    """The folders with what each backend has trained; TensorFlow as a rule in this process."""
    import keras

    folder = tmp_path_factory.mktemp("tensorflow")
    if keras.backend.backend() == "tensorflow":
        worker.fill(folder)
    else:
        done = _run({**os.environ, "KERAS_BACKEND": "tensorflow"}, str(folder))
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    there, done = trained_on_jax
    assert len(list(there.glob("*.npz"))) == len(worker.RECIPES), (done.stdout + done.stderr)[-4000:]
    return {"tensorflow": folder, "jax": there}


@pytest.mark.parametrize("recipe", worker.RECIPES)
def test_a_step_is_the_same_on_both(trained, recipe):
    found = {backend: np.load(folder / f"{recipe}.npz") for backend, folder in trained.items()}
    ours, theirs = found["tensorflow"], found["jax"]
    assert ours.files == theirs.files
    moments = [name for name in ours.files if name.endswith("momentum 1") and "dense_1_bias" not in name]
    assert len(moments) > 5
    assert all(np.abs(ours[name]).max() > 0 for name in moments), "a weight has no gradient"
    # Adam's momentum after its first step is a share of the gradient.
    for name in ours.files:
        if name.endswith(" 1"):
            tolerance = APART.get(recipe, 1e-3)
            scale = max(np.abs(ours[name]).max(), 1e-5)  # a bias before a normalisation has no gradient but rounding
            np.testing.assert_allclose(ours[name], theirs[name], atol=tolerance * scale, rtol=0, err_msg=name)
    # Adam gives a step of full size to a gradient of nearly 0, so rounding grows from step to step.
    np.testing.assert_allclose(ours[f"logs {worker.STEPS}"], theirs[f"logs {worker.STEPS}"], rtol=0.03, atol=1e-3)


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

    here = DCGAN(**worker.OPTIONS).load(trained[backend] / "checkpoint").sample(40, seed=2)
    there = np.load(trained[backend] / "samples.npy")
    assert np.ptp(there) > 20
    assert np.abs(here.astype(int) - there).max() <= 1


def test_jax_resumes_bit_for_bit_and_trains_sweeps(trained_on_jax):
    """The tests of the trainer, of sweeps, of a swap's resuming and of forward derivatives, in a process on JAX."""
    _, done = trained_on_jax
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert "10 passed" in done.stdout
