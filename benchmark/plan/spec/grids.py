"""Grids: a row of the spec that stands for one row for each combination of options.

    [[generator]]
    kind = "dcgan"
    grid = { learning_rate = [0.0002, 0.0003], depth = [3, 4] }

is four rows, of which the first is `dcgan-learning_rate-0.0002-depth-3`. An id has no `=`, which `--set` cuts at and
file names would lose. Nothing of a grid is in a key: a row of it is the same row as one written by hand.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from data import names
from data.errors import UserError, shown

if TYPE_CHECKING:
    from benchmark.plan.spec.models import PluginSpec

MOST = 1000  # rows of one grid: more were never meant, and planning alone would take minutes
LONGEST = 100  # bytes of what a grid adds to an id, so that names of files keep room for the rest
Row = TypeVar("Row", bound="PluginSpec")
NO_OPTIONS = ("kind", "id", "grid")  # of a row: what a grid cannot vary


def expanded(what: str, row: Row) -> list[Row]:
    """Returns the rows that a row stands for, in the order written: the last option changes fastest.

    Each has the values of its combination as options, and says in `grid` which they are. A row without a grid, and one
    that has been expanded, as a resolved spec shows it, stands for itself.

    Args:
        what: `"generator"` or `"detector"`, for messages.
        row: A checked row.

    Raises:
        UserError: For a grid that is none; the message names the row.
    """
    given = row.model_dump(exclude={"grid"})
    if not row.grid or all(name in given and given[name] == value for name, value in row.grid.items()):
        return [row]
    _check(f"{what} '{row.id}'", row)
    combinations = [dict(zip(row.grid, values, strict=True)) for values in itertools.product(*row.grid.values())]
    rows = []
    for name, chosen in zip(_ids(row.id, combinations), combinations, strict=True):
        try:
            rows.append(type(row).model_validate({**given, **chosen, "id": name, "grid": chosen}))
        except ValidationError as error:  # of what is no option of the plug-in, such as `train_on`
            wrong = error.errors()[0]
            reason, at = wrong["msg"][0].lower() + wrong["msg"][1:], ".".join(map(str, wrong["loc"]))
            raise UserError(
                f"The grid of {what} '{shown(row.id)}' has a value that cannot be used: {reason}. "
                f"Received: {shown(at)}={shown(wrong['input'])}."
            ) from None
    return rows


def put(row: dict[str, Any], option: str, value: Any) -> None:
    """Sets an option of a row that is still plain values; `grid.OPTION` sets the list of one option of its grid.

    Raises:
        UserError: If the row has a grid that is no table.
    """
    table, dot, name = option.partition(".")
    if table != "grid" or not dot:
        row[option] = value
        return
    grid = row.setdefault("grid", {})
    if not isinstance(grid, dict):
        raise UserError(f"--set grid.{shown(name)}: 'grid' is not a table. Received: grid={shown(grid)}.")
    grid[name] = value


def _check(owner: str, row: PluginSpec) -> None:
    for name, values in row.grid.items():
        where = f"'{shown(name)}' in the grid of {shown(owner)}"
        if name in NO_OPTIONS:
            raise UserError(f"{where} is no option. Give each {name} a row of its own.")
        if not isinstance(values, list):
            raise UserError(f"{where} must be a list of values, such as [3, 4]. Received: {shown(values)}.")
        if not values:
            raise UserError(f"{where} must have at least one value. Received: [].")
        if name in row.model_fields_set:
            beside = row.options.get(name, getattr(row, name, None))
            raise UserError(
                f"{where} stands beside it too. Expected one of the two. Received: {shown(name)}={shown(beside)}."
            )
        if any(map(_has_table, values)):
            raise UserError(
                f"{where} may not have tables as values. Give each table a row of its own. Received: {shown(values)}."
            )
        known = [_same(value) for value in values]
        twice = next((value for value, it in zip(values, known, strict=True) if known.count(it) > 1), None)
        if twice is not None:
            raise UserError(f"{where} has a value twice. Received: {shown(twice)} in {shown(values)}.")
    rows = math.prod(len(values) for values in row.grid.values())
    if rows > MOST:
        raise UserError(f"The grid of {shown(owner)} has {rows:,} combinations. Expected at most {MOST:,}.")


def _has_table(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(map(_has_table, value)))


def _same(value: Any) -> Any:
    """Returns what equal values share: 1 is 1.0, and not true, as Python would have it."""
    return [_same(part) for part in value] if isinstance(value, list) else (isinstance(value, bool), value)


def _ids(prefix: str, combinations: list[dict[str, Any]]) -> list[str]:
    texts = ["-".join(f"{names.safe(name, 40)}-{_text(value)}" for name, value in one.items()) for one in combinations]
    if len(set(texts)) < len(texts):  # as "a-b" of one option and "b-a" of the next can bring about
        texts = [f"{text}-{number}" for number, text in enumerate(texts, 1)]
    return [f"{prefix}-{names.short(text, LONGEST)}" for text in texts]


def _text(value: Any) -> str:
    """Returns a value as a part of an id: letters, digits, `-`, `_` and `.`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return names.short("_".join(map(_text, value)) or "none", 40)
    return names.safe(value if isinstance(value, str) else repr(value).replace("+", ""), 40)
