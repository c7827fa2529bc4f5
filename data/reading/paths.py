"""Paths as people give them, checked before anything is looked for there."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from data.errors import UserError, shown
from data.names import SYSTEM

# Linux' PATH_MAX of 4096 counts the NUL at the end.
LONGEST = 4095  # bytes of a whole path
BESIDE = 16  # bytes that the name of a temporary file has more than the one that it stands beside


def place(given: str | Path, what: str = "path", base: Path | None = None) -> Path:
    """Returns a path that a system call takes, with `~` made a home folder.

    Args:
        given: The path as it was given.
        what: What it is for, for the message. Defaults to `"path"`.
        base: The folder that a relative path starts from. Defaults to `None`, the current one.

    Raises:
        UserError: If it is empty or too long, has a NUL, is in a home that is not there, or goes in a circle of links.
    """
    text = os.fspath(given)
    if not text.strip():
        raise UserError(f"The {what} is empty. Expected a path. Received: {text!r}.")
    if "\0" in text:
        raise UserError(f"The {what} has a NUL, which no path may have. Received: {shown(text)}.")
    path = Path(text)
    if text.startswith("~") and _bytes(path.parts[0]) <= SYSTEM and not os.path.lexists(path):
        path = _at_home(path, what)
    path = base / path if base is not None else path
    if max(map(_bytes, path.parts), default=0) > SYSTEM or _bytes(str(path)) > LONGEST:
        raise UserError(
            f"The {what} is too long: a name may have {SYSTEM} bytes, and a path {LONGEST:,}. Received: {shown(text)}."
        )
    try:
        os.stat(path)
    except OSError as error:  # that it is not there, or not for us, is for those to say who look for it
        if error.errno == errno.ELOOP:
            raise UserError(f"The {what} goes in a circle of links. Received: {shown(text)}.") from None
    return path


def new_place(given: str | Path, what: str = "path") -> Path:
    """Returns a path that can be written to, or made: as `place`, and no link to nothing is on the way.

    Raises:
        UserError: As `place`, if it goes by a link to nothing, or leaves no room for a temporary file's name.
    """
    path = place(given, what)
    for part in (path, *path.parents):
        if part.is_symlink() and not part.exists():
            raise UserError(
                f"The {what} {shown(str(path))} goes by {part}, a link to {os.readlink(part)}, which is not."
            )
    if _bytes(path.name) > SYSTEM - BESIDE and not path.exists():
        raise UserError(
            f"The {what} is too long: a new name may have {SYSTEM - BESIDE} bytes. Received: {shown(str(path))}."
        )
    return path


def _at_home(path: Path, what: str) -> Path:
    with contextlib.suppress(RuntimeError):
        home = Path(path.parts[0]).expanduser()
        if path.parts[0] == "~" or home.is_dir():
            return home.joinpath(*path.parts[1:])
    raise UserError(f"The {what} is in the home of a user, and there is none: {shown(path.parts[0])}.")


def _bytes(text: str) -> int:
    return len(os.fsencode(text))
