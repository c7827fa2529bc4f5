"""Where in a TOML file a key stands, which `tomllib` does not say: a guess for messages, which may fail but not lie."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

Path = tuple[str | int, ...]  # keys, and positions in lists
HEAD = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")


class Lines:
    """The lines of a spec's tables and keys.

    Args:
        name: What messages call the file.
        text: Its text, which is valid TOML.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._lines: dict[Path, int] = {}
        self._read(text)

    def place(self, path: Sequence[str | int]) -> str:
        """Returns `"spec.toml:12: "` for what stands there, or for the table that it would stand in; or nothing."""
        for end in range(len(path), 0, -1):
            if (line := self._lines.get(tuple(path[:end]))) is not None:
                return f"{self.name}:{line}: "
        return ""

    def _read(self, text: str) -> None:
        lines = text.splitlines()
        table: Path = ()
        counts: dict[Path, int] = {}
        at = 0
        while at < len(lines):
            head, key = HEAD.match(lines[at]), KEY.match(lines[at])
            if head:
                table = _inside(_parts(head[2]), counts)
                if head[1] == "[[":
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, counts[table])
                self._lines.setdefault(table, at + 1)
            elif key:
                self._lines.setdefault((*table, *_parts(key[1])), at + 1)
                at = _last(lines, at)
            at += 1


def _inside(parts: Path, counts: Mapping[Path, int]) -> Path:
    """Returns a table's path, with the position of the last row of each list of tables on the way."""
    path: Path = ()
    for part in parts[:-1]:
        path = (*path, part)
        if path in counts:
            path = (*path, counts[path])
    return (*path, parts[-1])


def _parts(dotted: str) -> Path:
    """Returns the keys of a dotted key, as TOML reads them."""
    value: Any = tomllib.loads(f"{dotted} = 0")
    parts: list[str | int] = []
    while isinstance(value, dict):
        name = next(iter(value))
        parts.append(name)
        value = value[name]
    return tuple(parts)


def _last(lines: Sequence[str], at: int) -> int:
    """Returns the last line of the value that begins in a line: the first up to which all of it is TOML."""
    for end in range(at, len(lines)):
        try:
            tomllib.loads("\n".join(lines[at : end + 1]))
        except tomllib.TOMLDecodeError:
            continue
        return end
    return at
