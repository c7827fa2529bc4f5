"""What pydantic finds wrong with a spec, in a user's words."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from benchmark.plan.spec.models import ProtocolSpec, QualitySpec, Spec
from data.errors import UserError, shown, unknown


def told(error: ValidationError) -> list[Any]:
    """Returns what is wrong, in the order of the file; a misspelt key explains that one is missing beside it."""
    # of a value that may be of several types each of them complains, by its name behind the key
    first = {loc: one for one in reversed(error.errors()) for loc in [_key(one["loc"])]}
    every: list[Any] = [one | {"loc": loc} for loc, one in reversed(first.items())]
    odd = {one["loc"][:-1] for one in every if one["type"] == "extra_forbidden"}
    return [one for one in every if one["type"] != "missing" or one["loc"][:-1] not in odd]


def _key(path: tuple[int | str, ...]) -> tuple[int | str, ...]:
    return path[:-1] if path[-1:] in (("float",), ("int",)) else path


def explained(first: Any, place: str) -> UserError:
    """Returns the message for one thing that is wrong, with its place before it."""
    return UserError(f"{place}{words(first)}")


def words(first: Any, of: type[BaseModel] | None = None) -> UserError:
    where = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        tables: dict[str, type[BaseModel]] = {"protocol": ProtocolSpec, "quality": QualitySpec}
        model = of or tables.get(where[0], Spec)
        table = f"of [{'.'.join(where[:-1])}]" if len(where) > 1 else "of the spec"
        return unknown("key", where[-1], model.model_fields, table)
    name = ".".join(where)
    if first["type"] == "missing":
        return UserError(f"The spec lacks '{shown(name)}'.")
    said = first["msg"].removeprefix("Value error, ")  # pydantic's word for what our own checks say
    message = said[0].lower() + said[1:]
    received = first["input"]
    received = shown(repr(received) if isinstance(received, str) else received)
    return UserError(f"'{shown(name)}' in the spec is not usable: {message}. Received: {received}.")
