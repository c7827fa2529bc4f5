"""Errors that are the user's to mend, and the suggestion that goes with them."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable


class UserError(Exception):
    """Something that the user gave cannot be used.

    The message is one line: what was wrong, what is allowed, what was received. The command line prints it without
    a traceback and exits with 2. Names of files in it may hold anything, so it is made `printable`.
    """

    def __init__(self, *words: object) -> None:
        super().__init__(*(printable(word) if isinstance(word, str) else word for word in words))


def printable(text: str) -> str:
    r"""Returns a text as one line that every stream, table and file takes.

    Bytes of a file's name that are no UTF-8 become `\xe9`, line ends and other control characters what Python writes
    for them. Any other text is returned as it is.
    """
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":  # how Python holds a byte that is no UTF-8
        return f"\\x{ord(letter) - 0xDC00:02x}"
    if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp"):
        return letter.encode("unicode_escape").decode("ascii")
    return letter


def unknown(what: str, received: str, known: Iterable[str], where: str = "") -> UserError:
    """Returns the error for a name that is not one of `known`, with the nearest one as a suggestion.

    Args:
        what: What the name was meant to be, such as `"detector"`.
        received: The name as given.
        known: The names that exist.
        where: What the name was looked for in, such as `"of detector 'cnn'"`. Defaults to nothing.
    """
    known = sorted(str(name) for name in known)
    near = difflib.get_close_matches(str(received), known, n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    place = f" {where}" if where else ""
    return UserError(f"Unknown {what} '{received}'{place}.{hint} Known: {', '.join(known) or 'none'}.")
