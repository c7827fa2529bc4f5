"""What a run folder says that another may have written: names for a terminal, keys of a store, and plug-ins.

A manifest is read by `detect`, `generate`, `networks` and `export`, and a received one is data: it must not choose
which code is run or which files are opened.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.store import private
from data.errors import UserError, printable

KEY = re.compile(r"[0-9a-f]{64}")
KEPT = "\n\t" + "".join(map(chr, range(0xDC80, 0xDD00)))  # bytes that are no UTF-8: the path must still lead there


def values(value: Any) -> Any:
    """Returns JSON values in which no text steers a terminal, keys included; lines and paths stay what they are."""
    if isinstance(value, str):
        return printable(value, keep=KEPT)
    if isinstance(value, dict):
        return {values(key): values(item) for key, item in value.items()}
    return [values(item) for item in value] if isinstance(value, list) else value


def check_key(key: Any, source: Path) -> None:
    """Checks that what names a stage's folder in the store is a key, and leads nowhere else.

    Raises:
        UserError: If not.
    """
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise UserError(f"{source} is damaged: a key is 64 hexadecimal digits. Received: {str(key)[:80]!r}.")


def check_kind(kind: str, places: Sequence[Path], owner: str) -> None:
    """Checks where a kind leads before anything of it is imported; which class it may be is looked at afterwards.

    Args:
        kind: A name, `file.py:Name` or `module:Name`.
        places: Folders that may be another's work as a whole: the run folder and its store.
        owner: What needs it, such as `"Detector 'mine'"`.

    Raises:
        UserError: If it leads into one of them, or to a file that another user may have written, and the store is not
            trusted.
    """
    place = kind.rpartition(":")[0]
    if place.endswith(".py"):
        private.check_plugin(Path(place), places, owner)
    elif place and not private.trusting() and any(_is_in(file, places) for file in _files(place.split(".")[0])):
        raise UserError(f"{owner} needs '{kind}', which lies inside the run folder or its store. {private.ADVICE}.")


def _files(package: str) -> list[str]:
    """Returns where a package would be imported from; nothing is imported to know that."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return []
    return [] if spec is None else [spec.origin or "", *(spec.submodule_search_locations or ())]


def _is_in(file: str, places: Sequence[Path]) -> bool:
    real = Path(os.path.realpath(file))
    return any(real.is_relative_to(os.path.realpath(place)) for place in places)
