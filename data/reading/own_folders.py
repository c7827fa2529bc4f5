"""Which folders fauxbench made for itself: their pictures are no images of anybody's set."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path

from data.errors import UserError
from data.reading.regular import read_regular

RUN, STORE, MAPS = "run", "store", "maps"
MANIFEST = {"format", "spec", "stages"}  # what a run's manifest has; that of generated images has no stages
TABLES = {"cells.csv", "metrics.csv", "audit.csv"}
KEY = re.compile(r"[0-9a-f]{64}")
HEAT_MAPS = b"picture,map,path,score\n"
MAX_MANIFEST = 2**27  # bytes


def own_folder(folder: Path, names: Collection[str]) -> str:
    """Returns what a folder is to fauxbench: `"run"`, `"store"` (a part of one), `"maps"` of heat, or `""`, nothing.

    What `generate` and `export` write is nobody's own: somebody may want it as images.

    Args:
        folder: The folder.
        names: What it holds.
    """
    if set(names) >= TABLES or ("manifest.json" in names and _is_run(folder / "manifest.json")):
        return RUN
    keys = [name for name in names if KEY.fullmatch(name)]
    if keys and (folder.name in ("work", "locks") or any((folder / key / "key.json").is_file() for key in keys)):
        return STORE
    if KEY.fullmatch(folder.name) and "key.json" in names:
        return STORE
    if "index.csv" in names and _content(folder / "index.csv")[: len(HEAT_MAPS)] == HEAT_MAPS:
        return MAPS
    return ""


def _is_run(path: Path) -> bool:
    try:
        about = json.loads(_content(path))
    except (ValueError, RecursionError):
        return False
    return isinstance(about, dict) and set(about) >= MANIFEST


def _content(path: Path) -> bytes:
    try:
        return read_regular(path, limit=MAX_MANIFEST)
    except (OSError, UserError):
        return b""
