from __future__ import annotations

import gc
import importlib
import logging
import sys
from pathlib import Path

import pytest

from benchmark.machine import importing
from benchmark.processes import nursery

UNNEEDED = ("matplotlib", "sklearn")
LOOKS = f"""
import gc
import importlib
searched = gc.isenabled()
found = set()
for name in {UNNEEDED}:
    try:
        importlib.import_module(name)
    except ImportError:
        continue
    found.add(name)
"""


@pytest.mark.parametrize(
    ("message", "shown"),
    [("5 out of the last 13 calls to %s triggered tf.function retracing.", False), ("%s ran out of memory.", True)],
)
def test_only_the_warning_about_several_networks_is_kept_back(caplog, message, shown):
    importing.install()
    importing.install()
    logging.getLogger("tensorflow").warning(message, "a function")
    assert bool(caplog.records) == shown


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which a module named `keras` says what it could import, in place of the real one."""
    (tmp_path / "keras.py").write_text(LOOKS)
    for name in UNNEEDED:
        (tmp_path / f"{name}.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name in ("keras", *UNNEEDED):
        monkeypatch.setitem(sys.modules, name, None)  # so that what is imported here goes afterwards
        del sys.modules[name]
    monkeypatch.setattr(sys, "meta_path", [one for one in sys.meta_path if type(one).__name__ != "_Finder"])
    return tmp_path


@pytest.mark.parametrize(
    ("alone", "backend", "hidden"), [(True, "tensorflow", True), (False, "tensorflow", False), (True, "jax", False)]
)
def test_keras_is_imported_without_the_search_for_cycles_and_what_nobody_needs(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch, alone: bool, backend: str, hidden: bool
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", backend)
    importing.install(ours=True, alone=alone)
    keras = importlib.import_module("keras")
    assert not keras.searched
    assert gc.isenabled()
    assert keras.found == (set() if hidden else set(UNNEEDED))
    for name in UNNEEDED:
        assert importlib.import_module(name).__file__ == str(stand_in / f"{name}.py"), "only meanwhile"


@pytest.mark.parametrize("foreign", [False, True])
def test_processes_with_a_strangers_code_may_draw_with_keras(
    stand_in: Path, foreign: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nursery, "_shared", [])  # the one of other tests may have imported the real one
    (stand_in / "asks.py").write_text("def can_draw():\n  import keras\n  return 'matplotlib' in keras.found\n")
    host = nursery.host(foreign=foreign)
    try:
        host.ask("asks:can_draw")
        assert host.heard(60) == ("result", foreign)
    finally:
        host.end()
        nursery.nursery().close()
