"""Shared by the tests of the Inception network: weights and images from a formula, and a file of such weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmark.quality.inception import network as inception_network


@pytest.fixture(scope="session")
def formula() -> ModuleType:
    """The module `formula.py` of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location("formula", Path(__file__).with_name("formula.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def weights_file(tmp_path_factory: pytest.TempPathFactory, formula: ModuleType) -> Path:
    """A file of weights that nobody trained; no test changes it."""
    path = tmp_path_factory.mktemp("weights") / "inception.npz"
    np.savez(path, **formula.weights(inception_network.shapes()))
    return path
