"""Weights and options of networks as files, and weights into networks. No Keras."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UserError

NOT_FITTED = "This generator has no weights yet. Expected fit(...) or load(...) first."
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)  # what a bad file may raise


def write_weights(path: Path, networks: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Writes the weights of networks by name, each in order; the same bytes for the same weights."""
    named: dict[str, Any] = {
        f"{name}{at:04d}": value for name, values in networks.items() for at, value in enumerate(values)
    }
    # NumPy dates the members of an archive 1980-01-01, so that the bytes do not change with the time.
    np.savez(path, **named)


def read_weights(path: Path) -> dict[str, list[np.ndarray]]:
    """Returns what `write_weights` wrote, by the networks' names."""
    with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
        names = dict.fromkeys(key[:-4] for key in file.files)  # in the order in which they were written
        return {name: [file[key] for key in sorted(file.files) if key[:-4] == name] for name in names}


def write_options(folder: Path, options: dict[str, Any]) -> None:
    """Writes `options.json`."""
    text = json.dumps(options, indent=1, sort_keys=True)
    (folder / "options.json").write_text(text + "\n", encoding="utf-8")


def read_options(folder: Path) -> dict[str, Any]:
    """Returns what `write_options` wrote."""
    return dict(json.loads((folder / "options.json").read_text(encoding="utf-8")))


def give(network: Any, values: Sequence[np.ndarray], name: str, folder: Path, sha: Any) -> None:
    """Gives a Keras network the weights that a warm start begins with, and adds them to a hash.

    Raises:
        UserError: If its layers differ.
    """
    saved, own = ([tuple(v.shape) for v in some] for some in (values, network.variables))
    if saved != own:
        differing = next((pair for pair in zip(saved, own, strict=False) if pair[0] != pair[1]), (len(saved), len(own)))
        raise UserError(
            f"warm_start: the {name} in {folder} has other layers. Expected {differing[1]}. Received: {differing[0]}."
        )
    for variable, value in zip(network.variables, values, strict=True):
        variable.assign(value)
        sha.update(np.ascontiguousarray(value).data)
