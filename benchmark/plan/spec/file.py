"""A spec as a file: TOML of a reasonable size and depth, and values that some key could take."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.errors import UserError, shown

MOST_BYTES = 2**20  # of a spec
DEEPEST = 32  # tables and lists inside one another


def read(path: Path) -> tuple[dict[str, Any], str]:
    """Returns what a TOML file says, and its text; a byte order mark before it is no part of it.

    Raises:
        UserError: If it cannot be read, or is no TOML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise UserError(f"{path} is no spec: it has more than {MOST_BYTES:,} bytes, which no spec needs.")
        text = data.decode("utf-8-sig")
        return tomllib.loads(text), text
    except RecursionError:
        raise UserError(too_deep(str(path))) from None
    except ValueError as error:  # no UTF-8, no TOML, or a number or a date that Python cannot hold
        raise UserError(f"{path} is not valid TOML: {shown(str(error).rstrip('.'))}.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error


def check(values: Mapping[str, Any]) -> None:
    """Checks a spec's values for what no key takes.

    Raises:
        UserError: For a NUL in a text, a date, and what is nested without end.
    """
    level: list[tuple[str, Any]] = [("", values)]
    for _ in range(DEEPEST):
        inner: list[tuple[str, Any]] = []
        for where, value in level:
            if isinstance(value, Mapping):
                inner += [(f"{where}.{key}" if where else str(key), part) for key, part in value.items()]
            elif isinstance(value, list):
                inner += [(where, part) for part in value]
            elif isinstance(value, str) and "\0" in value:
                raise UserError(f"'{shown(where)}' in the spec has a NUL. Received: {shown(repr(value))}.")
            elif isinstance(value, datetime.date | datetime.time):
                raise UserError(f"'{shown(where)}' in the spec may not be a date or a time. Received: {value}.")
        if not inner:
            return
        level = inner
    raise UserError(too_deep("The spec"))


def too_deep(what: str) -> str:
    """Returns the message for values that are nested without end."""
    return f"{what} is nested too deep: tables and lists may stand {DEEPEST} levels inside one another."
