"""Which alarms make the numbers of which generator doubtful."""

from __future__ import annotations

import re
from typing import Any

from reports.load import Run


def doubts(run: Run) -> dict[str, list[str]]:
    """Returns, for each generator that is no control, the alarms under which its numbers stand.

    An alarm that names generators of the run is about those; any other, such as a failed control or a leak, is about
    all of them. Alarms that the run was told to ignore make nothing doubtful. Worked out once a run: every sentence and
    every row asks.
    """
    kept: dict[str, Any] = vars(run)  # where the run keeps its cached properties too
    if "doubts" not in kept:
        kept["doubts"] = _worked_out(run)
    found: dict[str, list[str]] = kept["doubts"]
    return found


def _worked_out(run: Run) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {generator.id: [] for generator in run.generators if not generator.role}
    alarms = run.audit[(run.audit["verdict"] == "alarm") & ~run.audit["finding"].isin(run.ignored)]
    for finding, name, about in alarms[["finding", "name", "about"]].itertuples(index=False):
        for generator in named(about, list(found)) or found:
            found[generator].append(f"{name} ({finding})")
    return found


def named(about: str, generators: list[str]) -> list[str]:
    """Returns the generators that a finding names, as whole words: `tuned` is not in `tuned-2`."""
    out = []
    for name in sorted(generators, key=len, reverse=True):
        pattern = rf"(?<![\w.-]){re.escape(name)}(?![\w.-])"
        if re.search(pattern, about):
            out.append(name)
            about = re.sub(pattern, " ", about)
    return out
