"""How well is each generator told from real images by one detector that has learned from all of them?"""

from __future__ import annotations

from collections.abc import Iterator

from benchmark.plan.cell import Asked
from benchmark.plan.rows import Rows

WORD = "all"
TABLE = "own"  # the same exams: its detectors stand beside those that learned from one generator


def cells(rows: Rows) -> Iterator[Asked]:
    """Each detector learns from an equal share of every generator that is no control, and is tested on each.

    With several training seeds it learns from the training runs of one, and is tested on those.
    """
    for detector, detector_seed in rows.detectors_that(WORD):
        for run in rows.runs:
            lesson = rows.lesson(WORD, [other for other in rows.mains if other.seed == run.seed])
            yield Asked(lesson, detector, detector_seed, rows.exam(run))
