"""How many wrong inputs there are, and some of them through the shell and the real command."""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
LEAST = 300
THROUGH_THE_SHELL = 30


def tables() -> dict[str, list[tuple[list[str], str]]]:
    """Returns the inputs of the other files of this folder, by kind."""
    found: dict[str, list[tuple[list[str], str]]] = {}
    for path in sorted(HERE.glob("test_*.py")):
        if path != Path(__file__):
            spec: Any = importlib.util.spec_from_file_location(f"wrong_{path.stem}", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            found[path.stem.removeprefix("test_")] = module.INPUTS
    return found


def chosen() -> list[tuple[list[str], str]]:
    """Returns inputs from all tables, evenly, that a shell can give: without NUL, and short."""
    able = [
        (arguments, said)
        for rows in tables().values()
        for arguments, said in rows
        if not any("\0" in text or len(text) > 500 for text in arguments)
    ]
    return able[:: len(able) // THROUGH_THE_SHELL][:THROUGH_THE_SHELL]


def test_there_are_many() -> None:
    inputs = {tuple(arguments) for rows in tables().values() for arguments, _ in rows}
    assert len(inputs) >= LEAST, {kind: len(rows) for kind, rows in tables().items()}
    assert len(chosen()) == THROUGH_THE_SHELL


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "said"), chosen(), ids=lambda v: " ".join(v)[:60] if isinstance(v, list) else "")
def test_through_the_shell(
    odd: Path, tmp_path: Path, told: Callable[[str], list[str]], arguments: list[str], said: str
) -> None:
    before = set(odd.rglob("*"))
    line = shlex.join([sys.executable, "-c", "from benchmark.cli.main import main; main()", *arguments])
    settings = {
        "FAUXBENCH_OFFLINE": "1",
        "XDG_CACHE_HOME": str(tmp_path),
        "FAUXBENCH_DATA": "",
        "PATH": "/usr/bin:/bin",
    }
    settings |= {"PYTHONPATH": str(HERE.parents[2]), "HOME": str(tmp_path)}
    ended = subprocess.run(["sh", "-c", line], cwd=odd, env=settings, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    lines = told(ended.stderr)
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("fauxbench: ")
    assert said.lower() in lines[0].lower()
    assert set(odd.rglob("*")) == before
