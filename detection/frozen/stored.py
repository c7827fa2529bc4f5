"""Networks in the store: arrays in an `.npz`, what they are in a `.json`, and a digest that tells damaged ones.

Nothing that is read is code, and equal networks give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError

BESIDE = ("name", "digest")  # in the `.json`, and not part of the digest
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


def digest(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """Returns the sha256, in hex, of arrays, in their order, and of the JSON values that say what they are."""
    sha = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name, array in arrays.items():
        sha.update(f"{name} {array.dtype} {array.shape}".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def save(folder: Path, kind: str, name: str, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Writes `KIND.npz` and `KIND.json` into a folder, which is made if it is not there."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{kind}.npz").open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)  # type: ignore[arg-type]
    text = json.dumps({**about, "name": name, "digest": digest(about, arrays)}, indent=1)
    (folder / f"{kind}.json").write_text(text + "\n", encoding="utf-8")


def load(folder: Path, kind: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Returns what `save` wrote: what the arrays are, and the arrays.

    Raises:
        UserError: If the folder holds no such network, or a damaged one.
    """
    folder = Path(folder)
    try:
        about = dict(json.loads((folder / f"{kind}.json").read_text(encoding="utf-8")))
        with np.load(folder / f"{kind}.npz", allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        expected = about["digest"]
    except UNREADABLE as error:
        raise refused(folder, kind, error) from error
    about = {key: value for key, value in about.items() if key not in BESIDE}
    if digest(about, arrays) != expected:
        raise UserError(f"The {kind} in {folder} is damaged: its digest is not the one that stands beside it.")
    return about, arrays


def refused(folder: Path, kind: str, error: Exception) -> UserError:
    """Returns the error of a folder that holds no such network."""
    return UserError(f"{folder} holds no saved {kind} ({' '.join(str(error).split())}).")
