"""How TensorFlow and Keras are imported: without notes on the terminal, and in half the time.

Of the 5 seconds that the two take on a CPU, Python's search for reference cycles is 1.4, and packages that they import
because these happen to be installed, to draw in notebooks, to be estimators or to convert networks of JAX, are 1.7. A
process of a run pays for neither that it can do without.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.abc
import importlib.machinery
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType

IMPORTED = ("tensorflow", "keras")
CONVERTERS = ("jax",)  # TensorFlow Lite's; where Keras computes on JAX, nothing is left out
FOR_NOTEBOOKS = ("matplotlib", "IPython")
FOR_WRAPPERS = ("sklearn",)  # that make a scikit-learn estimator of a network


def install(*, ours: bool = False, alone: bool = False) -> None:
    """Makes the import of TensorFlow silent and short, and keeps one of its warnings back for good.

    TensorFlow writes its notes on oneDNN and CUDA before it reads any setting of its log level, so no setting helps.
    Later it takes the networks of several detectors for one that is compiled again and again.

    Args:
        ours: Whether the process is one of fauxbench's own, in which nobody converts networks. Defaults to `False`.
        alone: Whether no stranger's code runs in it either, so that nobody draws with Keras, or makes estimators of
            its networks. Defaults to `False`.
    """
    logging.getLogger("tensorflow").addFilter(_says_more)
    if "keras" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder((*CONVERTERS * ours, *(FOR_NOTEBOOKS + FOR_WRAPPERS) * alone)))


def _says_more(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in record.getMessage()


class _Finder(importlib.abc.MetaPathFinder):
    """Finds what `IMPORTED` names as Python would, and wraps what loads it.

    Args:
        unneeded: Packages that are as good as not installed meanwhile.
    """

    def __init__(self, unneeded: Sequence[str]) -> None:
        self.unneeded = unneeded

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in IMPORTED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, () if os.environ.get("KERAS_BACKEND") == "jax" else self.unneeded)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader, unneeded: Sequence[str]) -> None:
        self.loader, self.unneeded = loader, unneeded

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with _without_cycles(), _without(self.unneeded):
            if module.__name__ == "tensorflow":
                with _silent():
                    self.loader.exec_module(module)
            else:
                self.loader.exec_module(module)


@contextlib.contextmanager
def _without_cycles() -> Iterator[None]:
    """Leaves the search for cycles until later: an import makes hundreds of thousands of objects, and drops few."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


@contextlib.contextmanager
def _without(names: Sequence[str]) -> Iterator[None]:
    """Hides packages that are not imported yet."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: Python's own word for "not found"
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name, "") is None:
                del sys.modules[name]


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Silences the file descriptor of standard error, not `sys.stderr`: what writes there is C++."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
