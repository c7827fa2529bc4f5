"""What there is: presets, data sets, generators and detectors, with their options, origin and state."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark.cli import screen
from benchmark.machine import runtime
from benchmark.plan import specs
from benchmark.plugins import describe
from benchmark.plugins import resolve as plugins
from benchmark.processes import apart
from data.errors import UserError, unknown
from data.reading import paths


def everything(group: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Returns presets and plug-ins as plain values; a broken plug-in is listed with its reason.

    Args:
        group: `"presets"`, `"datasets"`, `"generators"` or `"detectors"`. Defaults to `None`, all of them.

    Raises:
        UserError: For another group.
    """
    groups = ("presets", *plugins.NOUNS)
    if group is not None and group not in groups:
        raise unknown("group", group, groups)
    return {one: _group(one) for one in groups if group in (None, one)}


def _group(group: str) -> list[dict[str, Any]]:
    if group == "presets":
        return [_preset(path) for path in specs.presets().values()]
    ours = {"package": "fauxbench", "version": runtime.version("fauxbench")}
    rows = [_plugin(group, name) | ours for name in plugins.builtins(group)]
    for offer in plugins.offers(group):
        found = _broken(offer.name, offer.trouble) if offer.trouble else _plugin(group, offer.name)
        rows.append(found | {"package": offer.distribution, "version": offer.version})
    return rows


def show(found: dict[str, list[dict[str, Any]]]) -> None:
    """Prints the same for people."""
    for group, rows in found.items():
        screen.say(f"{group}:")
        name = screen.Column(least=max((len(row["name"]) for row in rows), default=0) + 2, whole=True)
        for row in rows:
            screen.table([(f"  {row['name']}", row["summary"])], name, screen.Column())
            for line in _details(row) if group != "presets" else ():
                screen.say(line, indent=6)
        screen.say("")


def _details(row: dict[str, Any]) -> Iterator[str]:
    """Yields what is known of a plug-in beside its summary: origin, what is wrong with it, options."""
    yield _from(row)
    if row.get("broken"):
        yield f"BROKEN: {row['broken']}"
    for option in row.get("options", []):
        default = "required" if option["required"] else f"default {option['default']!r}"
        yield f"{option['name']}: {option['type']}, {default}"


def datasets(data: Path | None) -> list[dict[str, Any]]:
    """Returns every data set and whether its files are found here; nothing is downloaded for that."""
    from data.reading.fetch import data_folders

    folders = data_folders(data)
    ours = [{"name": name, "state": state(name, folders)} for name in plugins.builtins("datasets")]
    return ours + [{"name": name, "state": _state_apart(name, folders)} for name in plugins.installed("datasets")]


def _state_apart(name: str, folders: list[Path]) -> str:
    try:
        return str(apart.call("benchmark.cli.catalogue:state", name, folders, limit=apart.TO_ANSWER))
    except (UserError, apart.Failed) as error:
        return str(error)


def state(name: str, folders: list[Path]) -> str:
    """Says in words whether the files of a data set are found; its code runs in this process."""
    with _offline():
        return _state(name, folders)


def _state(name: str, folders: list[Path]) -> str:
    try:
        plugin = plugins.resolve("datasets", name)
        required = [option.name for option in plugin.options if option.required]
        if required:
            return f"needs {', '.join(required)}"
        source = plugins.make(plugin, {}, None)
        if not hasattr(source, "fingerprint"):
            return "says nothing before it is read"
        source.fingerprint(folders)
    except UserError as error:
        return str(error).replace(" (not now: FAUXBENCH_OFFLINE is set)", "")
    return "found"


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    before = os.environ.get("FAUXBENCH_OFFLINE")
    os.environ["FAUXBENCH_OFFLINE"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["FAUXBENCH_OFFLINE"]
        else:
            os.environ["FAUXBENCH_OFFLINE"] = before


def show_datasets(rows: list[dict[str, Any]]) -> None:
    """Prints the same for people."""
    screen.table([(row["name"], row["state"]) for row in rows], screen.Column(whole=True), screen.Column())


def read_dataset(name: str, data: Path | None, changes: Sequence[str]) -> dict[str, Any]:
    """Reads a data set and deals it into parts.

    Raises:
        UserError: If an option, the files or the name is wrong.
    """
    if plugins.is_foreign("datasets", name) and not apart.inside:
        owner = f"Dataset '{name}'"
        return dict(apart.verb("benchmark.cli.catalogue:read_dataset", owner, name, data, list(changes)))
    from data.ledger import split
    from data.reading.fetch import data_folders

    spec = specs.parse({"dataset": {"name": name}}, [f"dataset.{change}" for change in changes])
    plugin = plugins.resolve("datasets", name)
    options = dict(spec.dataset.model_extra or {})
    if isinstance(options.get("path"), str):
        options["path"] = str(paths.place(options["path"], "option 'path'"))
    source = plugins.make(plugin, options, None, f"dataset '{name}'")
    images = source.load(data_folders(data))
    ledger = split(images)
    height, width, channels = images.shape
    facts = {
        "images": len(images.images), "size": f"{width}x{height}, {channels} channel{'s' * (channels > 1)}",
        "grey levels": len(images.value_grid), "classes": ", ".join(images.classes), "digest": images.digest,
        "dropped": ledger.dropped["reason"].value_counts().to_dict(),
    }  # fmt: skip
    facts |= {part: len(at) for part, at in ledger.parts.items()}
    return facts | {f"note {i + 1}": note for i, note in enumerate(images.notes)}


def _preset(path: Path) -> dict[str, Any]:
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    return {"name": path.stem, "summary": values.get("description", "")}


def _plugin(group: str, name: str) -> dict[str, Any]:
    try:
        plugin = describe.known(group, name)
    except UserError as error:
        return _broken(name, str(error))
    facts = {"paper": plugin.attribute("paper", ""), "min_size": plugin.attribute("min_size")}
    options = [dataclasses.asdict(option) for option in plugin.options]
    return {"name": name, "summary": plugin.summary, "origin": plugin.origin, "options": options, **facts}


def _broken(name: str, reason: str) -> dict[str, Any]:
    return {"name": name, "summary": "", "broken": reason}


def _from(row: dict[str, Any]) -> str:
    """Returns where a plug-in comes from, what it follows, and the smallest images that it takes."""
    parts = [f"{row['package']} {row['version']}", row.get("origin", ""), row.get("paper", "")]
    smallest = f"from {row['min_size']} px" if row.get("min_size") else ""
    return "; ".join(part for part in [*parts, smallest] if part)
