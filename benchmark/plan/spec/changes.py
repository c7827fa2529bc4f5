"""`--set`: changes of a spec that is still plain values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.plan.spec import file, grids
from data.errors import UserError, shown, unknown


def copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: copied(part) for key, part in value.items()}
    return [copied(part) for part in value] if isinstance(value, list) else value


def apply(values: dict[str, Any], change: str) -> None:
    """Applies `protocol.threads=2`, `dataset.classes=["cat"]`, `generator.NAME.epochs=3` or `generator.*.epochs=3`.

    A row with a grid is changed before it is expanded: `generator.NAME.grid.depth=[3, 4]` sets one of its lists.
    """
    keys, equals, text = change.partition("=")
    if not equals or not keys.strip():
        raise UserError(f"--set takes key=value, such as generator.baseline.epochs=5. Received: {shown(change)}.")
    if keys.count(".") > file.DEEPEST:
        raise UserError(file.too_deep(f"--set {shown(change)}"))
    for table in ("generator", "detector"):
        if not all(isinstance(row, dict) for row in _listed(values, table)):
            raise UserError(f"'{table}' in the spec must be a list of tables: write [[{table}]].")
    path = _split(keys.strip(), values)
    if not all(key.strip() for key in path):
        raise UserError(f"--set takes key=value, and no part of a key is empty. Received: {shown(change)}.")
    if path[0] in ("generator", "detector") and len(path) > 1:
        rows = _rows(values, path[0], path[1])
        if path[2:-1] == ["grid"]:
            path[2:] = [f"grid.{path[-1]}"]
        if len(path) != 3:
            raise UserError(f"--set takes {path[0]}.ID.OPTION=value. Received: {shown(change)}.")
        for row in rows:
            grids.put(row, path[2], _value(text))
        return
    for key in path[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise UserError(f"--set {shown(change)}: '{shown(key)}' is not a table.")
    values[path[-1]] = _value(text)


def _listed(values: Mapping[str, Any], table: str) -> list[Any]:
    rows = values.get(table, [])
    return rows if isinstance(rows, list) else [None]


def _split(keys: str, values: Mapping[str, Any]) -> list[str]:
    """Splits a dotted key; ids may hold dots themselves, so the known ones are looked for first."""
    table, _, rest = keys.partition(".")
    for row in values.get(table, []) if table in ("generator", "detector") else []:
        name = row.get("id") or row.get("kind", "")
        if rest.startswith(f"{name}."):
            return [table, name, rest[len(name) + 1 :]]
    return keys.split(".")


def _rows(values: Mapping[str, Any], table: str, name: str) -> list[dict[str, Any]]:
    rows = list(values.get(table, []))
    found = rows if name == "*" else [row for row in rows if name in (row.get("id"), row.get("kind"))]
    if not found:
        raise unknown(table, name, [row.get("id") or row.get("kind", "") for row in rows])
    return found


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except RecursionError:
        raise UserError(file.too_deep(f"--set {shown(text)}")) from None
    except ValueError:
        return text.strip()  # a bare word is a string


def at(values: Any, path: Sequence[str | int]) -> Any:
    """Returns what stands at a path, `None` if nothing does."""
    for part in path:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return None
    return values
