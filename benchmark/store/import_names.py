"""What a Python file says that it imports, read without running it."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator
from pathlib import Path

CALLS = ("import_module", "__import__")
BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")  # of a statement, in the order in which they stand


def wanted(file: Path) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yields what a file imports: the dots before a module's name, the name, and what is taken from it."""
    for node in _nodes(file, CALLS):
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


def _nodes(file: Path, names: tuple[str, ...] = ()) -> Iterator[ast.AST]:
    """Yields the nodes of a file; only its statements, one node in ten, where none of some names stands in it."""
    try:
        code = file.read_bytes()
        whole = not names or any(name.encode() in code for name in names) or not code.isascii()
        yield from (ast.walk if whole else _statements)(ast.parse(code))
    except (SyntaxError, ValueError, RecursionError):  # it will not import either
        return


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yields a module's statements, and what holds some of them, in the order of `ast.walk`."""
    waiting = deque([tree])
    while waiting:
        node = waiting.popleft()
        for block in BLOCKS:
            waiting.extend(getattr(node, block, ()))
        yield node
