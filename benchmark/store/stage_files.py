"""What `key.json` records of a finished stage, and whether its files are what was recorded.

Sizes and kinds of files are looked at whenever a stage is asked for. Their bytes are read once in a process (about a
gigabyte per second), when a stage first uses them or they are first gathered, and again when a file is no longer the
one that was read. Who can write `key.json` can write other digests too: this finds damage, not forgery.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import stat
from pathlib import Path
from typing import Any

from benchmark.store import digest

RECORD = "key.json"
LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # what a system leaves where a folder was looked at
_read: dict[tuple[int, ...], str] = {}  # of this process: which file, as it was -> its digest


def look(folder: Path, function: str, key: str, *, read: bool) -> tuple[dict[str, Any] | None, str | None]:
    """Returns the record of a stage that is whole, and what is wrong with one that is not.

    Args:
        folder: Of the stage.
        function: Its name.
        key: Its key.
        read: Whether files are read that this process has not read yet; others are known by their digests then.

    Returns:
        The record and `None`; `None` and the reason; or `None` twice, if there is no such folder.
    """
    try:
        if folder.is_symlink():
            return None, "its folder is a link"
        if not folder.exists():
            return None, None
        found = _found(folder)
        record = _record(folder, function, key, found)
        if isinstance(record, str):
            return None, record
        for name, (size, recorded) in record["files"].items():
            if found[name].st_size != size:
                return None, f"{name} has {found[name].st_size:,} bytes, not {size:,}"
            if _digest(folder / name, found[name], read) not in (recorded, None):
                return None, f"{name} has other bytes than were written"
    except OSError as error:
        return None, f"{Path(error.filename or folder).name} cannot be read ({error.strerror})"
    return record, None


def written(folder: Path) -> dict[str, tuple[int, str]]:
    """Returns what is recorded of the files that a stage has just written: name -> size and digest.

    A link to a file, which a plug-in's own `save` may leave, becomes the file: what lies elsewhere may change.

    Raises:
        ValueError: If something is neither a file nor a folder.
    """
    for path in list(folder.rglob("*")):
        if path.is_symlink() and path.is_file():
            content = path.resolve()
            path.unlink()
            shutil.copyfile(content, path)
    files = {}
    for name, about in sorted(_found(folder).items()):
        if not stat.S_ISREG(about.st_mode):
            raise ValueError(f"A stage may leave files and folders. Received: {name}, which is something else.")
        files[name] = (about.st_size, _digest(folder / name, about, read=True) or "")
    return files


def _found(folder: Path, below: str = "") -> dict[str, os.stat_result]:
    """Returns what lies in a folder and is no folder, by name; links are not followed."""
    found: dict[str, os.stat_result] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            name = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                found |= _found(Path(entry.path), f"{name}/")
            elif entry.name not in LITTER and not entry.name.startswith(".nfs"):  # NFS: removed, but open somewhere
                found[name] = os.lstat(entry.path)
    return found


def _record(folder: Path, function: str, key: str, found: dict[str, os.stat_result]) -> dict[str, Any] | str:
    """Returns what `key.json` says if it is of this stage and names the files that are there, else what is wrong."""
    others = [name for name, about in sorted(found.items()) if not stat.S_ISREG(about.st_mode)]
    if others:
        return f"{others[0]} is no plain file"
    if RECORD not in found:
        return f"{RECORD} is missing"
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return f"{RECORD} is not JSON"
    if not isinstance(record, dict) or not _is_sound(record):
        return f"{RECORD} is not what a stage writes"
    if (record.get("stage"), record.get("key")) != (function, key):
        return f"{RECORD} is of another stage"
    if lacking := sorted(record["files"].keys() - found.keys()):
        return f"{lacking[0]} is missing"
    if more := sorted(found.keys() - record["files"].keys() - {RECORD}):
        return f"{more[0]} was added"
    return record


def _is_sound(record: dict[str, Any]) -> bool:
    seconds, inputs, files = record.get("seconds"), record.get("inputs", {}), record.get("files")
    return (
        isinstance(seconds, int | float) and math.isfinite(seconds) and isinstance(record.get("params", {}), dict)
        and isinstance(inputs, dict) and all(isinstance(value, str) for value in inputs.values())
        and isinstance(record.get("devices", []), list) and isinstance(files, dict)
        and all(_is_size_and_digest(value) for value in files.values())
    )  # fmt: skip


def _is_size_and_digest(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and type(value[0]) is int and isinstance(value[1], str)


def _digest(path: Path, about: os.stat_result, read: bool) -> str | None:
    """Returns the digest of a file as this process has read it, or `None` if it has not and shall not."""
    known = _identity(about)
    if known not in _read and read:
        received = digest.of_file(path)
        if _identity(os.lstat(path)) != known:
            return received  # it changes while it is read: this says nothing of what it will be
        _read[known] = received
    return _read.get(known)


def _identity(about: os.stat_result) -> tuple[int, ...]:
    # the time of change too: that of writing can be set back
    return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
