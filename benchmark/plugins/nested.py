"""Objects inside options: a table with a `kind` is an object of its own, such as a step of a scikit-learn Pipeline.

    [[detector]]
    kind = "sklearn.pipeline:Pipeline"
    steps = [{ kind = "sklearn.decomposition:PCA", n_components = 20 }, { kind = "sklearn.svm:SVC" }]

A list of such tables becomes a list of pairs (name, object), as scikit-learn's compositions take them; a single table
becomes the object, such as `estimator` of a `BaggingClassifier`. The name is the table's `id`, or its class in lower
case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmark.plugins import resolve as plugins
from benchmark.store import digest
from data.errors import UserError
from data.reading import paths


def is_object(value: Any) -> bool:
    """Says whether an option's value describes an object."""
    return isinstance(value, Mapping) and isinstance(value.get("kind"), str)


def made(options: Mapping[str, Any], random_state: int | None) -> dict[str, Any]:
    """Returns the options with objects in place of the tables that describe them; each gets the `random_state`.

    Raises:
        UserError: If a kind does not exist, an option of it is wrong, or two objects of a list have one name.
    """
    return {name: _made(value, random_state) for name, value in options.items()}


def code(plugin: plugins.Plugin, options: Mapping[str, Any]) -> str:
    """Returns the digest of a plug-in's code with that of the objects in its options."""
    inner = [plugins.resolve("parts", table["kind"]).digest for table in _tables(options)]
    return digest.of_value([plugin.digest, inner]) if inner else plugin.digest


def located(options: Mapping[str, Any], base: Path | None) -> dict[str, Any]:
    """Makes the files of objects absolute, since a worker may have another current folder."""
    return {name: _mapped(value, lambda kind: _absolute(kind, base)) for name, value in options.items()}


def found(options: Mapping[str, Any]) -> dict[str, Any]:
    """Looks for the files of objects in the current folder where they are no longer at their place."""
    return {name: _mapped(value, _found) for name, value in options.items()}


def kinds(options: Mapping[str, Any]) -> list[str]:
    """Returns the kinds of all objects inside options, however deep."""
    return [table["kind"] for table in _tables(options)]


def named(options: Mapping[str, Any]) -> dict[str, Any]:
    """Drops the folders of the files of objects, whose content is in the key by `code`."""
    return {name: _mapped(value, lambda kind: kind.rpartition("/")[2]) for name, value in options.items()}


def _made(value: Any, random_state: int | None) -> Any:
    if isinstance(value, list) and value and all(is_object(item) for item in value):
        names = [str(item.get("id") or item["kind"].rpartition(":")[2].lower()) for item in value]
        if len(set(names)) < len(names):
            raise UserError(f"The objects of one list need distinct names: give each its own id. Received: {names}.")
        return [(name, _made(item, random_state)) for name, item in zip(names, value, strict=True)]
    if isinstance(value, list):
        odd = [item for item in value if not is_object(item)] if any(map(is_object, value)) else []
        if odd:
            raise UserError(
                "A list of objects takes tables with a kind alone, each named by its id or class, such as "
                f'{{ kind = "sklearn.svm:SVC", id = "svc" }}. Received in it: {odd[0]!r}.'
            )
        return [_made(item, random_state) for item in value]
    if not is_object(value):
        return value
    plugin = plugins.resolve("parts", value["kind"])
    options = {name: item for name, item in value.items() if name not in ("kind", "id")}
    return plugins.make(plugin, options, random_state)


def _tables(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yields the tables of all objects inside a value, outer ones first."""
    if is_object(value):
        yield value
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _tables(item)


def _mapped(value: Any, change: Any) -> Any:
    """Returns a value with the `kind` of all objects inside it changed."""
    if isinstance(value, Mapping):
        inner = {name: _mapped(item, change) for name, item in value.items()}
        return inner | {"kind": change(value["kind"])} if is_object(value) else inner
    return [_mapped(item, change) for item in value] if isinstance(value, list) else value


def _found(kind: str) -> str:
    place, _, name = kind.rpartition(":")
    here = Path(place).name
    moved = place.endswith(".py") and not Path(place).is_file() and Path(here).is_file()
    return f"{Path(here).resolve().as_posix()}:{name}" if moved else kind


def _absolute(kind: str, base: Path | None) -> str:
    place, _, name = kind.rpartition(":")
    if not place.endswith(".py"):
        return kind
    return f"{paths.place(place, 'file of a part', base).resolve().as_posix()}:{name}"
