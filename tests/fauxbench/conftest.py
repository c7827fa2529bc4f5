"""Runs to read: the finished one of two quick generators, and simulated ones with every table filled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import made_along_training
import made_learning_curve
import made_profile
import made_robustness
import made_sets
import made_sources
import made_transfer
import pytest
from made_run import write_run

import fauxbench


@pytest.fixture(scope="session")
def simulated(sealed: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated run of three trainings, with their means, and with answers to more than the usual question."""
    folder = write_run(tmp_path_factory.mktemp("simulated") / "digits", seeds=(0, 1, 2))
    (folder / "over_runs.csv").write_text(
        "generator,measure,runs,value,low,high,note\ntuned,fd,3,5.0,3.0,7.0,\ntuned,kd,3,,,,\n"
    )
    made_transfer.write(folder, ("baseline", "tuned"), runs=3)
    for made in (made_robustness, made_learning_curve, made_along_training, made_sets, made_sources, made_profile):
        made.write(folder)
    return sealed(folder)


@pytest.fixture(scope="session")
def run(finished: Path) -> fauxbench.Run:
    """The finished run, opened."""
    return fauxbench.load(finished / "runs" / "images")
