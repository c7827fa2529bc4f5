"""Whether the five packages are ours: their names are plain ones, which a folder or another package can hide.

Imports nothing of ours: `fauxbench` reads this file by its place, since the package around it may be a stranger's.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

PACKAGES = ("data", "generation", "detection", "benchmark", "reports")


def stranger() -> str | None:
    """Returns the line that says which package hides one of ours and where it lies, or `None`; imports none of them."""
    here = Path(__file__).resolve().parents[2]
    for name in PACKAGES:
        found = _place(name)
        if found != here / name:
            place = f"found at {found}" if found else "not found"
            return f"Another package hides fauxbench's '{name}': expected {here / name}, {place}. Remove or rename it."
    return None


def _place(name: str) -> Path | None:
    """Returns where a package lies that has been imported, or would be."""
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__spec__", None) is None:  # run or made by hand: `find_spec` refuses it
        return _folder(_text(known, "__file__"), [])
    spec = importlib.util.find_spec(name)
    return _folder(spec.origin, list(spec.submodule_search_locations or [])) if spec else None


def _text(module: ModuleType, name: str) -> str | None:
    value = getattr(module, name, None)
    return value if isinstance(value, str) else None


def _folder(origin: str | None, locations: list[str]) -> Path | None:
    """Returns a package's folder; one without `__init__.py` has no origin, a single file no folder of its own."""
    if locations:
        return Path(locations[0]).resolve()
    return Path(origin).resolve() if origin else None
