"""How many threads BLAS and OpenMP use, set for a while; their libraries are looked for once, not in each stage."""

from __future__ import annotations

import ctypes
from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import ThreadpoolController

_known: list[tuple[int, ThreadpoolController]] = []  # how many libraries had been loaded when it was made, and it


class _Info(ctypes.Structure):
    """The beginning of `dl_phdr_info` of the GNU and musl C libraries."""

    _fields_ = [
        ("address", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("headers", ctypes.c_void_p),
        ("count", ctypes.c_uint16),
        ("loaded", ctypes.c_ulonglong),
        ("unloaded", ctypes.c_ulonglong),
    ]


def limited(threads: int) -> AbstractContextManager[Any]:
    """Returns a context in which all libraries that are loaded by now use so many threads."""
    count = loaded()
    if not _known or count is None or _known[0][0] != count:
        _known[:] = [(-1 if count is None else count, ThreadpoolController())]
    return _known[0][1].limit(limits=threads)


def loaded() -> int | None:
    """Returns how many shared libraries this process has ever loaded and unloaded; `None` where the system does not
    tell."""
    found: list[int] = []

    # The interpreter's lock is kept (PyDLL): the loader holds its own meanwhile, and a thread that imports a library
    # with the first would wait for the second, and this call for the first.
    def first(info: Any, size: int, _: Any) -> int:
        if size >= ctypes.sizeof(_Info):
            found.append(info.contents.loaded + info.contents.unloaded)
        return 1  # no further libraries

    try:
        visit = ctypes.PyDLL(None).dl_iterate_phdr
    except (OSError, AttributeError, TypeError):  # another system than Linux
        return None
    kind = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Info), ctypes.c_size_t, ctypes.c_void_p)
    visit(kind(first), None)
    return found[0] if found else None
