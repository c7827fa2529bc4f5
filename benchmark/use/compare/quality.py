"""What the images of two runs' generators differ by, such as their Fréchet distances to the real ones.

A run folder has no features of images, so the differences are not paired: an interval is put together from those of the
two (Zou, Donner, Construction of confidence limits about effect measures, Statistics in Medicine 2008). Both are
measured against the same real images, and what these have in common makes it longer than need be, not shorter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmark.statistics.columns.column import Difference
from benchmark.use.compare.measured import p_of
from benchmark.use.compare.opened import Opened, measured_at
from benchmark.use.compare.row import Row

FEATURES = ("fd", "kd", "precision", "recall", "density", "coverage")  # on what the run's own extractor sees
INCEPTION = ("fid", "kid")
OF_GENERATORS = (*FEATURES, *INCEPTION)
MAIN = ("fd", "fid")
UNPAIRED = "not paired: from both intervals, longer rather than shorter"
Cell = dict[str, Any]
SAME = {  # what must be the same for two values to be measured alike
    **dict.fromkeys(FEATURES, ("n_quality", "extractor", "extractor_digest")),
    **dict.fromkeys(INCEPTION, ("n_fid", "inception")),
}


def difference(row: Row, reference: Opened, other: Opened, one: Cell | None, two: Cell | None) -> Row | None:
    """Fills in what the images that two cells are tested on differ by in the metric of a row.

    Args:
        row: The row.
        reference: The run of `one`.
        other: The run of `two`.
        one: A cell; `None` where the run has none like it.
        two: Likewise.

    Returns:
        The row, or `None` where neither run has measured it.
    """
    known = [run.quality.get(measured_at(cell), {}) if cell else {} for run, cell in ((reference, one), (other, two))]
    numbers = [[_number(each.get(row.metric + end)) for end in ("", "_low", "_high")] for each in known]
    first, second = numbers
    if np.isnan(first[0]) and np.isnan(second[0]):
        return None
    for run, values in ((reference, first), (other, second)):
        if np.isnan(values).any():
            what = "was not measured" if np.isnan(values[0]) else "has no interval"
            return row.refused(f"{row.metric} {what} in {run.name}")
    for name in SAME[row.metric]:
        mine, theirs = (each.get(name, "") for each in known)
        if mine != theirs:
            both = f"{mine or 'unknown'} and {theirs or 'unknown'}"
            return row.refused(f"{row.metric} was measured otherwise: {name} {both}")
    if first == second:
        return row.equal(first[0], "the same value with the same interval: nothing to test")
    gap = second[0] - first[0]
    low = gap - np.hypot(second[0] - second[1], first[2] - first[0])
    high = gap + np.hypot(second[2] - second[0], first[0] - first[1])
    told = Difference(gap, float(low), float(high), p_of(gap, low, high))
    return row.found(first[0], second[0], told, "", UNPAIRED)


def _number(text: str | None) -> float:
    return float(text) if text else float("nan")
