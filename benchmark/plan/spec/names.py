"""Names in a spec: its own, which is that of its run folder, and the ids of its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from data import names
from data.errors import UserError, shown

ALL = "all"  # stands for all generators together
ADDED = {"generator": ("real-copy", "noise"), "detector": ("sentinel-format", "sentinel-content")}  # kinds, and ids
NAME = r"\w[\w. -]{0,99}"
LONGEST_NAME = 200  # bytes
LONGEST_ID = 1000  # letters


def check(name: str) -> None:
    """Checks the name of a spec.

    Raises:
        UserError: For one that no folder should have.
    """
    if not re.fullmatch(NAME, name) or len(name.encode()) > LONGEST_NAME:
        raise UserError(
            f"A spec's name must be letters, digits, '.', '_', '-' or spaces, a letter or digit first, and at most 100 "
            f"of them in {LONGEST_NAME} bytes. Received: name={shown(repr(name))}."
        )


def check_id(what: str, name: str) -> None:
    """Checks the id of a row.

    Raises:
        UserError: For one that tables, file names or a terminal could not show as it is.
    """
    received = f"Received: id={shown(repr(name))}."
    if "/" in name or not names.is_plain(name):
        raise UserError(
            f"A {what}'s id must be printable, without '/' and blanks at its ends, not blank, and may not begin with "
            f"=, +, - or @, which spreadsheets take for a formula. {received}"
        )
    if len(name) > LONGEST_ID:
        raise UserError(f"A {what}'s id may have {LONGEST_ID:,} letters. {received}")


def of_file(stem: str) -> str:
    """Returns the name of a spec, which is that of its run folder, from words that may hold any sign."""
    if re.fullmatch(NAME, stem) and len(stem.encode()) <= LONGEST_NAME:
        return stem
    kept = re.sub(r"[^\w.]+", "-", names.plain(stem)).strip("-._") or "run"
    return names.short(kept, 100)


def of_folders(folders: Sequence[Path]) -> list[str]:
    """Returns the ids of folders of fakes: their last part, or as many parts as it takes to tell them apart.

    What an id may not be, and the name of a row that is added to every run, is changed.

    Raises:
        UserError: If a folder is given twice.
    """
    whole = [folder.resolve() for folder in folders]
    twice = next((folder for folder in whole if whole.count(folder) > 1), None)
    if twice is not None:
        raise UserError(f"The same folder of fakes is given twice: {shown(str(twice))}.")
    for depth in range(1, max(len(folder.parts) for folder in whole) + 1):
        ids = ["-".join(folder.parts[-depth:]).replace("/", "") for folder in whole]
        if len(set(ids)) == len(ids):
            break
    reserved = (ALL, *ADDED["generator"])
    ids = [f"{name}-folder" if name in reserved else name or "folder" for name in ids]
    return names.distinct([names.short(name, LONGEST_ID) for name in ids], reserved)
