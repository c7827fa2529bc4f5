"""Whether a plug-in computes with Keras is read from its code, and is what happens when it runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmark.plugins import networks
from benchmark.plugins.resolve import builtins

PLAIN = {
    "generators": {"gaussian", "folder", "real-copy", "noise"},
    "detectors": {
        "external", "fingerprint", "linear-dct", "linear-fft", "linear-log-dct", "linear-log-fft", "linear-pixel",
        "sentinel-content", "sentinel-format", "spectrum",
    },
}  # fmt: skip
GIVEN = {"folder", "external", "real-copy"}  # which get images or scores from elsewhere
RUNS = """
import sys
import numpy as np
from benchmark.plugins import resolve
images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 1), np.uint8)
for group, name in [one.split("/") for one in sys.argv[1:]]:
    made = resolve.make(resolve.resolve(group, name), {}, 0)
    if group == "generators":
        made.fit(images).sample(2, seed=1)
    else:
        made.fit(images, np.arange(40) % 2 == 1).decision_function(images)
    for library in ("keras", "tensorflow", "jax"):
        assert library not in sys.modules, (name, library)
"""


@pytest.mark.parametrize("group", PLAIN)
def test_what_needs_no_keras_is_known(group: str) -> None:
    assert {name for name in builtins(group) if not networks.needs_keras(group, name, {})} == PLAIN[group]


@pytest.mark.slow
def test_what_is_said_to_need_none_imports_none() -> None:
    run = [f"{group}/{name}" for group, names in PLAIN.items() for name in sorted(names - GIVEN)]
    done = subprocess.run([sys.executable, "-c", RUNS, *run], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_objects_in_options_count_and_what_a_stranger_imports_does_not() -> None:
    inner = {"steps": [{"kind": "sklearn.decomposition:PCA"}, {"kind": "detection.detectors.cnn:CNN"}]}
    assert networks.needs_keras("detectors", "sklearn.pipeline:Pipeline", inner)
    inner["steps"].pop()
    assert not networks.needs_keras("detectors", "sklearn.pipeline:Pipeline", inner)
    assert not networks.needs_keras("detectors", "mine.py:Net", {})
    assert not networks.needs_keras("detectors", "no-such", {})
