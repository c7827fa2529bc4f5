"""Which device a Keras backend computes on: expected cheaply by a plan, and checked where the work is done.

A plan must not import a backend, so it looks for an NVIDIA card and for the libraries to use it.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

CPU = "cpu"
CARDS = Path("/proc/driver/nvidia/gpus")
VARIABLE = "FAUXBENCH_DEVICE"  # says it where it cannot be seen: a plan for the workers of a cluster
PLUGINS = {  # packages through which a backend reaches a card
    "tensorflow": ("nvidia.cudnn",),
    "jax": ("jax_cuda12_plugin", "jax_cuda13_plugin"),
}


def expected(backend: str) -> str:
    """Returns the device that a backend will choose: `"cpu"` or `"gpu:NAME"`. Starts nothing.

    `$FAUXBENCH_DEVICE` overrides what is found; a worker checks it before it computes.

    Args:
        backend: The Keras backend's name.
    """
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    # empty or -1 hides all cards; unset, the first one is taken
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    platforms = os.environ.get("JAX_PLATFORMS", "") if backend == "jax" else ""
    if visible in ("", "-1") or platforms.split(",")[0] == CPU:
        return CPU
    names = cards()
    if not names or not _reaches_cards(backend):
        return CPU
    return f"gpu:{names[int(visible)] if visible.isdigit() and int(visible) < len(names) else names[0]}"


@cache
def cards() -> list[str]:
    """Returns the names of this machine's NVIDIA cards, such as `["NVIDIA H200"]`, in the driver's order."""
    if CARDS.exists():
        lines = [line for card in sorted(CARDS.iterdir()) for line in (card / "information").read_text().splitlines()]
        return [line.split(":", 1)[1].strip() for line in lines if line.startswith("Model:")]
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    asked = [command, "--query-gpu=name", "--format=csv,noheader"]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603  from $PATH
    except (OSError, subprocess.TimeoutExpired):
        return []
    return found.stdout.strip().splitlines() if found.returncode == 0 else []


def is_running(backend: str) -> bool:
    """Whether a backend has started in this process, so that its device and threads are settled."""
    if backend == "jax" and "jax" in sys.modules:
        from jax._src import xla_bridge

        return bool(xla_bridge.backends_are_initialized())
    if backend == "tensorflow" and "tensorflow" in sys.modules:
        from tensorflow.python.eager import context

        return context._context is not None and bool(context._context._initialized)
    return False


def running(backend: str) -> str:
    """Returns the device that a backend computes on, and starts it if need be: `"cpu"`, `"gpu:NAME"`, `"tpu:NAME"`."""
    if backend == "jax":
        import jax

        first = jax.devices()[0]
        return CPU if first.platform == CPU else f"{first.platform}:{first.device_kind}"
    if backend == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_physical_devices("GPU")
        return f"gpu:{tf.config.experimental.get_device_details(found[0])['device_name']}" if found else CPU
    return CPU


def check(backend: str, planned: str) -> None:
    """Checks that a backend computes on the device of the plan; starts the backend only if that is not the CPU.

    Raises:
        RuntimeError: If it does not.
    """
    if planned == CPU and not is_running(backend):
        return
    found = running(backend)
    if not found.startswith(planned):  # a part of a card has the card's name and more
        raise RuntimeError(
            f"The plan expects {backend} to compute on {planned}, and here it computes on {found}. Set {VARIABLE}="
            f"'{found}' where the run is started, or hide the card with CUDA_VISIBLE_DEVICES=-1 (JAX_PLATFORMS=cpu)."
        )


def _reaches_cards(backend: str) -> bool:
    for name in PLUGINS.get(backend, ()):
        try:
            if find_spec(name) is not None:
                return True
        except ModuleNotFoundError:  # of the package around it
            continue
    return backend == "tensorflow" and ctypes.util.find_library("cudnn") is not None
