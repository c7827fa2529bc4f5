from __future__ import annotations

import gc
import importlib
import logging
import sys
from pathlib import Path

import pytest

from benchmark.machine import importing
from benchmark.processes import nursery

LOOKS = """
import gc
searched = gc.isenabled()
try:
    import matplotlib
except ImportError:
    matplotlib = None
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
    (tmp_path / "matplotlib.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name in ("keras", "matplotlib"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "meta_path", [one for one in sys.meta_path if type(one).__name__ != "_Finder"])
    return tmp_path


@pytest.mark.parametrize(
    ("alone", "backend", "hidden"), [(True, "tensorflow", True), (False, "tensorflow", False), (True, "jax", False)]
)
def test_keras_is_imported_without_the_search_for_cycles_and_what_only_notebooks_need(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch, alone: bool, backend: str, hidden: bool
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", backend)
    importing.install(ours=True, alone=alone)
    keras = importlib.import_module("keras")
    assert not keras.searched
    assert gc.isenabled()
    assert (keras.matplotlib is None) == hidden
    assert importlib.import_module("matplotlib").__file__ == str(stand_in / "matplotlib.py")  # only meanwhile


@pytest.mark.parametrize("foreign", [False, True])
def test_processes_with_a_strangers_code_may_draw_with_keras(stand_in: Path, foreign: bool) -> None:
    (stand_in / "asks.py").write_text("def can_draw():\n  import keras\n  return keras.matplotlib is not None\n")
    host = nursery.host(foreign=foreign)
    try:
        host.ask("asks:can_draw")
        assert host.heard(60) == ("result", foreign)
    finally:
        host.end()
