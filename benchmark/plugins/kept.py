"""Trained plug-ins that have no `save` and `load` of their own: scikit-learn's in a format that runs no code when read.

Estimators go through skops, whose files name the types that they are made of; only the classes that
`benchmark.plugins.estimator_types` lists are made again. What holds anything else, such as a class from a plug-in's
file, is pickled: reading that runs code, so it is read for such plug-ins only, and of files that are this user's alone.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark.plugins import estimator_types, intact
from benchmark.store import private
from data.errors import UserError

SKOPS = "plugin.skops"
PICKLE = "plugin.cloudpickle"
SCHEMA = "schema.json"
OLDEST = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can hold
MOST = 8 * 2**30  # bytes that a file may unpack to


def save(plugin: Any, folder: Path) -> None:
    """Writes `plugin.skops`, or `plugin.cloudpickle` for what is made of more than scikit-learn's types."""
    content = _skops(plugin)
    if content is not None:
        (folder / SKOPS).write_bytes(content)
        return
    import cloudpickle

    (folder / PICKLE).write_bytes(cloudpickle.dumps(plugin))


def load(folder: Path, empty: Any) -> Any:
    """Returns what `save` wrote.

    Args:
        folder: Where it is.
        empty: An untrained instance of the plug-in, which says whether it is one that must be pickled.

    Raises:
        UserError: If there is nothing, a skops file is damaged or holds types that are not listed, or a pickle is none
            that may be read: that of a plug-in that needs none, or one that another user may have written.
    """
    skops, pickled = folder / SKOPS, folder / PICKLE
    if skops.exists():
        return _from_skops(skops.read_bytes(), skops)
    if not pickled.exists():
        raise UserError(f"{folder} holds no trained plug-in. Expected {SKOPS} or {PICKLE}.")
    if not private.trusting() and not needs_pickle(empty):
        raise UserError(
            f"{pickled} is a pickle, which runs code when it is read, and is not read: {type(empty).__name__} is kept "
            f"without one. {private.ADVICE}."
        )
    content = private.read(pickled, "a pickle, which runs code when it is read")
    import cloudpickle

    return cloudpickle.loads(content)


def needs_pickle(empty: Any) -> bool:
    """Says whether an untrained plug-in is of a kind that skops does not hold once it is trained."""
    return _skops(empty) is None or any(_is_pickled(part) for part in _parts(empty))


def _parts(estimator: Any) -> Iterator[Any]:
    yield estimator
    for value in estimator.get_params(deep=True).values():
        if hasattr(value, "get_params") and not isinstance(value, type):
            yield value


def _is_pickled(part: Any) -> bool:
    """Says whether a part holds, once it is trained, what skops is not to read."""
    name = type(part).__name__
    usual = estimator_types.OPTIONS.get(name, {})
    return name in estimator_types.PICKLED or any(
        str(getattr(part, option)) != str(value) for option, value in usual.items()
    )


def _skops(plugin: Any) -> bytes | None:
    """Returns an estimator in skops' format, or `None` if that cannot hold it or would not be read back."""
    if not hasattr(plugin, "get_params"):
        return None
    from skops import io as skops

    try:
        content = _repeatable(skops.dumps(plugin))
        schema = _without_numbers(_schema(content))
        intact.check(schema, content)
        return content if not estimator_types.strange(schema) else None
    except Exception:  # skops has no one error for what it cannot hold; a pickle can
        return None


def _from_skops(content: bytes, path: Path) -> Any:
    from skops import io as skops

    try:
        schema = _schema(content)
        strange = estimator_types.strange(schema)
        if not strange:
            schema = _without_numbers(schema)
            intact.check(schema, content)
            return skops.loads(_with_schema(content, schema), trusted=estimator_types.trusted(schema))
    except Exception as error:
        raise UserError(f"{path} holds no readable estimator ({' '.join(str(error).split())}).") from error
    raise UserError(f"{path} holds types that are not scikit-learn's, and is not read: {', '.join(strange)}.")


def _schema(content: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST:
            raise ValueError(f"it unpacks to {size:,} bytes, and {MOST:,} are allowed")
        return json.loads(archive.read(SCHEMA))


def _with_schema(content: bytes, schema: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        new.writestr(SCHEMA, json.dumps(schema))
        for name in sorted(set(old.namelist()) - {SCHEMA}):
            new.writestr(name, old.read(name))
    return out.getvalue()


def _without_numbers(value: Any) -> Any:
    """Returns a schema in which no node stands for another: what was looked at is then what is made.

    skops takes a node whose number it has met before for that one, whatever else the second says.
    """
    if isinstance(value, dict):
        return {key: _without_numbers(child) for key, child in value.items() if key != "__id__"}
    return [_without_numbers(child) for child in value] if isinstance(value, list) else value


def _repeatable(content: bytes) -> bytes:
    """Gives equal estimators equal bytes: skops numbers objects by their place in memory, and dates its files."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return found[1] + numbers.setdefault(found[2], str(len(numbers) + 1)) + found[3]

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        text = json.dumps(json.loads(old.read(SCHEMA)), indent=1)
        text = re.sub(r'("__id__": )(\d+)()', number, text)
        text = re.sub(r'("file": ")(\d+)(\.np[yz]")', number, text)
        names = {f"{was}{end}": f"{now}{end}" for was, now in numbers.items() for end in (".npy", ".npz")}
        entries = {names.get(name, name): old.read(name) for name in old.namelist() if name != SCHEMA}
        for name, data in [(SCHEMA, text.encode()), *sorted(entries.items())]:
            new.writestr(zipfile.ZipInfo(name, OLDEST), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
