"""Measurements: what is measured beside cells, one file each: what of, by which stage, in which table and section.

A file of this folder is a measurement, found by its name; it has `MEASUREMENT`, see `benchmark.plan.measurement`, and
may hold the function that does its stage, which imports what it needs inside. Open `identity` first.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

from benchmark.plan.measurement import Measurement

ORDER = ("quality", "inception", "identity", "explain", "spectra")  # of their columns and sections; others follow


@cache
def known() -> tuple[Measurement, ...]:
    """Returns the measurements there are."""
    names = {found.name for found in pkgutil.iter_modules(__path__)}
    ordered = [name for name in ORDER if name in names] + sorted(names - set(ORDER))
    return tuple(importlib.import_module(f"{__name__}.{name}").MEASUREMENT for name in ordered)


def function(name: str) -> Callable[[Any], None]:
    """Returns the function that does a stage of a measurement.

    Raises:
        KeyError: If it is no measurement's.
    """
    for measurement in known():
        if name in measurement.functions:
            module, _, attribute = measurement.functions[name].partition(":")
            found: Callable[[Any], None] = getattr(importlib.import_module(module), attribute)
            return found
    raise KeyError(name)
