"""Libraries that the nursery has imported for a stranger's code, and give way to what has their names beside it.

A program finds what lies beside it first. A copy of the nursery that has, say, `yaml` already would take that in place
of a `yaml.py` that a plug-in brings.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from importlib.machinery import PathFinder
from pathlib import Path

names: set[str] = set()  # of top-level modules


def lend(module: str) -> None:
    """Imports a module for all copies of this process; that it cannot be is said where it is needed."""
    before = {name.partition(".")[0] for name in sys.modules}
    with contextlib.suppress(Exception):
        importlib.import_module(module)
    names.update({name.partition(".")[0] for name in sys.modules} - before)


def give_way(folder: Path) -> None:
    """Forgets those that a plug-in's folder has others of, which are then found there.

    Args:
        folder: The folder of the plug-in's file.
    """
    for name in names:
        spec = PathFinder.find_spec(name, [str(folder)])
        if spec is not None and spec.has_location:  # else a folder of something else, which hides no module
            for module in [one for one in sys.modules if one.partition(".")[0] == name]:
                del sys.modules[module]
