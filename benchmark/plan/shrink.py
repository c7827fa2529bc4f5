"""What a smoke run leaves out: it shows that everything works, in seconds, and nothing else.

How many images it has is said in `benchmark.plan.preparation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.plan import questions

if TYPE_CHECKING:
    from benchmark.plan.cell import Asked
    from benchmark.plan.rows import Rows
    from benchmark.plan.stage import Row

IMPOSED = {"epochs": 1}  # options of every plug-in that has them
MOST = {"steps": 4}  # of options that change samples and no training: a flow goes its way in fewer steps
REALS = "real-copy"  # the control that a rung is tried on
REPEATED = 2  # generators that are trained with more than one seed: so many can be compared over their training runs
RUNS = 2  # seeds of these, and of the controls: so many training runs have a spread


def seeds(generators: Sequence[Row], given: Sequence[int]) -> dict[str, Sequence[int]]:
    """Returns the seeds of each generator, by its id: the first one alone, but for some that are trained again.

    Args:
        generators: All; controls are among those that have more than one.
        given: The seeds.
    """
    once = _mains(generators)[REPEATED:]
    return {row.id: given[:1] if row.id in once else given[:RUNS] for row in generators}


def tried(rows: Rows, asked: Sequence[tuple[str, Asked]]) -> list[tuple[str, Asked]]:
    """Returns what a smoke run asks of all that a run would ask, each with its question.

    The first detector is tried on every training run of every generator, with all its seeds, so that there is something
    to sum up, and the sentinels on the first run of each. Any other detector is tried on the first run of the first
    generator that it can be tried on, where it is compared with all others, and of the controls; a rung of the ladder
    on no control but that made of real images. Of what `ask` names the first detector alone is asked, of first training
    runs: of two generators every question, to see that it is answered, and of the others what takes no more trainings.
    """
    judges = [row.id for row, _ in rows.askable if not row.plugin.attribute("sentinel")]
    first = rows.generator_seeds[0], rows.detector_seeds[0]
    asked_of = _mains(rows.generators)[:REPEATED]
    usual = {one.lesson.id for name, one in asked if questions.is_usual(name)}
    on: dict[str, str] = {}  # of each detector, the first generator that it can be tried on
    for name, one in asked:
        if questions.is_usual(name) and not one.exam.control:
            on.setdefault(one.detector.id, one.exam.generator)

    def is_tried(name: str, one: Asked) -> bool:
        detector, exam = one.detector, one.exam
        if detector.id == (judges or [detector.id])[0]:
            takes_little = exam.generator in asked_of or one.lesson.id in usual
            return questions.is_usual(name) or (exam.generator_seed == first[0] and takes_little)
        if not questions.is_usual(name) or (exam.generator_seed, one.detector_seed) != first:
            return False
        if exam.control or detector.plugin.attribute("sentinel"):
            return not detector.rung or exam.control == REALS
        return exam.generator == on[detector.id]

    return [pair for pair in asked if is_tried(*pair)]


def _mains(generators: Sequence[Row]) -> list[str]:
    """Returns the ids of the generators that are no controls."""
    return [row.id for row in generators if row.plugin.attribute("control") is None]
