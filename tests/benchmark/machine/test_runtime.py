"""The device in the keys: expected without starting a backend, checked where the work is done."""

import os
import subprocess
import sys

import pytest

from benchmark.machine import device, runtime


@pytest.fixture
def card(monkeypatch, tmp_path):
    """A machine with two NVIDIA cards and CUDA libraries for every backend."""
    for place, name in (("0000:01:00.0", "NVIDIA H200"), ("0000:02:00.0", "NVIDIA L4")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "information").write_text(f"Model: \t\t {name}\nIRQ:   \t\t 0\n")
    monkeypatch.setattr(device, "CARDS", tmp_path)
    monkeypatch.setattr(device, "_reaches_cards", lambda backend: True)
    for name in ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS", device.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    device.cards.cache_clear()
    yield
    device.cards.cache_clear()


@pytest.mark.parametrize(
    ("variables", "backend", "device_name"),
    [
        ({}, "tensorflow", "gpu:NVIDIA H200"),
        ({"CUDA_VISIBLE_DEVICES": "1"}, "jax", "gpu:NVIDIA L4"),
        ({"CUDA_VISIBLE_DEVICES": "1,0"}, "tensorflow", "gpu:NVIDIA L4"),
        ({"CUDA_VISIBLE_DEVICES": "GPU-8a1b"}, "tensorflow", "gpu:NVIDIA H200"),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, "tensorflow", "cpu"),
        ({"CUDA_VISIBLE_DEVICES": ""}, "jax", "cpu"),
        ({"JAX_PLATFORMS": "cpu"}, "jax", "cpu"),
        ({"JAX_PLATFORMS": "cpu"}, "tensorflow", "gpu:NVIDIA H200"),
        ({"FAUXBENCH_DEVICE": "tpu:v5"}, "jax", "tpu:v5"),
    ],
)
def test_which_device_is_expected(card, monkeypatch, variables, backend, device_name):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert device.expected(backend) == device_name


def test_a_card_that_the_backend_cannot_reach_does_not_count(card, monkeypatch):
    monkeypatch.setattr(device, "_reaches_cards", lambda backend: False)
    assert device.expected("jax") == "cpu"


def test_without_a_driver_folder_the_tool_is_asked(card, monkeypatch, tmp_path):
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 'NVIDIA GeForce RTX 5090'\n")
    tool.chmod(0o755)
    monkeypatch.setattr(device, "CARDS", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
    device.cards.cache_clear()
    assert device.expected("jax") == "gpu:NVIDIA GeForce RTX 5090"
    tool.write_text("#!/bin/sh\necho 'no driver'; exit 9\n")
    device.cards.cache_clear()
    assert device.expected("jax") == "cpu"


def test_a_card_and_a_processor_share_no_key(card, monkeypatch):
    on_card = runtime.environment(1)
    assert runtime.settings()["TF_DETERMINISTIC_OPS"] == "1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    on_processor = runtime.environment(1)
    assert "TF_DETERMINISTIC_OPS" not in runtime.settings()
    assert (on_card["device"], on_processor["device"]) == ("gpu:NVIDIA H200", "cpu")
    assert {name for name in on_card if on_card[name] != on_processor[name]} == {"device"}


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_processes_share_the_memory_of_a_card_unless_told_otherwise(card, monkeypatch, backend):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    (name, value), *_ = runtime.SHARING[backend].items()
    monkeypatch.delenv(name, raising=False)
    assert runtime.settings()[name] == value
    monkeypatch.setenv(name, "of the user's own")
    assert runtime.settings()[name] == "of the user's own"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert name not in runtime.settings()


def test_a_worker_without_the_planned_card_says_so(card, monkeypatch):
    planned = runtime.environment(1)
    monkeypatch.setattr(device, "running", lambda backend: "cpu")
    with pytest.raises(RuntimeError, match=r"compute on gpu:NVIDIA H200, and here .* on cpu\. Set"):
        runtime.check(planned)
    monkeypatch.setattr(device, "running", lambda backend: "gpu:NVIDIA H200 MIG 1g.18gb")
    runtime.check(planned)
    monkeypatch.setattr(device, "running", lambda backend: "gpu:NVIDIA L4")
    monkeypatch.setattr(device, "is_running", lambda backend: True)
    with pytest.raises(RuntimeError, match="on cpu, and here it computes on gpu:NVIDIA L4"):
        runtime.check({**planned, "device": "cpu"})


def test_other_versions_are_refused_by_name():
    planned = runtime.environment(1) | {"numpy": "1.0"}
    with pytest.raises(RuntimeError, match=rf"it was numpy 1\.0 and is {runtime.version('numpy')}\.$"):
        runtime.check(planned)


def test_jax_settings(monkeypatch):
    monkeypatch.delenv("FAUXBENCH_CPU", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=x")
    settings = runtime.settings(3, 1)
    assert settings["NPROC"] == "3"
    assert settings["XLA_FLAGS"] == "--xla_dump_to=x --xla_gpu_deterministic_ops=true"
    assert runtime.environment(3)["xla_flags"] == settings["XLA_FLAGS"]
    monkeypatch.setenv("XLA_FLAGS", settings["XLA_FLAGS"])
    assert runtime.settings(3, 1)["XLA_FLAGS"] == settings["XLA_FLAGS"]


def test_looking_for_the_device_starts_no_backend():
    code = (
        "import sys; from benchmark.machine import runtime; runtime.environment(1); print('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
