"""Which modules belong to installed packages, for which name and version stand, and what says more than these."""

from __future__ import annotations

import csv
import json
import site
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from importlib.machinery import all_suffixes
from pathlib import Path

PACKAGES = ("site-packages", "dist-packages")
NAMES = {"sklearn": "scikit-learn", "PIL": "pillow"}  # where a look at every package would take too long


def at(path: Path) -> bool:
    """Says whether a file is part of Python or of an installed package.

    One that is installed editable is not: its files change while its version stays. Nor is a lone file that somebody
    put among the packages.

    Args:
        path: A module's file or a package's folder, resolved.
    """
    root = _root(path)
    if root is None:
        return any(path.is_relative_to(folder) for folder in _standard())
    top = path.relative_to(root).parts[0].partition(".")[0]  # an extension inside may have a name of its own
    if root.name in PACKAGES:
        return bool(distributions(top))
    return any(_holds(name, root) for name in _names(top)) or any(path.is_relative_to(each) for each in _standard())


def distributions(top: str) -> list[str]:
    """Returns the packages that give a top-level module, such as `["scikit-learn 1.9.1"]`, without editable ones."""
    return list(_distributions(top, tuple(sys.path)))


@cache
def _distributions(top: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """What `distributions` returns, which is asked for each of a thousand modules of a few packages."""
    found = (_distribution(name) for name in _names(top))
    return tuple(sorted(f"{each.name} {each.version}" for each in found if each is not None and not is_editable(each)))


def contents(top: str) -> list[list[str]]:
    """Returns the name and version of each package that gives a top-level module, with the digests of its modules.

    They are as the installer noted them, so that a package that was built again under its old version is another one.
    """
    found = [each for name in _names(top) if (each := _distribution(name)) is not None and not is_editable(each)]
    return sorted([each.name, each.version, *_recorded(each)] for each in found)


def is_editable(distribution: metadata.Distribution) -> bool:
    """Says whether a package was installed by `pip install -e`."""
    try:
        about = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return False
    return isinstance(about, dict) and bool(dict(about.get("dir_info") or {}).get("editable"))


def _recorded(distribution: metadata.Distribution) -> list[str]:
    """Returns `path digest` of a package's modules; scripts and notes of the installer name this machine's folders."""
    rows = csv.reader((distribution.read_text("RECORD") or "").splitlines())
    modules = (row for row in rows if len(row) > 1 and row[0].endswith(tuple(all_suffixes())) and row[1])
    return sorted(f"{row[0]} {row[1]}" for row in modules if not row[0].startswith(".."))


def _root(path: Path) -> Path | None:
    """Returns the innermost folder around a file that modules or packages are looked for in."""
    places = _places((*sys.path, *site.getsitepackages(), site.getusersitepackages()))
    return next((each for each in path.parents if each.name in PACKAGES or each in places), None)


@cache
def _places(names: tuple[str, ...]) -> frozenset[Path]:
    """Where folders lead, which is asked for each of a thousand modules."""
    return frozenset(Path(name).resolve() for name in names)


@cache
def _standard() -> frozenset[Path]:
    paths = sysconfig.get_paths()
    return _places((paths["stdlib"], paths["platstdlib"]))


def _holds(name: str, root: Path) -> bool:
    """Says whether a package was installed into a folder elsewhere, such as by `pip install --target`."""
    found = _distribution(name)
    if found is None or is_editable(found) or found.read_text("RECORD") is None:
        return False
    return Path(str(found.locate_file(""))).resolve() == root


def _distribution(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _names(top: str) -> list[str]:
    if top in sys.stdlib_module_names:
        return []
    for name in (NAMES.get(top), top):
        if name is not None and _distribution(name) is not None:
            return [name]
    return sorted(set(_all(tuple(sys.path)).get(top, ())))


@cache
def _all(path: tuple[str, ...]) -> Mapping[str, list[str]]:
    """Returns which packages give which top-level modules; they may differ with `sys.path`."""
    return metadata.packages_distributions()
