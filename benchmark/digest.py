"""Digests: of values, of files, and of the code that a plug-in runs."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.house import PACKAGES

__all__ = ["HOUSE", "PACKAGES", "of_code", "of_file", "of_path", "of_value"]
HOUSE = Path(__file__).resolve().parent.parent


def of_value(value: Any) -> str:
    """Returns the SHA-256 of a JSON value; the order of a mapping's keys does not matter.

    Raises:
        TypeError: If the value has a part that JSON cannot hold, since its text might change from run to run.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()


def of_file(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_path(path: Path) -> str:
    """Returns a digest of a file's bytes, or of the names and bytes of all files in a folder."""
    if path.is_file():
        return of_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return of_value([[file.relative_to(path).as_posix(), of_file(file)] for file in files])


def of_code(path: Path) -> str:
    """Returns a digest of a source file and of every file of this project that it imports, directly or not.

    A change of any line that can run changes the digest, so a store never answers with what older code computed.
    """
    files = sorted(_closure(path.resolve()))
    return of_value([[_name(file), of_file(file)] for file in files])


def _closure(start: Path) -> set[Path]:
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imports(path))
    return seen


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    return tuple(file for name in _imported_names(path) if (file := _file_of(name)))


def _imported_names(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from modules
            if not all(map(_file_of, modules)):  # else it names modules alone, not what the package's own file imports
                yield node.module


def _file_of(module: str) -> Path | None:
    if module.split(".")[0] not in PACKAGES:
        return None
    base = HOUSE.joinpath(*module.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _name(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix() if path.is_relative_to(HOUSE) else path.name
