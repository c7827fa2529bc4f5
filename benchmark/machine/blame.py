"""What went wrong, in words, however odd the exception: a stranger's message may raise, be endless or hold anything."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from data.errors import printable

LONGEST = 2000  # characters of a message that are kept


def words(error: BaseException) -> str:
    """Returns an exception's type and message on one line: `"ValueError: out of ideas"`."""
    name = _plain(type(error).__name__)
    message = message_of(error)
    return f"{name}: {message}" if message else name


def message_of(error: BaseException) -> str:
    """Returns an exception's message on one line; nothing if it has none, or cannot say it."""
    try:
        return _plain(str(error))
    except BaseException:  # an exception's own `__str__` is a stranger's code too
        return "its message cannot be printed"


def traceback_of(error: BaseException) -> str:
    """Returns the traceback as Python prints it, or the exception in words where that fails."""
    try:
        lines = traceback.format_exception(error)
        return "".join(lines).encode("utf-8", "backslashreplace").decode("utf-8")
    except BaseException:
        places = traceback.format_tb(error.__traceback__)
        return "".join(["Traceback (most recent call last):\n", *places, words(error), "\n"])


def place_of(error: BaseException, kind: str) -> str:
    """Returns the line of a plug-in's own that an exception came from, such as `"mine.py:12"`; nothing if none did.

    Args:
        error: The exception.
        kind: The plug-in, `"path/to/mine.py:Name"` or `"module:Name"`. Files beside its own, or in its package, are
            its own too.
    """
    try:
        file = kind.rpartition(":")[0]
        if not file.endswith(".py"):
            top = sys.modules.get(file.partition(".")[0])
            file = str(getattr(top, "__file__", "") or "")
        own = Path(file).resolve()
        inside = own.parent if own.name == "__init__.py" or kind.rpartition(":")[0].endswith(".py") else own
        frames = traceback.extract_tb(error.__traceback__)
        mine = [one for one in frames if file and _is_of(Path(one.filename), inside)]
        return f"{_plain(Path(mine[-1].filename).name)}:{mine[-1].lineno}" if mine else ""
    except BaseException:  # a stranger's code may have put anything into a traceback
        return ""


def _is_of(file: Path, place: Path) -> bool:
    """Says whether a file is a plug-in's, and not of a library that lies below its folder."""
    return file.is_relative_to(place) and not {"site-packages", "dist-packages"} & set(file.relative_to(place).parts)


def _plain(text: str) -> str:
    """Returns text on one line, of at most `LONGEST` characters, all of which can be printed."""
    line = " ".join(text[: 2 * LONGEST].split())
    line = printable(line)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."
