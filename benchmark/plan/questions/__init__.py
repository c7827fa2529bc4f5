"""Questions: rules that turn a spec's generators and detectors into cells, one short file each.

A file of this folder is a question, found by its name. It has `WORD`, the value of a detector's `train_on` that asks
it, and `cells(rows)`, which yields `benchmark.plan.cell.Asked`. Its cells stand in a table of their own, unless `TABLE`
names the question in whose table they stand: that of `own` is the main table, of which the page's answers are.

May import `benchmark.plan.cell` and `benchmark.plan.rows`. Open `own` first.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType


@cache
def known() -> dict[str, ModuleType]:
    """Returns the questions there are: name -> module."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}


def words() -> list[str]:
    """Returns the words that `train_on` may have, the default first."""
    return sorted((str(question.WORD) for question in known().values()), key=lambda word: (word != "each", word))


def table(name: str) -> str:
    """Returns the question in whose table the cells of a question stand: their detectors are compared with its own."""
    return str(getattr(known()[name], "TABLE", name))
