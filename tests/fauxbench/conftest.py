"""Runs to read: the finished one of two quick generators, and simulated ones with every table filled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import fauxbench


@pytest.fixture(scope="session")
def simulation(module_of: Callable[[Path], ModuleType]) -> ModuleType:
    """The module that writes simulated run folders for the tests of reports."""
    return module_of(Path(__file__).parents[1] / "reports" / "conftest.py")


@pytest.fixture(scope="session")
def simulated(
    simulation: ModuleType, sealed: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory,
    module_of: Callable[[Path], ModuleType],
) -> Path:  # fmt: skip
    """A simulated run of three trainings, with their means, and with answers to more than the usual question."""
    folder = simulation.write_run(tmp_path_factory.mktemp("simulated") / "digits", seeds=(0, 1, 2))
    (folder / "over_runs.csv").write_text(
        "generator,measure,runs,value,low,high,note\ntuned,fd,3,5.0,3.0,7.0,\ntuned,kd,3,,,,\n"
    )
    simulation.write_robustness(folder)
    simulation.write_transfer(folder, ("baseline", "tuned"), runs=3)
    simulation.write_learning_curve(folder)
    simulation.write_along_training(folder)
    module_of(Path(__file__).parents[1] / "reports" / "pooled_answers.py").write(folder)
    return sealed(folder)


@pytest.fixture(scope="session")
def run(finished: Path) -> fauxbench.Run:
    """The finished run, opened."""
    return fauxbench.load(finished / "runs" / "images")
