"""What went wrong, in words, however odd the exception: a stranger's message may raise, be endless or hold anything."""

from __future__ import annotations

import traceback

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


def _plain(text: str) -> str:
    """Returns text on one line, of at most `LONGEST` characters, all of which can be printed."""
    line = " ".join(text[: 2 * LONGEST].split())
    line = printable(line)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."
