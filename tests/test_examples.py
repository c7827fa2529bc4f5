"""The examples in docstrings of the Python API and of the statistics, run as they stand there."""

from __future__ import annotations

import doctest
import importlib
import inspect
import io
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from benchmark import statistics
from benchmark.plugins import check
from benchmark.use import api

ROOM = Path(statistics.__file__).parent
STATISTICS = sorted(".".join(path.relative_to(ROOM).with_suffix("").parts) for path in ROOM.rglob("[!_]*.py"))
# the others read what the first one makes
USE = ["run", "default_folder", "load", "Run", "Run.generate", "Run.export", "Run.detect"]


def examples(module: ModuleType) -> dict[str, doctest.DocTest]:
    """Returns the examples of a module by the name of what they stand at."""
    found = doctest.DocTestFinder().find(module)
    return {test.name.removeprefix(f"{module.__name__}."): test for test in found if test.examples}


def public(module: ModuleType) -> Iterator[str]:
    """Yields a module's public functions, and its public classes with methods of their own that are called."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        calls = (
            [k for k, v in vars(value).items() if inspect.isroutine(v) and k[0] != "_"]
            if inspect.isclass(value)
            else []
        )
        if calls or inspect.isfunction(value):
            yield name


def outcome(test: doctest.DocTest) -> str:
    """Runs an example and returns what came out otherwise, an empty text where all is as printed."""
    said = io.StringIO()
    doctest.DocTestRunner(verbose=False).run(test, out=said.write)
    return said.getvalue()


def of_statistics(name: str) -> ModuleType:
    return importlib.import_module(f"benchmark.statistics.{name}")


@pytest.mark.parametrize("name", STATISTICS)
def test_every_public_function_of_statistics_has_an_example(name):
    module = of_statistics(name)
    assert set(public(module)) - examples(module).keys() == set()


@pytest.mark.parametrize("name", STATISTICS)
def test_examples_of_statistics_come_out_as_printed(name):
    for test in examples(of_statistics(name)).values():
        assert not outcome(test)


def test_examples_of_the_checks_come_out_as_printed():
    found = examples(check)
    assert {"detector_checks", "generator_checks", "checks_of"} <= found.keys()
    for test in found.values():
        assert not outcome(test)


@pytest.mark.slow
def test_examples_of_the_api_come_out_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = examples(api)
    assert found.keys() == set(USE)
    for name in USE:
        assert not outcome(found[name])
        if name == "run":
            Path("runs/digits").symlink_to("digits-smoke")  # what the others open is a result, which takes longer


MADE_UP = '''
def good():
    """Two.

    >>> 1 + 1
    2
    """

def wrong():
    """Not two.

    >>> 1 + 1
    3
    """

def bare():
    """None."""

def _own():
    pass
'''


def test_a_missing_example_and_a_wrong_result_are_found():
    module = ModuleType("made_up")
    exec(MADE_UP, vars(module))
    found = examples(module)
    assert set(public(module)) - found.keys() == {"bare"}
    assert not outcome(found["good"])
    assert "Got:\n    2" in outcome(found["wrong"])
