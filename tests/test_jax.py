"""The whole way once more on the other Keras backend."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

SPEC = """
name = "on-jax"
[dataset]
name = "digits"
[[generator]]
kind = "dcgan"
architecture = "small"
width = 4
[[generator]]
kind = "noise"
[[detector]]
kind = "cnn"
epochs = 1
[[detector]]
kind = "linear-pixel"
"""
CODE = "import sys; sys.argv[0] = 'fauxbench'; from benchmark.cli.main import main; main()"


@pytest.mark.slow
@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed: pip install 'fauxbench[jax]'")
def test_a_run_on_jax_and_its_keys(tmp_path: Path, on_jax: dict[str, str]) -> None:
    (tmp_path / "spec.toml").write_text(SPEC)

    def run(backend: str, *arguments: str) -> str:
        environment = on_jax | {"KERAS_BACKEND": backend}
        command = [sys.executable, "-c", CODE, *arguments, "spec.toml", "--smoke", "--store", "store", "--json"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("jax", "run")
    folder = tmp_path / "runs" / "on-jax-smoke"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["backend"], manifest["devices"]) == ("jax", ["cpu"])
    assert (pd.read_csv(folder / "cells.csv")["status"] == "done").all()
    explained = pd.read_csv(folder / "explanations" / "index.csv")
    assert set(explained.loc[explained["kind"] == "heat", "detector"]) == {"cnn", "linear-pixel"}
    training = pd.read_csv(folder / "training.csv")
    assert len(training) > 1
    assert training["d_loss"].notna().all()
    assert {"jax", "jaxlib"} <= manifest["versions"].keys()
    for backend in ("jax", "tensorflow"):
        stages = json.loads(run(backend, "plan"))["stages"]
        stored = {row["stored"] for row in stages if row["stage"] in ("train_generator", "sample", "train_detector")}
        assert stored == {backend == "jax"}, backend
