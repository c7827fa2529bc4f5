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
REPEATED = 2  # generators that are trained with every seed: so many can be compared over their training runs


def seeds(generators: Sequence[Row], given: Sequence[int]) -> dict[str, Sequence[int]]:
    """Returns the seeds of the generators that are trained with the first one alone, by their ids.

    Args:
        generators: All; controls, which train nothing, have every seed.
        given: The seeds.
    """
    mains = [row.id for row in generators if row.plugin.attribute("control") is None]
    return dict.fromkeys(mains[REPEATED:], given[:1])


def tried(rows: Rows, asked: Sequence[tuple[str, Asked]]) -> list[tuple[str, Asked]]:
    """Returns what a smoke run asks of all that a run would ask, each with its question.

    The first detector is tried on every training run of every generator, with all its seeds, so that there is something
    to sum up, and the sentinels on the first run of each. Any other detector is tried on the first run of two
    generators, which are others for the next one, and of the controls; a rung of the ladder on that of one generator,
    and of the control made of real images. Of what `ask` names the first detector alone is asked, of the first training
    run of each generator: every question, to see that it is answered.
    """
    judges = [row.id for row, _ in rows.askable if not row.plugin.attribute("sentinel")]
    places = {row.id: at for at, row in enumerate(rows.detectors)}
    able: dict[str, dict[str, None]] = {}  # of each detector, the generators that it can be tried on
    for name, one in asked:
        if _is_usual(name) and not one.exam.control:
            able.setdefault(one.detector.id, {})[one.exam.generator] = None

    def is_tried(name: str, one: Asked) -> bool:
        is_judge = one.detector.id == (judges or [one.detector.id])[0]
        is_first_run = one.exam.generator_seed == rows.generator_seeds[0]
        if is_judge:
            return is_first_run or _is_usual(name)
        if not is_first_run or not _is_usual(name) or one.detector_seed != rows.detector_seeds[0]:
            return False
        if one.exam.control or one.detector.plugin.attribute("sentinel"):
            return not one.detector.rung or one.exam.control == REALS
        first, *others = able[one.detector.id]
        few = [first] if one.detector.rung or not others else [first, others[places[one.detector.id] % len(others)]]
        return one.exam.generator in few

    return [pair for pair in asked if is_tried(*pair)]


def _is_usual(question: str) -> bool:
    """Says whether it is one that detectors ask by their `train_on`."""
    return hasattr(questions.known()[question], "WORD")
