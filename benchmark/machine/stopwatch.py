"""How long a stage was worked on, over all the processes that did: a stopped training goes on in another one."""

from __future__ import annotations

import time
from pathlib import Path

EVERY = 2.0  # seconds between two notes; a kill loses no more than that


class Stopwatch:
    """Counts from the seconds that an earlier process noted in a file, if there is one.

    Args:
        path: The file, which is written from time to time by `tick`, and removed by `stop`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            earlier = float(path.read_text())
        except (OSError, ValueError):  # the first process, or a file that a power failure left empty
            earlier = 0.0
        self._since = time.perf_counter() - earlier
        self._noted = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self._since

    def tick(self) -> None:
        """Notes the seconds so far, if some have passed since the last note."""
        if time.perf_counter() - self._noted >= EVERY:
            self._path.write_text(repr(self.seconds))
            self._noted = time.perf_counter()

    def stop(self) -> float:
        """Returns the seconds of all processes, and removes the file."""
        self._path.unlink(missing_ok=True)
        return self.seconds
