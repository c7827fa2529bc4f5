"""Which images of a folder come from one source: the same options, and the same errors, for reals and for fakes."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from data.errors import UserError, shown
from data.reading import paths
from data.reading.regular import read_file

Groups = Literal["file", "folder"]
NAME, GROUP = "file_name", "group"  # columns of the table; as in the `metadata.csv` of `fauxbench export`


@dataclass(frozen=True)
class Grouping:
    """Says which files are of one source, such as the frames of a video.

    Attributes:
        groups: `"file"`: each file is a source, and all frames of an animated one. `"folder"`: the files of one
            sub-folder are.
        pattern: A regular expression that is searched in each name (relative to the folder, with `/`); files for which
            its first bracket, or without one the whole match, is equal are of one source. `None`: names say nothing.
        table: A CSV file with the columns `file_name` (relative to the folder) and `group`; files of equal, not empty
            groups are of one source. `None`: there is none.

    Raises:
        UserError: If more than one of the three is given, or the pattern is no regular expression.
    """

    groups: Groups = "file"
    pattern: str | None = None
    table: str | None = None

    def __post_init__(self) -> None:
        given = {"groups": self.groups != "file", "groups_pattern": self.pattern, "groups_csv": self.table}
        named = [name for name, value in given.items() if value]
        if len(named) > 1:
            raise UserError(f"Only one of groups, groups_pattern and groups_csv may be given. Received: {named}.")
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            received = shown(self.pattern or "")
            raise UserError(f"groups_pattern must be a regular expression. Received: {received} ({error}).") from None

    def of(self, names: list[str], counts: list[int], root: Path) -> np.ndarray | None:
        """Numbers the sources of images.

        Args:
            names: The files, relative to the folder.
            counts: How many images each gives.
            root: The folder, for messages.

        Returns:
            int64, one for each image, -1 for one of no group; `None` where each is a source of its own.

        Raises:
            UserError: If there is no sub-folder, the pattern or the table leaves a file out, or the table cannot be
                read.
        """
        sources: list[str | None]
        if self.table is not None:
            sources = self._by_table(names, root)
        elif self.pattern is not None:
            sources = self._by_pattern(names, root)
        elif self.groups == "folder":
            sources = [name.rpartition("/")[0] for name in names]
            if not any(sources):
                raise UserError(f"groups='folder' needs sub-folders, one for each source. There is none in {root}.")
        elif max(counts, default=1) > 1:
            sources = list(names)
        else:
            return None
        known = np.array([source is not None for source in sources])
        numbers = np.full(len(names), -1, np.int64)
        numbers[known] = np.unique([source for source in sources if source is not None], return_inverse=True)[1]
        return np.repeat(numbers, counts)

    def sealed(self, digest: str) -> str:
        """Returns a digest of files and of the table that says what belongs together."""
        if self.table is None:
            return digest
        return hashlib.sha256(digest.encode() + _read(self.table)).hexdigest()

    def _by_pattern(self, names: list[str], root: Path) -> list[str | None]:
        pattern = re.compile(self.pattern or "")
        found = [pattern.search(name) for name in names]
        sources = [None if at is None else at.group(1 if pattern.groups else 0) for at in found]
        _complete(names, sources, f"groups_pattern {shown(self.pattern or '')} must match every name in {root}")
        return sources

    def _by_table(self, names: list[str], root: Path) -> list[str | None]:
        table = str(self.table)
        try:
            rows = csv.DictReader(io.StringIO(_read(table).decode("utf-8-sig"), newline=""), strict=True)
            lacking = [name for name in (NAME, GROUP) if name not in (rows.fieldnames or ())]
            groups: dict[str, str] = {}
            for row in [] if lacking else rows:
                name, group = row[NAME] or "", row[GROUP] or ""
                if groups.setdefault(name, group) != group:
                    raise UserError(f"groups_csv {table} gives {shown(name)} two groups.")
        except (ValueError, csv.Error) as error:
            raise UserError(f"groups_csv must be a CSV file in UTF-8. Received: {table} ({error}).") from None
        if lacking:
            raise UserError(f"groups_csv needs columns {NAME} and {GROUP}. Received: {table} without {lacking[0]}.")
        sources = [groups.get(name) for name in names]
        _complete(names, sources, f"groups_csv {table} must name every file in {root}")
        return [source or None for source in sources]


def _read(table: str) -> bytes:
    return read_file(paths.place(table, "option 'groups_csv'"))


def _complete(names: list[str], sources: list[str | None], must: str) -> None:
    without = [name for name, source in zip(names, sources, strict=True) if source is None]
    if without:
        raise UserError(f"{must}. Received: {len(without)} of {len(names)} without, such as {shown(without[0])}.")
