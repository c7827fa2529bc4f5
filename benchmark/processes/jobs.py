"""How many processes may work side by side."""

from __future__ import annotations

import os

from data.errors import UserError, shown

FOR_EACH_CORE = 4
MOST = 256


def check(jobs: int) -> None:
    """Checks a number of processes, each of which has a TensorFlow of its own, before any of them is started.

    Raises:
        UserError: If it is no whole number, below 1, or beyond what the machine could use.
    """
    cores = os.cpu_count() or 1
    most = min(MOST, FOR_EACH_CORE * cores)
    if not isinstance(jobs, int) or isinstance(jobs, bool) or jobs < 1:
        raise UserError(f"jobs must be at least 1. Received: {shown(jobs)}.")
    if jobs > most:
        raise UserError(
            f"jobs must be at most {most} on this machine, which has {cores} core{'s' * (cores > 1)}. "
            f"Received: {shown(jobs)}."
        )
