"""Which configuration made an image?"""

from __future__ import annotations

from collections.abc import Iterator

from benchmark.plan.cell import Asked
from benchmark.plan.rows import Rows

SHARES = True  # the question of what carries over asks the same cells


def cells(rows: Rows) -> Iterator[Asked]:
    """Each detector that has learned from one configuration scores the fakes of every other one of the same seed.

    With its validation fakes beside them, on which it is fitted whose scores are whose.
    """
    first = min(rows.detector_seeds, default=0)
    for run in rows.runs:
        for other in rows.runs:
            if run.is_main and other.is_main and run.seed == other.seed and run.generator.id != other.generator.id:
                lesson = rows.lesson(run.generator.id, [run])
                for detector, seed in rows.askable:
                    if seed == first:
                        yield Asked(lesson, detector, seed, rows.exam(other), beside=True)
