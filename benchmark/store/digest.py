"""Digests: of values, of files, and of the code that a plug-in runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmark.machine.house import PACKAGES
from benchmark.store import imports, installed
from benchmark.store.imports import HOUSE

__all__ = ["HOUSE", "PACKAGES", "of_code", "of_file", "of_module", "of_path", "of_value"]


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


def of_code(path: Path, more: Iterable[Path] = ()) -> str:
    """Returns a digest of a source file and of every file that it imports and nobody installed, directly or not.

    A change of any line that can run changes the digest, so a store never answers with what older code computed. Of
    installed packages the names and versions count. Moving a folder of files that import each other changes nothing.

    Args:
        path: The file.
        more: Files that were loaded beside those that can be found by reading, see `benchmark.store.imports.loaded`.
    """
    code = imports.of(path)
    others = sorted([file.name, of_file(file)] for file in {*more} - {*code.files})
    files = sorted([name, of_file(file)] for file, name in code.files.items())
    return of_value([files, sorted(code.packages), others] if others or code.packages else files)


def of_module(name: str, path: Path | None, more: Iterable[Path] = ()) -> str:
    """Returns a digest of an importable module's code, such as `"sklearn.svm"`.

    That of an installed package is known by the package's version, by what the installer noted of its files and by the
    module's own file; any other one counts as `of_code` does, an editable package's too.

    Args:
        name: The module's name.
        path: Its file, or `None` if it has none.
        more: Files that were loaded beside it, see `benchmark.store.imports.loaded`.
    """
    if path is None or not path.is_file():
        return of_value([installed.contents(name.partition(".")[0]), name])
    top = name.partition(".")[0]
    if top not in PACKAGES and installed.at(path.resolve()):
        others = sorted([file.name, of_file(file)] for file in more)
        return of_value([installed.contents(top), name, of_file(path), others])
    return of_code(path, more)
