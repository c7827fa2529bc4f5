"""Questions: rules that turn a spec's generators and detectors into cells, one short file each.

A file of this folder is a question, found by its name. It has `cells(rows)`, which yields `benchmark.plan.cell.Asked`.
One with a `WORD` is asked by the detectors whose `train_on` says the word, every other one by `[protocol] ask`. With a
pydantic model `Options` it takes the options of the spec's table `[question.NAME]`, and has `cells(rows, options)`. Its
cells stand in a table of their own, unless `TABLE` names the question in whose table they stand: that of `own` is the
main table, of which the page's answers are.

A question with `SHARES = True` is put last: what another one has asked already is not asked again, and its answer finds
those cells by their lesson and exam, whatever their question.

May import `benchmark.plan.cell` and `benchmark.plan.rows`. Open `own` first.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.plan.cell import Asked
    from benchmark.plan.rows import Rows

USUAL = "own"  # what every run asks: the other answers are read against it
EVERY = "all"  # the word for all that `ask` can name


@cache
def known() -> dict[str, ModuleType]:
    """Returns the questions there are: name -> module."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return {name: importlib.import_module(f"{__name__}.{name}") for name in names}


def is_usual(name: str) -> bool:
    """Says whether a question is one that detectors ask by their `train_on`."""
    return hasattr(known()[name], "WORD")


def words() -> list[str]:
    """Returns the words that `train_on` may have, the default first."""
    named = [str(question.WORD) for name, question in known().items() if is_usual(name)]
    return sorted(named, key=lambda word: (word != "each", word))


def names() -> list[str]:
    """Returns what `ask` may name, the usual question first."""
    return [USUAL, *(name for name in known() if not is_usual(name))]


def chosen(ask: Iterable[str]) -> list[str]:
    """Returns the names of the questions that a run asks, in the order of `names`.

    Args:
        ask: Names, or `"all"` for every one. The usual one is always among what is returned.

    Raises:
        ValueError: For a name that there is not.
    """
    wanted = set(ask)
    if unknown := sorted(wanted - {*names(), EVERY}):
        expected = ", ".join(map(repr, [*names(), EVERY]))
        raise ValueError(f"there is no question {', '.join(map(repr, unknown))}; input should be among {expected}")
    return [name for name in names() if EVERY in wanted or name in wanted or name == USUAL]


def options(name: str, given: Mapping[str, Any]) -> Any:
    """Returns the options of a question, checked; `None` of one that takes none.

    Raises:
        pydantic.ValidationError: If something is wrong with them.
    """
    model = getattr(known()[name], "Options", None)
    return None if model is None else model.model_validate(given)


def cells(rows: Rows, ask: Sequence[str], given: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Asked]]:
    """Yields the cells of all that a run asks, each with the question's name.

    Args:
        rows: What is asked about.
        ask: The names of the questions, see `chosen`.
        given: Options by question.
    """
    asked = {*chosen(ask)}
    wished: list[tuple[str, Asked]] = []
    places: dict[tuple[Any, ...], int] = {}  # of each cell, by what is asked
    for name, question in sorted(known().items(), key=lambda item: getattr(item[1], "SHARES", False)):
        if name not in asked and not is_usual(name):
            continue
        takes, shares = hasattr(question, "Options"), getattr(question, "SHARES", False)
        for one in question.cells(rows, options(name, given.get(name, {}))) if takes else question.cells(rows):
            at = places.setdefault(one.identity, len(wished))
            if at == len(wished) or not shares:
                wished.append((name, one))
            elif one.beside:
                wished[at] = wished[at][0], replace(wished[at][1], beside=True)
    yield from wished


def table(name: str) -> str:
    """Returns the question in whose table the cells of a question stand: their detectors are compared with its own."""
    return str(getattr(known()[name], "TABLE", name))
