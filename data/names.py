"""Names that others chose, made fit for terminals, tables that a spreadsheet opens, and file systems."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"  # what a spreadsheet takes for the start of a formula, in full width too
SYSTEM = 255  # bytes of a file's name, on every file system in common use


def is_plain(name: str) -> bool:
    """Says whether a name is seen as it is: not blank, nor at its ends, without control characters, marks that turn the
    direction of writing or bytes that are no text, and not the start of a formula."""
    return name.isprintable() and name == name.strip() != "" and name[0] not in FORMULA


def plain(name: str) -> str:
    """Returns a name with `_` for each letter that cannot be seen, and before what would begin a formula."""
    if is_plain(name):
        return name
    seen = "".join(letter if letter.isprintable() else "_" for letter in name).strip()
    return f"_{seen}" if not seen or seen[0] in FORMULA else seen


def as_text(path: str) -> str:
    """Returns the path of a file such that a spreadsheet takes it as text, and that it still leads to the file."""
    return f"./{path}" if path[:1] and path[0] in FORMULA else path


def distinct(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Returns plain names, no two alike and none of `taken`: a number follows what came before already."""
    names = list(names)
    used = {*taken, *(name for name in names if is_plain(name))}
    found: list[str] = []
    for name in names:
        chosen, number = plain(name), 2
        while chosen != name and chosen in used:
            chosen, number = f"{plain(name)}-{number}", number + 1
        used.add(chosen)
        found.append(chosen)
    return found


def short(name: str, most: int = 80) -> str:
    """Returns a name of at most `most` bytes in UTF-8; of a longer one the beginning and a digest of the whole."""
    data = name.encode("utf-8", "surrogateescape")
    if len(data) <= most:
        return name
    end = f"-{_digest(name)}"
    return data[: most - len(end)].decode("utf-8", "ignore") + end


def safe(name: str, most: int = 80) -> str:
    """Returns a name as part of a file's name: letters, digits, `-`, `_` and `.`, and no two names alike.

    One that has other letters, or more than `most` bytes, ends in a digest of what it was.
    """
    kept = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
    return short(kept if kept == name else f"{short(kept, most - 9)}-{_digest(name)}", most)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
