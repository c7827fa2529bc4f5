"""What of a processor decides the bytes of a result: its instruction sets, as each library uses them, and its caches.

oneDNN (TensorFlow's networks), OpenBLAS (matrices) and NumPy (functions) choose their kernels when they are loaded.
Each adds numbers up in another order, so equal code gives other last bits on another processor. All of them can be held
at a lower level by `$FAUXBENCH_CPU`, so that different processors agree. It must be in the environment before NumPy is
loaded; importing `benchmark` then does the rest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from benchmark.machine import instruction_sets

VARIABLE = "FAUXBENCH_CPU"
# OpenBLAS names its kernels after processors: Haswell has AVX2, SkylakeX AVX-512.
LEVELS: dict[str, dict[str, str]] = {
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"},
    "avx512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "OPENBLAS_CORETYPE": "SkylakeX"},
}
XLA = {"avx2": "--xla_cpu_max_isa=AVX2", "avx512": "--xla_cpu_max_isa=AVX512"}
# Further variables that change arithmetic; they are in the key as they are.
ARITHMETIC = (
    "TF_ENABLE_ONEDNN_OPTS", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE", "TF_SET_ONEDNN_FPMATH_MODE",
    "TF_XLA_FLAGS", "NVIDIA_TF32_OVERRIDE", "JAX_DEFAULT_MATMUL_PRECISION", "JAX_ENABLE_X64", "GLIBC_TUNABLES",
)  # fmt: skip


def held() -> str | None:
    """Returns the level that `$FAUXBENCH_CPU` holds this process at, or `None`.

    Raises:
        UserError: If there is no such level, or this processor does not reach it.
    """
    from data.errors import UserError  # here, since another package may hide ours until it has been looked for

    level = _asked()
    if not level:
        return None
    if level not in LEVELS:
        raise UserError(f"{VARIABLE} must be {' or '.join(LEVELS)}, or not be set. Received: {level!r}.")
    if not _reaches(level):
        raise UserError(
            f"{VARIABLE} holds processors at a level that all of them have, and this one has less than {level}. "
            f"Expected at most {_best()}."
        )
    return level


def settings() -> dict[str, str]:
    """Returns the environment variables that hold a process at the level of `$FAUXBENCH_CPU`; none if it is not set."""
    level = held()
    return {} if level is None else _settings(level)


def hold() -> None:
    """Sets `settings` in this process, if NumPy has not been loaded without them. Wrong levels are left to `check`."""
    level = _asked()
    if level in LEVELS and _reaches(level) and "numpy" not in sys.modules:
        os.environ.update(_settings(level))


def check() -> None:
    """Checks that this process is held at the level of `$FAUXBENCH_CPU`.

    Raises:
        UserError: If the level is wrong, or NumPy was loaded before it could be held.
    """
    from data.errors import UserError

    if any(os.environ.get(name) != value for name, value in settings().items()):
        raise UserError(
            f"NumPy was loaded before {VARIABLE}={held()} could hold it. Expected that variable in the environment "
            "when the program starts, and 'import benchmark' before other libraries. Received it later."
        )


def bfloat16_ends_process(backend: str) -> bool:
    """Says whether bfloat16 on this processor ends the process.

    TensorFlow hands it to oneDNN if the processor has AVX-512, and aborts where oneDNN may not use that.

    Args:
        backend: The Keras backend's name.
    """
    if backend != "tensorflow" or os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":
        return False
    return "AVX512_CORE" in instruction_sets.reached() and not instruction_sets.onednn().startswith("AVX512")


def bfloat16_units(backend: str) -> list[str]:
    """Returns the instructions that networks here multiply bfloat16 with; none where it would be float32 in disguise.

    What holds oneDNN lower holds it back from these.

    Args:
        backend: The Keras backend's name. TensorFlow alone hands its products to oneDNN.
    """
    if backend != "tensorflow" or os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":
        return []
    used = instruction_sets.flags_of(instruction_sets.onednn().split()[0])
    return [flag for flag in ("avx512_bf16", "amx_bf16") if flag in used]


def check_precision(options: Mapping[str, Any], owner: str, backend: str) -> None:
    """Checks that the backend survives what a plug-in asks for.

    Args:
        options: The plug-in's options.
        owner: Whose they are, for the message.
        backend: The Keras backend's name.

    Raises:
        UserError: If it would not.
    """
    from data.errors import UserError

    if options.get("precision") == "mixed_bfloat16" and bfloat16_ends_process(backend):
        raise UserError(
            f"TensorFlow cannot compute in bfloat16 where oneDNN is held below AVX-512. Expected float32 of {owner}, "
            f"{VARIABLE}=avx512 or TF_ENABLE_ONEDNN_OPTS=0. Received: mixed_bfloat16 at {instruction_sets.onednn()}."
        )


def used(backend: str) -> str:
    """Returns what decides the bytes, as part of a key. Loads NumPy and asks it; starts no backend.

    Without `$FAUXBENCH_CPU` the sizes of the inner caches count too, since libraries cut matrices to fit them; for JAX
    the model counts, for which its compiler writes code.

    Args:
        backend: The Keras backend's name.
    """
    level = held()
    parts = [f"oneDNN {instruction_sets.onednn()}", *instruction_sets.blas(), f"NumPy {instruction_sets.numpy()}"]
    if level is None:
        parts.append(f"caches {instruction_sets.caches()}")
        parts += [f"XLA for {instruction_sets.model()}"] if backend == "jax" else []
    else:
        parts.append(f"held at {level}")
    return "; ".join(parts)


def arithmetic() -> dict[str, str]:
    """Returns the variables that are set and change arithmetic."""
    return {name: os.environ[name] for name in ARITHMETIC if name in os.environ}


def advice(one: str, other: str) -> str:
    """Returns the sentence that says how two processors agree, from what `used` returned on each."""
    if not all("oneDNN AVX2" in each or "oneDNN AVX512" in each for each in (one, other)):
        return "No setting makes these processors agree: both would need AVX2."
    level = "avx512" if all("oneDNN AVX512" in each for each in (one, other)) else "avx2"
    return f"Set {VARIABLE}={level} where the run is started and for every worker, so that all compute at one level."


def _settings(level: str) -> dict[str, str]:
    without = [name for name in instruction_sets.groups() if level == "avx2" or name not in instruction_sets.FIRST]
    return LEVELS[level] | ({"NPY_DISABLE_CPU_FEATURES": " ".join(without)} if without else {})


def _asked() -> str:
    return os.environ.get(VARIABLE, "").strip().lower()


def _reaches(level: str) -> bool:
    return LEVELS[level]["ONEDNN_MAX_CPU_ISA"] in instruction_sets.reached()


def _best() -> str:
    return next((level for level in reversed(LEVELS) if _reaches(level)), "no level")
