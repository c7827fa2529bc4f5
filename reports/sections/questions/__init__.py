"""Questions beside the main table, each with a section of its own on the page.

A question is one file here, found by its name, with `TITLE`, the heading of its section, and `section(run)`, which
returns what its template shows or `None` where the run did not ask it; then nothing of it is on the page. The template
is `reports/template/questions/<name>.html.j2`, which knows what is returned as `shown`. With `charts(run)`, which
yields `reports.figures.sheet.Chart`, its figures are among the files of `figures/`. Nothing else names a
question, but for the profile, whose lines stand on the first screen too.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from reports.figures.sheet import Chart
from reports.load import Run


@dataclass(frozen=True)
class Question:
    """A section of the page.

    Attributes:
        name: That of its file and of its template, and its place in the page.
        title: Its heading.
        shown: What its template shows.
    """

    name: str
    title: str
    shown: Any


def asked(run: Run) -> list[Question]:
    """Returns the questions that a run asked, by their names."""
    found = []
    for name, module in _modules().items():
        shown = module.section(run)
        if shown:
            found.append(Question(name, module.TITLE, shown))
    return found


def charts(run: Run) -> Iterator[Chart]:
    """Yields the figures of the questions that a run asked."""
    for module in _modules().values():
        if hasattr(module, "charts"):
            yield from module.charts(run)


def _modules() -> dict[str, ModuleType]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}
