"""The settings of a process that results depend on: set before each stage and checked, not assumed.

A user's `~/.keras/keras.json`, an environment variable of scikit-learn's or an earlier stage may have changed them, and
no key names them. What a library reads when it is imported is set at once after that.
"""

from __future__ import annotations

import contextlib
import decimal
import gc
import importlib.abc
import importlib.machinery
import locale
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from benchmark.machine import seeds

FLOATING_POINT: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
KERAS = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last", "max_epochs": None,
         "max_steps_per_epoch": None}  # fmt: skip
SKLEARN = {
    "assume_finite": False, "working_memory": 1024, "transform_output": "default", "enable_metadata_routing": False,
    "skip_parameter_validation": False, "array_api_dispatch": False,
}  # fmt: skip


def apply(seed: int = 0) -> None:
    """Sets what results depend on, in this process: of Python, NumPy, and of Keras, TensorFlow and scikit-learn where
    they are loaded, and the generators of random numbers that all share.

    Args:
        seed: Of those generators, for code that takes no seed of its own. Defaults to `0`.

    Raises:
        RuntimeError: If a setting does not hold afterwards.
    """
    _Finder.install(seed)
    seeds.everywhere(seed)
    np.seterr(**FLOATING_POINT)
    for name, change in _AFTER.items():
        if name in sys.modules:
            change(sys.modules[name], seed)
    wrong = differing()
    if wrong:
        raise RuntimeError(f"The process is not as results expect it: {'; '.join(wrong)}.")


def differing() -> list[str]:
    """Returns what is not as `apply` sets it, in words."""
    import numpy as np

    found: dict[str, tuple[Any, Any]] = {
        f"NumPy's reaction to '{kind}'": (way, dict(np.geterr())[kind]) for kind, way in FLOATING_POINT.items()
    }
    if (keras := sys.modules.get("keras")) is not None:
        have = {name: _asked(keras, name) for name in KERAS if hasattr(keras.config, name)}
        found |= {f"Keras' {name}": (KERAS[name], have[name]) for name in have}
        found["Keras' dtype policy"] = ("float32", keras.config.dtype_policy().name)
    if (sklearn := sys.modules.get("sklearn")) is not None:
        config = sklearn.get_config()
        found |= {f"scikit-learn's {name}": (value, config.get(name, value)) for name, value in SKLEARN.items()}
    if (tensorflow := sys.modules.get("tensorflow")) is not None:
        found["TensorFlow's eager functions"] = (False, tensorflow.config.functions_run_eagerly())
    return [f"{name} is {got!r}, expected {wanted!r}" for name, (wanted, got) in found.items() if wanted != got]


_frozen: list[bool] = []


def release() -> None:
    """Frees what a training leaves behind: Keras' global state, cycles, and memory that the allocator keeps."""
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session(free_memory=False)
    gc.collect()
    if "keras" in sys.modules and not _frozen:
        gc.freeze()  # the 450,000 objects of the libraries stay anyway, and cost each collection half a second
        _frozen.append(True)
    with contextlib.suppress(OSError, AttributeError):  # of the C library of Linux
        import ctypes

        ctypes.CDLL(None).malloc_trim(0)


@dataclass
class Surroundings:
    """What Python itself has set in a process, to be put back: taken before the first stage, restored after each."""

    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: str = field(default_factory=os.getcwd)
    path: list[str] = field(default_factory=lambda: list(sys.path))
    filters: list[Any] = field(default_factory=lambda: list(warnings.filters))
    streams: tuple[Any, Any, Any] = field(default_factory=lambda: (sys.stdin, sys.stdout, sys.stderr))
    places: str = field(default_factory=lambda: locale.setlocale(locale.LC_ALL))
    context: decimal.Context = field(default_factory=lambda: decimal.getcontext().copy())
    depth: int = field(default_factory=sys.getrecursionlimit)
    handlers: dict[int, Any] = field(
        default_factory=lambda: {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    )

    def restore(self) -> None:
        """Puts all of it back."""
        if dict(os.environ) != self.environ:
            os.environ.clear()
            os.environ.update(self.environ)
        os.chdir(self.folder)
        sys.path[:] = self.path
        warnings.filters[:] = self.filters  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]  # so that what has been warned of is forgotten
        sys.stdin, sys.stdout, sys.stderr = self.streams
        locale.setlocale(locale.LC_ALL, self.places)
        decimal.setcontext(self.context.copy())
        sys.setrecursionlimit(self.depth)
        gc.enable()
        for one, handler in self.handlers.items():
            signal.signal(one, handler)


_taken: list[Surroundings] = []


def put_back() -> None:
    """Puts back what Python itself has set, to what it was when this was first called."""
    if not _taken:
        _taken.append(Surroundings())
    _taken[0].restore()


def _keras(keras: ModuleType, seed: int) -> None:
    keras.backend.clear_session(free_memory=False)
    for name, value in KERAS.items():
        if hasattr(keras.config, f"set_{name}"):
            getattr(keras.config, f"set_{name}")(value)
    keras.config.set_dtype_policy("float32")
    keras.utils.set_random_seed(seed % 2**32)


def _tensorflow(tensorflow: ModuleType, seed: int) -> None:
    if hasattr(tensorflow, "config"):  # else it is just being imported
        tensorflow.config.run_functions_eagerly(False)
        tensorflow.random.set_seed(seed % 2**32)


def _sklearn(sklearn: ModuleType, seed: int) -> None:
    del seed
    known = sklearn.get_config()
    sklearn.set_config(**{name: value for name, value in SKLEARN.items() if name in known})


def _asked(keras: ModuleType, name: str) -> Any:
    return getattr(keras.config, name)()


_AFTER: dict[str, Callable[[ModuleType, int], None]] = {
    "keras": _keras, "tensorflow": _tensorflow, "sklearn": _sklearn,
}  # fmt: skip


class _Finder(importlib.abc.MetaPathFinder):
    """Finds these libraries as Python would, and sets them once they are loaded."""

    seed = 0

    @classmethod
    def install(cls, seed: int) -> None:
        cls.seed = seed
        if not any(isinstance(finder, cls) for finder in sys.meta_path):
            sys.meta_path.insert(0, cls())

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _AFTER or name in sys.modules:
            return None
        for finder in sys.meta_path:  # the others, such as what silences TensorFlow
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader, name)
                return spec
        return None


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader, name: str) -> None:
        self.loader, self.name = loader, name

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        _AFTER[self.name](module, _Finder.seed)
