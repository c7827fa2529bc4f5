"""`import fauxbench`: what it costs, what it offers, and what it says where the user's own files hide ours."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import benchmark
import fauxbench
from benchmark.machine import house

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "pandas", "keras", "tensorflow", "matplotlib", "typer", "rich", "pydantic", "jinja2", "IPython")


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Starts Python where the current folder comes first on the path, as for a script or a notebook there."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONSAFEPATH", None)
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_import_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()  # a folder of images hides nothing
    code = f"import sys, fauxbench; print([name for name in {HEAVY} if name in sys.modules], dir(fauxbench))"
    ended = python("-c", code, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("[] [")
    for name in ("run", "load", "Run", "UserError", "__version__"):
        assert f"'{name}'" in ended.stdout


@pytest.mark.parametrize("kind", ["benchmark.py", "data.py", "reports/", "detection/", "generation.py"])
def test_the_users_own_module_is_named_in_one_line(tmp_path: Path, kind: str) -> None:
    name = kind.removesuffix(".py").rstrip("/")
    place = tmp_path / kind
    if kind.endswith("/"):
        place.mkdir()
        (place / "__init__.py").touch()
    else:
        place.write_text("theirs = True\n")
    line = f"Another package hides fauxbench's '{name}': expected {ROOT / name}, found at {tmp_path / kind}."
    ended = python("-c", f"import {name}, fauxbench", cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(f"ImportError: {line}")
    assert ended.stderr.count("Traceback") == 1
    ended = python("-m", "fauxbench", "list", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == f"fauxbench: {line} Remove or rename it.\n"
    assert ended.stdout == ""


def test_a_script_called_benchmark_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "benchmark.py"
    script.write_text("import fauxbench\n")
    ended = python(str(script), cwd=tmp_path)
    assert ended.stderr.splitlines()[-1].startswith("ImportError: Another package hides fauxbench's 'benchmark'")
    assert str(script) in ended.stderr.splitlines()[-1]


def test_python_m_is_the_command_line(tmp_path: Path, told: Callable[[str], list[str]]) -> None:
    ended = python("-m", "fauxbench", "plan", "nothing-of-this-name", cwd=tmp_path)
    assert ended.returncode == 2
    lines = told(ended.stderr)
    assert len(lines) == 1
    assert lines[0].startswith("fauxbench: ")


@pytest.mark.parametrize("spec", [None, "found"])
def test_a_module_that_is_loaded_already_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spec: object
) -> None:
    """Modules made by hand, or run as a script, have no spec, which `find_spec` refuses."""
    theirs = ModuleType("data")
    theirs.__file__ = str(tmp_path / "data.py")
    if spec:
        (tmp_path / "data.py").touch()
        theirs.__spec__ = importlib_spec(tmp_path / "data.py")
    monkeypatch.setitem(sys.modules, "data", theirs)
    assert (line := house.stranger())
    assert f"found at {tmp_path / 'data.py'}" in line
    with pytest.raises(ImportError, match="hides fauxbench's 'data'"):
        fauxbench.load  # noqa: B018
    with pytest.raises(ImportError, match="hides fauxbench's 'data'"):
        benchmark.load  # noqa: B018


def importlib_spec(path: Path) -> object:
    from importlib.util import spec_from_file_location

    return spec_from_file_location("data", path)


def test_names_are_there_for_completion() -> None:
    assert {"run", "load", "Run"} <= set(dir(benchmark))
    assert fauxbench.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        fauxbench.runn  # noqa: B018
