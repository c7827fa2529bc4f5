"""Whether the five packages are ours: their names are plain ones, which a folder or another package can hide."""

from __future__ import annotations

import importlib.util
from pathlib import Path

PACKAGES = ("data", "generation", "detection", "benchmark", "reports")


def stranger() -> str | None:
    """Returns the line that says which package hides one of ours and where it lies, or `None`; imports none of them."""
    here = Path(__file__).resolve().parents[2]
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        found = _folder(spec.origin, list(spec.submodule_search_locations or [])) if spec else None
        if found != here / name:
            place = f"found at {found}" if found else "not found"
            return f"Another package hides fauxbench's '{name}': expected {here / name}, {place}. Remove or rename it."
    return None


def _folder(origin: str | None, locations: list[str]) -> Path | None:
    """Returns a package's folder; one without `__init__.py` has no origin, a single file no folder of its own."""
    if locations:
        return Path(locations[0]).resolve()
    return Path(origin).resolve() if origin else None
