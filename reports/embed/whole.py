"""A page as a file that is whole at any moment: a kill leaves the old one or the new one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from pathlib import Path


def write(path: Path, text: str) -> Path:
    """Writes a page, and removes what killed processes have left of writing it.

    Args:
        path: Where; until it is whole it is called `.NAME-*` beside it.
        text: The page.

    Returns:
        The path.
    """
    prefix = f".{path.stem}-"
    _sweep(path.parent, prefix)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".html")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return path


def _sweep(folder: Path, prefix: str) -> None:
    """Removes halves that nobody holds; `mkstemp` gives each eight letters of its own."""
    for part in folder.glob(f"{prefix}{'?' * 8}.html"):
        with contextlib.suppress(OSError), open(part, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()
