"""What a computation runs on: threads, processor, backend and versions, fixed before Keras starts, in every key.

TensorFlow repeats itself bit for bit when each operation runs on one thread (intra-op 1); independent operations may
run side by side (inter-op), which changes the speed and not the bytes. JAX on a CPU does so for a fixed number of
threads. All are read from the environment when the backend starts, so `configure` must come before anything imports it.
"""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib import metadata

from benchmark.machine import device, importing, processor
from data.errors import UserError

LIBRARIES = ("keras", "tensorflow", "numpy", "scipy", "scikit-learn", "pillow")
THREADS = {"tensorflow": "TF_NUM_INTRAOP_THREADS", "jax": "NPROC"}
REPEATABLE = "--xla_gpu_deterministic_ops=true"
# A backend takes nearly all memory of a card when it starts, unless told otherwise, and the next process finds none.
SHARING = {"tensorflow": {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}, "jax": {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}}
SHOWN = ("fauxbench", *LIBRARIES, "pandas", "pyarrow", "distributed", "matplotlib", "seaborn")


def configure(threads: int = 1, jobs: int = 1, *, here: bool = True) -> None:
    """Fixes the thread counts of this process and of those it starts.

    Args:
        threads: Intra-op threads. More than 1 is faster on large images and gives other bytes. Defaults to `1`.
        jobs: How many processes share the machine's cores. Defaults to `1`.
        here: Whether this process computes itself, and does not only start others. Defaults to `True`.

    Raises:
        UserError: If the backend already runs in this process with other settings, or the processor cannot be held at
            the level that is asked for.
    """
    processor.check()
    wanted = settings(threads, jobs)
    name = THREADS.get(backend(), THREADS["tensorflow"])
    if here and device.is_running(backend()) and os.environ.get(name) != wanted[name]:
        raise UserError(
            f"{backend()} already runs in this process with other thread settings, which would change the results. "
            f"Expected {threads} thread(s) per operation. Start the run first in a fresh process, or pass jobs=2."
        )
    # before anything imports a backend, which reads them once
    os.environ.update(wanted)
    importing.install()


def settings(threads: int = 1, jobs: int = 1) -> dict[str, str]:
    """Returns the environment variables that `configure` sets; worker processes get the same."""
    inter = max(1, (os.cpu_count() or 1) // max(1, jobs))
    special = {"NPROC": str(threads), "XLA_FLAGS": _xla_flags()} if backend() == "jax" else {}
    if device.expected(backend()) != device.CPU:
        special |= {name: os.environ.get(name, value) for name, value in SHARING.get(backend(), {}).items()}
        if backend() == "tensorflow":
            special["TF_DETERMINISTIC_OPS"] = "1"  # on a CPU it repeats itself without
    return {
        **special,
        **processor.settings(),
        "TF_NUM_INTRAOP_THREADS": str(threads),
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)),
        "TF_NUM_INTEROP_THREADS": str(inter),
        "PYTHONHASHSEED": "0",  # of processes that are started: the order of sets in foreign code
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
    libraries: tuple[str, ...] = LIBRARIES
    flags: dict[str, str] = {}
    if backend() == "jax":
        libraries, flags = (*LIBRARIES, "jax", "jaxlib"), {"xla_flags": _xla_flags()}
    python = ".".join(platform.python_version_tuple()[:2])
    where = {"backend": backend(), "device": device.expected(backend()), "threads": str(threads), "python": python}
    where["cpu"] = processor.used(backend())
    return {**where, **processor.arithmetic(), **flags, **{name: version(name) for name in libraries}}


def difference(planned: dict[str, str]) -> str | None:
    """Returns the line that says why this process would give other bytes than a stage was planned for, or `None`.

    Args:
        planned: What `environment` returned where the plan was made.
    """
    here = environment(int(planned["threads"])) | {"device": planned.get("device", "")}
    if planned == here:
        return None
    names = [name for name in sorted({*planned, *here}) if planned.get(name) != here.get(name)]
    words = ", ".join(f"{name} {planned.get(name)} and is {here.get(name)}" for name in names)
    more = f" {processor.advice(planned.get('cpu', ''), here['cpu'])}" if "cpu" in names else ""
    return f"The environment is not the one that was planned for: it was {words}.{more}"


def check(planned: dict[str, str]) -> None:
    """Checks that this process computes on what a stage was planned for.

    Args:
        planned: What `environment` returned where the plan was made.

    Raises:
        RuntimeError: If not, with what differs and how to agree.
    """
    if message := difference(planned):
        raise RuntimeError(message)
    device.check(backend(), planned["device"])


def devices() -> list[str]:
    """Returns what the backend uses in this process, such as `["gpu:NVIDIA H200"]`.

    A process that has not started its backend has computed on the CPU only.
    """
    return [device.running(backend()) if device.is_running(backend()) else "cpu"]


def describe() -> dict[str, object]:
    """Returns the versions, processor and platform for the provenance part of a report."""
    shown = (*SHOWN, "jax", "jaxlib") if backend() == "jax" else SHOWN
    versions = {"python": platform.python_version()} | {name: version(name) for name in shown}
    return {"versions": versions, "backend": backend(), "cpu": _cpu(), "platform": platform.platform()}


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0]} x {len(names)}" if names else f"{platform.processor() or 'unknown'} x {os.cpu_count()}"


def _xla_flags() -> str:
    """Returns the user's flags of JAX's compiler, that with which a GPU repeats itself, and the processor's level."""
    given = os.environ.get("XLA_FLAGS", "").split()
    level = processor.held()
    ours = [REPEATABLE, *([processor.XLA[level]] if level else [])]
    return " ".join([*given, *(flag for flag in ours if flag not in given)])
