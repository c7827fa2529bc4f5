"""Which kernels the libraries of this process choose: their instruction sets and the sizes that they cut matrices to.

oneDNN is asked nothing, since a plan must not start a backend: its choice follows from the flags of the processor and a
variable. NumPy and its OpenBLAS are asked.
"""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

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


def onednn() -> str:
    """Returns the level that oneDNN works at, which a variable may lower."""
    if not flags():
        return model()
    limit = next((os.environ[name] for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA") if name in os.environ), "")
    levels = reached()
    if limit.upper() in NEEDS:
        levels = [level for level in levels if flags_of(level) <= flags_of(limit.upper())]
        limit = ""
    strange = f" ({limit})" if limit.upper() not in ("", "ALL", "DEFAULT") else ""
    return f"{levels[-1] if levels else 'none'}{strange}"


def reached() -> list[str]:
    """Returns the levels of oneDNN that this processor has, lowest first."""
    return [level for level in NEEDS if flags_of(level) <= flags()]


def groups() -> list[str]:
    """Returns the names under which the installed NumPy knows what this processor has above AVX2."""
    recent = tuple(int(part) for part in metadata.version("numpy").split(".")[:2]) >= (2, 4)
    return [name for name, needed in (GROUPS if recent else OLD_GROUPS).items() if {*needed.split()} <= flags()]


def flags_of(level: str) -> frozenset[str]:
    """Returns the flags that a level of oneDNN needs."""
    if level not in NEEDS:
        return frozenset()
    below, more = NEEDS[level]
    return flags_of(below) | frozenset(more.split())


@cache
def blas() -> tuple[str, ...]:
    """Returns the kernels of NumPy's linear algebra, chosen as it is loaded; SciPy's own copy chooses alike."""
    import numpy  # noqa: F401  which loads it
    from threadpoolctl import threadpool_info

    found = [each for each in threadpool_info() if each["user_api"] == "blas"]
    own = [each for each in found if "numpy" in str(each["filepath"])] or found
    names = {f"{each['internal_api']} {each.get('architecture') or each['version']}" for each in own}
    return tuple(sorted(name.replace("openblas", "OpenBLAS") for name in names))


def numpy() -> str:
    """Returns the groups of instructions that NumPy's functions use."""
    umath: Any = importlib.import_module("numpy._core._multiarray_umath")
    return "+".join(name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)) or "baseline"


def caches() -> str:
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


def model() -> str:
    """Returns the kind of processor, by the numbers of its maker."""
    about = _cpuinfo()
    names = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU part")
    found = [about[name] for name in names if name in about]
    return " ".join([platform.machine(), *(found or [platform.processor()])]).strip()


def flags() -> frozenset[str]:
    """Returns what the system says that the processor can; nothing, where it does not say."""
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
