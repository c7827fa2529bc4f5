"""What a file imports is read from wherever it stands in the file, in the order of `ast.walk`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmark.store import import_names

EVERYWHERE = """
import zero
if a:
    import one
elif b:
    from two import x, y
else:
    import three.of
try:
    import four
except OSError:
    from . import five
else:
    import six
finally:
    import seven
with open(a) as b:
    for c in d:
        while e:
            from ..eight import z
        else:
            import nine
match f:
    case 1:
        import ten
async def g():
    async for h in i:
        class J:
            import eleven
"""
CALLS = "import a\nx = [lambda: import_module('b')]\nif x:\n    y = __import__('.c')\nimport d\n"


def walked(file: Path) -> list[tuple[int, str]]:
    """Returns the same of statements, by a walk over all that stands in the file."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.level, node.module or ""))
    return found


def test_imports_are_found_in_every_block(tmp_path):
    (tmp_path / "file.py").write_text(EVERYWHERE)
    found = [(level, name) for level, name, _ in import_names.wanted(tmp_path / "file.py")]
    assert found == walked(tmp_path / "file.py")
    assert len(found) == 12


@pytest.mark.parametrize("name", ["import_module", "\uff49mport_module"], ids=["plain", "wide"])
def test_calls_are_found_in_every_expression(tmp_path, name):
    """Python reads a name in wide letters as the same name."""
    (tmp_path / "file.py").write_text(CALLS.replace("import_module", name), encoding="utf-8")
    found = [(level, name) for level, name, _ in import_names.wanted(tmp_path / "file.py")]
    assert sorted(found) == [(0, "a"), (0, "b"), (0, "d"), (1, "c")]
