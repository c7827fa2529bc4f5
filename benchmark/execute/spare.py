"""A process of built-in stages kept from one run to the next of one Python process, which saves importing TensorFlow.

Only those who ask for it keep one, with `keep(True)`, since it holds a gigabyte while nothing is done: whoever starts
many small runs, as the tests do.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from benchmark.processes.nursery import Host

IGNORED = "PYTEST_CURRENT_TEST"  # set anew for each test; no stage reads it
_kept: list[tuple[Host, float | None]] = []  # at most one, with the least memory that it has held after a training
_wanted = [False]


def keep(wanted: bool) -> None:
    """Says whether a process is kept when a run ends. Defaults to not."""
    _wanted[0] = wanted
    if not wanted:
        _forget()


def give(host: Host, least: float | None) -> None:
    """Takes a process that a run no longer needs: keeps it, or ends it."""
    if not _wanted[0] or not host.alive:
        host.end()
        return
    _forget()
    _kept.append((host, least))


def take() -> tuple[Host, float | None] | None:
    """Returns the process that was kept, if it lives and began as one would that began now; else `None`."""
    if not _kept:
        return None
    host, least = _kept.pop()
    if host.alive and _plain(host.setup) == _plain(
        {"environ": dict(os.environ), "folder": os.getcwd(), "path": list(sys.path)}
    ):
        return host, least
    host.end()
    return None


def _forget() -> None:
    while _kept:
        _kept.pop()[0].end()


def _plain(setup: dict[str, Any]) -> dict[str, Any]:
    return setup | {"environ": {name: value for name, value in setup["environ"].items() if name != IGNORED}}
