"""What of a processor decides the bytes of a result: its instruction sets, as each library uses them, and its caches.

oneDNN (TensorFlow's networks), OpenBLAS (matrices) and NumPy (functions) choose their kernels when they are loaded.
Each adds numbers up in another order, so equal code gives other last bits on another processor. All of them can be held
at a lower level by `$FAUXBENCH_CPU`, so that different processors agree. It must be in the environment before NumPy is
loaded; importing `benchmark` then does the rest.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

VARIABLE = "FAUXBENCH_CPU"
CPUINFO = Path("/proc/cpuinfo")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")

NEEDS = {  # oneDNN's levels, lowest first: the flags that each needs beside those of the level that it builds upon
    "SSE41": ("", "sse4_1"),
    "AVX": ("SSE41", "avx"),
    "AVX2": ("AVX", "avx2"),
    "AVX2_VNNI": ("AVX2", "avx_vnni"),
    "AVX2_VNNI_2": ("AVX2_VNNI", "avx_vnni_int8 avx_ne_convert"),
    "AVX512_CORE": ("AVX2", "avx512f avx512bw avx512vl avx512dq"),
    "AVX512_CORE_VNNI": ("AVX512_CORE", "avx512_vnni"),
    "AVX512_CORE_BF16": ("AVX512_CORE_VNNI", "avx512_bf16"),
    "AVX512_CORE_FP16": ("AVX512_CORE_BF16", "avx512_fp16"),
    "AVX512_CORE_AMX": ("AVX512_CORE_FP16", "amx_tile amx_int8 amx_bf16"),
    "AVX512_CORE_AMX_FP16": ("AVX512_CORE_AMX", "amx_fp16"),
}
LEVELS: dict[str, dict[str, str]] = {
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"},
    "avx512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "OPENBLAS_CORETYPE": "SkylakeX"},
}
GROUPS = {  # what NumPy chooses from above AVX2, and the flags that each needs; it warns of a name that it cannot leave
    "X86_V4": "avx512f avx512cd avx512bw avx512dq avx512vl",
    "AVX512_ICL": "avx512_vbmi2 avx512_bitalg avx512_vpopcntdq",
    "AVX512_SPR": "avx512_fp16",
}
OLD_GROUPS = {  # before NumPy 2.4
    "AVX512F": "avx512f",
    "AVX512CD": "avx512cd",
    "AVX512_SKX": "avx512bw avx512dq avx512vl",
    "AVX512_CLX": "avx512_vnni",
    "AVX512_CNL": "avx512ifma avx512vbmi",
    "AVX512_ICL": GROUPS["AVX512_ICL"],
    "AVX512_SPR": GROUPS["AVX512_SPR"],
}
FIRST = ("X86_V4", "AVX512F", "AVX512CD", "AVX512_SKX")  # what every AVX-512 has
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


def used(backend: str) -> str:
    """Returns what decides the bytes, as part of a key. Loads NumPy and asks it; starts no backend.

    Without `$FAUXBENCH_CPU` the sizes of the inner caches count too, since libraries cut matrices to fit them; for JAX
    the model counts, for which its compiler writes code.

    Args:
        backend: The Keras backend's name.
    """
    level = held()
    parts = [f"oneDNN {_onednn()}", *_blas(), f"NumPy {_numpy()}"]
    if level is None:
        parts += [f"caches {_caches()}", *([f"XLA for {_model()}"] if backend == "jax" else [])]
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


def _onednn() -> str:
    """Returns the level that oneDNN works at, which a variable may lower."""
    if not _flags():
        return _model()
    limit = next((os.environ[name] for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA") if name in os.environ), "")
    reached = _reached()
    allowed = [level for level in reached if _flags_of(level) <= _flags_of(limit.upper())]
    if limit.upper() in NEEDS:
        return allowed[-1] if allowed else "none"
    strange = f" ({limit})" if limit and limit.upper() not in ("ALL", "DEFAULT") else ""
    return f"{reached[-1] if reached else 'none'}{strange}"


def _reached() -> list[str]:
    return [level for level in NEEDS if _flags_of(level) <= _flags()]


def _settings(level: str) -> dict[str, str]:
    recent = tuple(int(part) for part in metadata.version("numpy").split(".")[:2]) >= (2, 4)
    here = [name for name, flags in (GROUPS if recent else OLD_GROUPS).items() if {*flags.split()} <= _flags()]
    without = [name for name in here if level == "avx2" or name not in FIRST]
    return LEVELS[level] | ({"NPY_DISABLE_CPU_FEATURES": " ".join(without)} if without else {})


def _asked() -> str:
    return os.environ.get(VARIABLE, "").strip().lower()


def _reaches(level: str) -> bool:
    return LEVELS[level]["ONEDNN_MAX_CPU_ISA"] in _reached()


def _best() -> str:
    return next((level for level in reversed(LEVELS) if _reaches(level)), "no level")


def _flags_of(level: str) -> frozenset[str]:
    if level not in NEEDS:
        return frozenset()
    below, more = NEEDS[level]
    return _flags_of(below) | frozenset(more.split())


def _blas() -> list[str]:
    """Returns the kernels of NumPy's linear algebra; SciPy's own copy of the library chooses alike."""
    import numpy  # noqa: F401  which loads it
    from threadpoolctl import threadpool_info

    found = [each for each in threadpool_info() if each["user_api"] == "blas"]
    own = [each for each in found if "numpy" in str(each["filepath"])] or found
    names = {f"{each['internal_api']} {each.get('architecture') or each['version']}" for each in own}
    return sorted(name.replace("openblas", "OpenBLAS") for name in names)


def _numpy() -> str:
    import numpy as np

    umath = np._core._multiarray_umath
    return "+".join(name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)) or "baseline"


def _caches() -> str:
    """Returns the sizes of the caches of one core, innermost first: `"32K+1024K"`."""
    sizes: list[tuple[str, str]] = []
    for index in CACHES.glob("index*"):
        try:
            level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
        except OSError:
            continue
        if kind != "Instruction" and level in ("1", "2"):
            sizes.append((level, size))
    return "+".join(size for _, size in sorted(sizes)) or "unknown"


def _model() -> str:
    about = _cpuinfo()
    names = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU part")
    found = [about[name] for name in names if name in about]
    return " ".join([platform.machine(), *(found or [platform.processor()])]).strip()


def _flags() -> frozenset[str]:
    return frozenset(_cpuinfo().get("flags", "").split())


def _cpuinfo() -> Mapping[str, str]:
    return _read(CPUINFO)


@cache
def _read(path: Path) -> Mapping[str, str]:
    """Returns what the system says of the first processor."""
    try:
        first = path.read_text(errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
