"""How well is each generator told from real images by a detector that has learned from its own fakes?"""

from __future__ import annotations

from collections.abc import Iterator

from benchmark.plan.cell import Asked
from benchmark.plan.rows import Rows

WORD = "each"


def cells(rows: Rows) -> Iterator[Asked]:
    """Each detector learns from each training run of each generator, and is tested on it."""
    for detector, detector_seed in rows.detectors_that(WORD):
        for run in rows.runs:
            yield Asked(rows.lesson(run.generator.id, [run]), detector, detector_seed, rows.exam(run))
