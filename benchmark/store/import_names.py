"""What a Python file says that it imports, read without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

CALLS = ("import_module", "__import__")


def wanted(file: Path) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yields what a file imports: the dots before a module's name, the name, and what is taken from it."""
    for node in _nodes(file):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node.func) in CALLS and node.args:
            name = getattr(node.args[0], "value", None)
            if isinstance(name, str) and name.strip("."):
                yield len(name) - len(name.lstrip(".")), name.lstrip("."), ()


def _called(function: ast.expr) -> str:
    return str(getattr(function, "attr", getattr(function, "id", "")))


def texts(file: Path) -> Iterator[str]:
    """Yields the texts that may name another Python file, as `runpy` and `spec_from_file_location` take them."""
    for node in _nodes(file):
        text = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and text.endswith(".py") and "\n" not in text and len(text) < 256 and "\0" not in text:
            yield text


def _nodes(file: Path) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(ast.parse(file.read_bytes()))
    except (SyntaxError, ValueError, RecursionError):  # it will not import either
        return
