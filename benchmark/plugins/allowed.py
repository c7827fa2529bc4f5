"""Which classes a spec or a manifest may name as `module:Name`, known before one of them is called.

A `kind` is text, and text from a file must not be able to call what it likes: `os:system` is callable, and takes
options. So of what is installed only classes are made that are scikit-learn's or have the methods of the contract.
Whoever wants another object writes a file or installs an entry point: there a factory function may return anything.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from typing import Any

from data.errors import UserError

SKLEARN = "sklearn"
# What an object inside options must have where it is none of scikit-learn's: it is an estimator in all but the name.
PART = (("get_params",), ("set_params",), ("fit", "transform", "predict"))
EXPECTED = (
    "Expected a class of scikit-learn, a class with the methods of the contract from an installed package, "
    "path/to/file.py:Name, or an installed entry point"
)


def check_module(place: str, noun: str, kind: str) -> None:
    """Checks the module of a `module:Name` before it is imported, since importing runs it.

    Args:
        place: The module.
        noun: What it is to be, such as `"detector"`.
        kind: The kind as it was given.

    Raises:
        UserError: If it is a module of Python's own, none of which holds a plug-in, or a package's program.
    """
    if _of_python(place) or "__main__" in place.split("."):
        raise UserError(f"{noun} '{kind}' is not used: '{place}' holds no plug-ins. {EXPECTED}. Received: '{kind}'.")


def check_class(group: str, noun: str, kind: str, thing: Any, methods: Iterable[tuple[str, ...]]) -> None:
    """Checks what a `module:Name` leads to before it is called.

    Args:
        group: `"datasets"`, `"generators"`, `"detectors"` or `"parts"`.
        noun: What it is to be, such as `"detector"`.
        kind: The kind as it was given.
        thing: What stands there.
        methods: What the group's contract asks for: of each tuple, one method.

    Raises:
        UserError: If it is no class, or none of scikit-learn's and without a method of the contract.
    """
    why = _objection(group, thing, methods)
    if why:
        raise UserError(f"{noun} '{kind}' {why}. {EXPECTED}. Received: '{kind}'.")


def _objection(group: str, thing: Any, methods: Iterable[tuple[str, ...]]) -> str:
    if not inspect.isclass(thing):
        return f"is no class, and a function is called from a file or an entry point only ({type(thing).__name__})"
    if _of_python(thing.__module__):
        return f"is Python's own {thing.__module__}.{thing.__qualname__}"
    if thing.__module__.split(".")[0] == SKLEARN:
        return "" if _of_sklearn(group, thing) else "is a class of scikit-learn, but no estimator"
    for choice in PART if group == "parts" else methods:
        if not any(_has(thing, name) for name in choice):
            return f"lacks the method {' or '.join(choice)}"
    return ""


def _of_sklearn(group: str, thing: type) -> bool:
    """Says whether a class of scikit-learn's is an estimator, or a kernel, splitter or distance inside options."""
    from sklearn.base import BaseEstimator

    if issubclass(thing, BaseEstimator):
        return True
    if group != "parts":
        return False
    from sklearn.gaussian_process.kernels import Kernel
    from sklearn.metrics import DistanceMetric

    return issubclass(thing, Kernel | DistanceMetric) or all(_has(thing, name) for name in ("split", "get_n_splits"))


def _has(thing: type, name: str) -> bool:
    """Says whether a class has a method that is no inherited one of Python's own, such as `pickle.Unpickler.load`."""
    home = next((base for base in thing.__mro__ if name in vars(base)), None)
    return home is not None and callable(getattr(thing, name, None)) and not _of_python(home.__module__)


def _of_python(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names
