"""Which files a piece of code is made of: its own, and those of every module that it imports and nobody installed.

Imports are followed by reading, so that a plan runs no plug-in: `import` and `from` anywhere in a file, relative ones
too, `import_module` and `__import__` with a constant name, and Python files that are named as text. What only a running
program knows, such as a computed module name, is added by `loaded` where the plug-in has been imported. Files of data
that a module reads are not seen by either: a plug-in names them by its option `path`, or has a `fingerprint()`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path

from benchmark.machine.house import PACKAGES
from benchmark.store import import_names, installed

HOUSE = Path(__file__).resolve().parents[2]
STARTERS = ("__main__", "__mp_main__")  # modules that are the program itself


@dataclass
class Code:
    """What code is made of.

    Attributes:
        files: Its files, each with a name that does not say where the folder of the code lies.
        packages: The installed packages that it imports, such as `"torch 2.9.0"`.
    """

    files: dict[Path, str] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)


def of(start: Path) -> Code:
    """Returns what a source file is made of.

    A file of this project counts with those of this project that it imports. Any other one counts with all that is
    not an installed package: what lies beside it, as its folder is searched first, and what `sys.path` leads to.
    Packages that are installed editable count by content too.
    """
    start = start.resolve()
    if _is_house(start):
        return Code({file: file.relative_to(HOUSE).as_posix() for file in _house(start)})
    importlib.invalidate_caches()  # a file may have come in this very second
    code, waiting = Code(), [(start, start.parent)]
    while waiting:
        file, place = waiting.pop()
        if file in code.files:
            continue
        if _is_house(file):
            code.files |= {own: own.relative_to(HOUSE).as_posix() for own in _house(file)}
            continue
        code.files[file] = file.relative_to(place).as_posix() if file.is_relative_to(place) else file.name
        waiting.extend(_followed(file, place, start.parent, code.packages))
    return code


@cache
def reaches(module: str, packages: tuple[str, ...]) -> bool:
    """Says whether one of this project's modules imports one of some packages somewhere, or another one for it does."""
    file = _house_file(module)
    named = (name for one in _house(file) for level, name, _ in _wanted(one) if not level) if file else ()
    return any(name.partition(".")[0] in packages for name in named)


def loaded(before: Collection[str]) -> list[Path]:
    """Returns the files of the modules that this process has imported since, but for installed ones and our own.

    To be called in a process that has imported one plug-in and nothing else foreign, with the keys that `sys.modules`
    had before it did: it then finds what no reading could, such as modules whose names are computed.
    """
    found = set()
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if name in before or top in PACKAGES or name in STARTERS:
            continue
        file = vars(module).get("__file__") if hasattr(module, "__dict__") else None
        if isinstance(file, str) and (path := _on_disk(file)) and not _is_house(path) and not installed.at(path):
            found.add(path)
    return sorted(found)


def _followed(file: Path, place: Path, first: Path, packages: set[str]) -> Iterator[tuple[Path, Path]]:
    """Yields the files that a file imports, each with the folder that its name starts from."""
    if file.name.endswith(tuple(EXTENSION_SUFFIXES)):
        return
    for level, module, names in import_names.wanted(file):
        if level:
            folder = file.parents[min(level, len(file.parents)) - 1]
            yield from ((path, place) for path in [_on_disk(str(folder / "__init__.py"))] if path)
            yield from ((path, place) for path in _walk(module.split(".") if module else [], names, [str(folder)]))
            continue
        top, *deeper = module.split(".")
        if top in PACKAGES:
            yield from ((path, HOUSE) for path in _house_named(module, names))
            continue
        spec = _found(top, first)
        origin = _place_of(spec) if spec else None
        if spec is None or origin is None:
            continue
        if installed.at(origin):
            packages.update(installed.distributions(top))
            continue
        if spec.has_location and (path := _on_disk(str(spec.origin))):
            yield path, origin.parent
        yield from ((path, origin.parent) for path in _walk(deeper, names, list(spec.submodule_search_locations or ())))
    yield from ((path, path.parent) for text in import_names.texts(file) if (path := _on_disk(str(file.parent / text))))


def _walk(parts: Sequence[str], names: Sequence[str], places: list[str]) -> Iterator[Path]:
    """Yields the files of a chain of modules, and of the names taken from the last one that are modules too."""
    for part in parts:
        spec = PathFinder.find_spec(part, places)
        if spec is None:
            return
        if spec.has_location and (path := _on_disk(str(spec.origin))):
            yield path
        places = list(spec.submodule_search_locations or ())
    for name in names:
        if name == "*":  # takes the modules that `__all__` names, which may be any
            yield from (file.resolve() for place in places for file in sorted(Path(place).glob("*.py")))
        elif places and (spec := PathFinder.find_spec(name, places)) and spec.has_location:
            yield from (path for path in [_on_disk(str(spec.origin))] if path)


def _found(top: str, first: Path) -> ModuleSpec | None:
    """Returns what a top-level name leads to, as Python would find it with one more folder before `sys.path`."""
    spec = PathFinder.find_spec(top, [str(first), *sys.path])
    if spec is not None and spec.has_location:
        return spec
    for finder in sys.meta_path:  # editable packages may have finders of their own
        if finder is not PathFinder and callable(find := getattr(finder, "find_spec", None)):
            other = find(top, None)
            if other is not None:
                return other if other.has_location else spec
    return spec


def _place_of(spec: ModuleSpec) -> Path | None:
    """Returns the file of a module or the folder of a package."""
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return _on_disk(str(spec.origin)) if spec.has_location else None


def _on_disk(file: str) -> Path | None:
    """Returns the file that a module is read from: itself, or the archive around it."""
    path = Path(file)
    found = next((place for place in (path, *path.parents) if place.is_file()), None)
    return found.resolve() if found else None


def _is_house(path: Path) -> bool:
    return path.is_relative_to(HOUSE) and path.relative_to(HOUSE).parts[0] in PACKAGES


def _house(start: Path) -> set[Path]:
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_house_imports(path))
    return seen


@cache
def _house_imports(path: Path) -> tuple[Path, ...]:
    found = (_house_named(name, names) for level, name, names in _wanted(path) if not level)
    return tuple(file for files in found for file in files)


@cache
def _wanted(path: Path) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    """What one of this project's files imports, read once in a process."""
    return tuple(import_names.wanted(path))


def _house_named(module: str, names: Sequence[str]) -> Iterator[Path]:
    modules = [f"{module}.{name}" for name in names]
    found = [file for name in modules if (file := _house_file(name))]
    yield from found
    if not names or len(found) < len(names):  # else it names modules alone, not what the package's own file imports
        yield from (file for file in [_house_file(module)] if file)


def _house_file(module: str) -> Path | None:
    if module.split(".")[0] not in PACKAGES:
        return None
    base = HOUSE.joinpath(*module.split("."))
    return next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)
