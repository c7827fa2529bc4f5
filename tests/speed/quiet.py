"""How busy the machine is with other work, and waiting until it is not."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

STAT = Path("/proc/stat")
QUIET = 0.1  # share of all processors that others may take
LOOK = 1.0  # seconds that one look takes


def times(text: str) -> tuple[float, float]:
    """Returns the ticks that all processors have been busy, and all of them, from the text of `/proc/stat`."""
    ticks = [float(each) for each in text.splitlines()[0].split()[1:9]]  # what guests take is in the first ones
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)  # idle, and waiting for a disk


def share(before: tuple[float, float], after: tuple[float, float]) -> float:
    """Returns the share of all processors that was busy between two looks."""
    passed = after[1] - before[1]
    return (after[0] - before[0]) / passed if passed > 0 else 0.0


def busy(seconds: float = LOOK) -> float | None:
    """Returns the share of all processors that is busy now; `None` where the system does not say."""
    try:
        before = times(STAT.read_text())
        time.sleep(seconds)
        return share(before, times(STAT.read_text()))
    except (OSError, IndexError, ValueError):
        return None


def wait(
    limit: float, look: Callable[[], float | None] = busy, clock: Callable[[], float] = time.monotonic
) -> tuple[bool, str]:
    """Waits until others leave the machine alone, `limit` seconds at the most.

    Args:
        limit: In seconds; with 0 it looks once.
        look: Returns the share that is busy, and takes a moment for it.
        clock: Returns seconds.

    Returns:
        Whether it is quiet, and a sentence about that.
    """
    start = clock()
    while True:
        found, waited = look(), clock() - start
        if found is None:
            return False, "This system does not say how busy it is: ranges may be those of other work."
        if found <= QUIET:
            return True, f"The machine is quiet: others take {found:.0%} of its processors, after {waited:.0f} s."
        if waited >= limit:
            return False, (
                f"The machine was NOT quiet: others took {found:.0%} of its processors after {waited:.0f} s of "
                "waiting. Figures are too low, and ratios rough."
            )
