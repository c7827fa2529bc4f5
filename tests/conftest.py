"""Shared by all tests: the thread settings of a run, the real data if there are any, and a quiet TensorFlow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmark import runtime

runtime.configure(threads=1, jobs=1)  # before anything imports TensorFlow


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real CIFAR-10, MNIST and CelebA files; tests that need it are skipped without it."""
    folder = os.environ.get("FAUXBENCH_DATA")
    if not folder:
        pytest.skip("FAUXBENCH_DATA is not set: no real data here")
    return Path(folder)
