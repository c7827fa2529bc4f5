"""What a computation runs on: threads, backend and versions, fixed before Keras starts and written into every key.

TensorFlow repeats itself bit for bit when each operation runs on one thread (intra-op 1); independent operations may
run side by side (inter-op), which changes the speed and not the bytes. Both are read from the environment when
TensorFlow starts, so `configure` must come before anything imports it.
"""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib import metadata

from benchmark import quiet
from data.errors import UserError

LIBRARIES = ("keras", "tensorflow", "numpy", "scipy", "scikit-learn", "pillow")
SHOWN = ("fauxbench", *LIBRARIES, "pandas", "pyarrow", "distributed", "matplotlib")


def configure(threads: int = 1, jobs: int = 1) -> None:
    """Fixes the thread counts of this process and of those it starts.

    Args:
        threads: Intra-op threads. More than 1 is faster on large images and gives other bytes. Defaults to `1`.
        jobs: How many processes share the machine's cores. Defaults to `1`.

    Raises:
        UserError: If TensorFlow already runs in this process with other settings.
    """
    wanted = settings(threads, jobs)
    if _tensorflow_is_running() and os.environ.get("TF_NUM_INTRAOP_THREADS") != wanted["TF_NUM_INTRAOP_THREADS"]:
        raise UserError(
            "TensorFlow already runs in this process with other thread settings, which would change the results. "
            f"Expected {threads} thread(s) per operation. Start the run first in a fresh process, or pass jobs=2."
        )
    os.environ.update(wanted)
    quiet.install()


def settings(threads: int = 1, jobs: int = 1) -> dict[str, str]:
    """Returns the environment variables that `configure` sets; worker processes get the same."""
    inter = max(1, (os.cpu_count() or 1) // max(1, jobs))
    return {
        "TF_NUM_INTRAOP_THREADS": str(threads),
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)),
        "TF_NUM_INTEROP_THREADS": str(inter),
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
        "TF_ENABLE_DEPRECATION_WARNINGS": "0",
        "KERAS_BACKEND": backend(),
    }


def backend() -> str:
    """Returns the name of the Keras backend: `$KERAS_BACKEND`, or `"tensorflow"`."""
    return os.environ.get("KERAS_BACKEND", "tensorflow")


@cache
def version(distribution: str) -> str:
    """Returns a distribution's installed version, or `"none"`."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "none"


def environment(threads: int) -> dict[str, str]:
    """Returns what of the environment can change a result's bytes; part of the key of every computing stage."""
    libraries = LIBRARIES if backend() == "tensorflow" else (*LIBRARIES, backend())
    python = ".".join(platform.python_version_tuple()[:2])
    return {"backend": backend(), "threads": str(threads), "python": python} | {
        name: version(name) for name in libraries
    }


def devices() -> list[str]:
    """Returns the kinds of device that the backend uses in this process, such as `["CPU", "GPU"]`.

    A process that has not started its backend has computed on the CPU only.
    """
    if backend() == "tensorflow" and _tensorflow_is_running():
        import tensorflow as tf

        return sorted({device.device_type for device in tf.config.list_logical_devices()})
    if backend() == "jax" and "jax" in sys.modules:
        import jax

        return sorted({device.platform.upper() for device in jax.devices()})
    return ["CPU"]


def describe() -> dict[str, object]:
    """Returns the versions, processor and platform for the provenance part of a report."""
    versions = {"python": platform.python_version()} | {name: version(name) for name in SHOWN}
    return {"versions": versions, "backend": backend(), "cpu": _cpu(), "platform": platform.platform()}


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0]} x {len(names)}" if names else f"{platform.processor() or 'unknown'} x {os.cpu_count()}"


def _tensorflow_is_running() -> bool:
    if "tensorflow" not in sys.modules:
        return False
    from tensorflow.python.eager import context

    running = context._context
    return running is not None and bool(running._initialized)
