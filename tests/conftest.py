"""Shared by all tests: the thread settings of a run, the real data if there are any, and a quiet TensorFlow."""

from __future__ import annotations

import fcntl
import gc
import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmark.machine import device, processor, runtime
from benchmark.processes import nursery
from data.run_folder import MANIFEST, seal

PEOPLE = Path(__file__).parent / "plugins" / "people.py"

runtime.configure(threads=1, jobs=1)  # before anything imports TensorFlow
gc.set_threshold(700, 10, 100)  # the oldest objects ten times less often: with TensorFlow's, a look at all takes 0.4 s


LONG = (  # files that take minutes: begun first, so that no process is left with one when the others have ended
    "docs/test_commands", "test_notebooks", "test_readme", "test_executors", "test_kill", "test_backends",
    "test_ladder", "test_networks", "generation/test_options", "test_inception_stages", "stages/test_identity",
    "test_failing_plugins", "test_end_to_end", "test_jax", "test_cluster", "test_readers", "test_examples",
    "test_simulate_components", "test_simulate_controls", "training/test_trainer", "detection/test_contract",
    "test_keras_detector", "test_wheel",
)  # fmt: skip


SLOW = set((Path(__file__).parent / "slow.txt").read_text(encoding="utf-8").splitlines())


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of `slow.txt`, and puts the files that take longest first; all others stay in order."""
    for item in items:
        if item.nodeid.partition("[")[0].removeprefix("tests/") in SLOW:
            item.add_marker(pytest.mark.slow)

    def rank(item: pytest.Item) -> int:
        return next((at for at, name in enumerate(LONG) if f"{name}.py" in item.path.as_posix()), len(LONG))

    items.sort(key=rank)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Gives each file to one process: what its tests share is made once, and the longest files are begun first."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test marked `bfloat16` where that would end the process, and all other tests with it."""
    on_cpu = device.expected(runtime.backend()) == device.CPU
    if item.get_closest_marker("bfloat16") and on_cpu and processor.bfloat16_ends_process(runtime.backend()):
        pytest.skip("oneDNN is held below AVX-512 on a processor that has it")


@pytest.fixture(scope="session", autouse=True)
def processes_are_kept() -> Iterator[None]:
    """Lets the processes of a run serve the next one: the command ends them, since Python ends after it, and here it
    goes on. To start one takes two seconds of the processor."""
    with pytest.MonkeyPatch.context() as patched:
        for ends in ("leave", "close"):
            patched.setattr(nursery, ends, lambda: None)
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real CIFAR-10, MNIST and CelebA files; tests that need it are skipped without it."""
    folder = os.environ.get("FAUXBENCH_DATA")
    if not folder:
        pytest.skip("FAUXBENCH_DATA is not set: no real data here")
    return Path(folder)


@pytest.fixture(scope="session")
def on_jax() -> dict[str, str]:
    """The environment of a process on JAX that compiles in a third of the time, for the same sums.

    Results may depend on how it compiles: what is compared bit for bit is computed with it on both sides.
    """
    quickly = (
        "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
        "--xla_cpu_use_fusion_emitters=false"
    )
    on = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1", "XLA_FLAGS": quickly}
    return {**os.environ, **on}


@pytest.fixture(scope="session")
def module_of() -> Callable[[Path], ModuleType]:
    """Imports a file that stands in no package."""

    def imported(file: Path) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"{file.parent.name}_{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return imported


@pytest.fixture(scope="session")
def people(module_of: Callable[[Path], ModuleType]) -> ModuleType:
    """The module with made-up people and the generators that swap them perfectly or not at all."""
    return module_of(PEOPLE)


@pytest.fixture(scope="session")
def told() -> Callable[[str], list[str]]:
    """Returns the lines of standard error, but for those that say what takes long: a busy machine has more of them."""

    def lines(err: str) -> list[str]:
        return [line for line in err.splitlines() if not line.startswith("    ")]

    return lines


@pytest.fixture(scope="session")
def sealed() -> Callable[[Path], Path]:
    """Makes a run folder whole again that a test has changed: its manifest then names the files as they are."""

    def again(folder: Path) -> Path:
        seal(folder, json.loads((folder / MANIFEST).read_text()))
        return folder

    return again


IMAGES_SPEC = """
name = "images"
[dataset]
name = "digits"
limit = 600
[[generator]]
kind = "gaussian"
[[generator]]
kind = "gaussian"
id = "by class"
conditional = true
[[detector]]
kind = "linear-pixel"
[quality]
enabled = false
"""


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `runs/images`, a run of two quick generators and its store; no test changes it.

    It is made once for all processes of the tests, and each has a copy.
    """
    from benchmark.use import api

    base = tmp_path_factory.getbasetemp()
    once = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "finished-once"
    once.mkdir(exist_ok=True)
    with open(once / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (once / "is-done").exists():
            (once / "images.toml").write_text(IMAGES_SPEC)
            run = api.run(once / "images.toml", out=once / "runs" / "images")
            assert not run.failures
            assert "alarm" not in set(run.audit["verdict"])
            (once / "is-done").touch()
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(once, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lock", "is-done"))
    return folder
