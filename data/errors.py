"""Errors that are the user's to mend, and the suggestion that goes with them."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

LONGEST = 160  # letters of what was received, in a message
TURNS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # the direction of writing


class UserError(Exception):
    """Something that the user gave cannot be used.

    The message is one line: what was wrong, what is allowed, what was received. The command line prints it without
    a traceback and exits with 2. Names of files in it may hold anything, so it is made `printable`.

    Attributes:
        option: The option of a plug-in that it is about, if it is about one.
    """

    option = ""

    def __init__(self, *words: object) -> None:
        super().__init__(*(printable(word) if isinstance(word, str) else word for word in words))

    def _render_traceback_(self) -> list[str]:
        """Returns what a notebook shows in place of a traceback through code that is not the user's."""
        return [f"{type(self).__name__}: {self}"]


class Mistakes(UserError):
    """Several mistakes at once, so that they can be mended together.

    Attributes:
        each: What is wrong, one by one.
    """

    def __init__(self, each: Iterable[UserError]) -> None:
        self.each = list(each)
        super().__init__(" ".join(map(str, self.each)))


def apiece(error: UserError) -> list[UserError]:
    """Returns what an error tells of, one by one."""
    return error.each if isinstance(error, Mistakes) else [error]


def together(errors: Iterable[UserError]) -> UserError:
    """Returns one error for several, each of which is told once."""
    found = {str(one): one for error in errors for one in apiece(error)}
    return next(iter(found.values())) if len(found) == 1 else Mistakes(found.values())


def printable(text: str, keep: str = "") -> str:
    r"""Returns a text that every stream, table and file takes, in one line, and that steers no terminal.

    Bytes of a file's name that are no UTF-8 become `\xe9`; line ends, other control characters and marks that turn the
    direction of writing what Python writes for them. Any other letter stays: a name is still a name.

    Args:
        text: The text.
        keep: Letters that stay all the same. Defaults to none.
    """
    if text.isprintable():
        return text
    return "".join(_sign(letter) if _steers(letter) and letter not in keep else letter for letter in text)


def visible(text: str) -> str:
    """Returns a text for the eye alone: as `printable`, and nothing that cannot be seen, such as a space without width,
    is left to make two names look alike."""
    return "".join(letter if letter.isprintable() else _sign(letter) for letter in text)


def _steers(letter: str) -> bool:
    return letter in TURNS or unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")


def _sign(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":  # how Python holds a byte that is no UTF-8
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def unknown(what: str, received: str, known: Iterable[str], where: str = "") -> UserError:
    """Returns the error for a name that is not one of `known`, with the nearest one as a suggestion.

    Args:
        what: What the name was meant to be, such as `"detector"`.
        received: The name as given.
        known: The names that exist.
        where: What the name was looked for in, such as `"of detector 'cnn'"`. Defaults to nothing.
    """
    known = sorted(str(name) for name in known)
    received = str(received)
    near = difflib.get_close_matches(received, known, n=1, cutoff=0.5) if len(received) <= LONGEST else []
    hint = f" Did you mean '{near[0]}'?" if near else ""
    place = f" {where}" if where else ""
    return UserError(f"Unknown {what} {shown(received, quote=True)}{place}.{hint} Known: {', '.join(known) or 'none'}.")


def shown(value: object, *, quote: bool = False) -> str:
    """Returns what was received as a message says it: in one line, all to be seen, and not too long.

    Args:
        value: A text, or another value, of which Python's own notation is taken.
        quote: Whether a text stands in quotes. Defaults to `False`.
    """
    try:
        text = value if isinstance(value, str) else repr(value)
    except ValueError:  # a number of more digits than Python writes
        text = f"a number of {value.bit_length()} bits" if isinstance(value, int) else f"a {type(value).__name__}"
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 4 :]}"
    cut = visible(cut)
    return f"'{cut}'" if quote else cut
