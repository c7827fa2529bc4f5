"""What does a detector that has learned from one configuration, or from several, find of another one?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from benchmark.plan.cell import Asked, Exam, Lesson
from benchmark.plan.rows import Rows, Run
from data.errors import UserError

Part = Literal["pairs", "leave-one-out", "next", "runs"]
PARTS: tuple[Part, ...] = get_args(Part)
REST, EARLIER = "all-but-", "before-"  # how lessons of several configurations are called, by the one that they lack


class Options(BaseModel):
    """What of the question is asked.

    Attributes:
        parts: Which parts; `None` for all that the spec's rows allow.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    parts: Annotated[list[Part], Field(min_length=1)] | None = None


def cells(rows: Rows, options: Options) -> Iterator[Asked]:
    """Each detector learns each lesson of each part, and sits that part's exams; what two parts ask is asked once.

    Raises:
        UserError: If a part is asked for by its name that the rows do not allow, or a lesson's name is a generator's.
    """
    taken = {row.id for row in rows.generators}
    once: dict[tuple[str, str], tuple[Lesson, Exam]] = {}
    for part in chosen(rows, options):
        for lesson, exam in asked(rows, part):
            if lesson.name in taken and len(lesson.sources) > 1:
                raise UserError(
                    f"The question 'transfer' calls a lesson '{lesson.name}'. Give the generator of this id another."
                )
            once.setdefault((lesson.id, exam.id), (lesson, exam))
    for detector, seed in rows.askable:
        yield from (Asked(lesson, detector, seed, exam) for lesson, exam in once.values())


def chosen(rows: Rows, options: Options) -> list[Part]:
    """Returns the parts that are asked, in the order of `PARTS`.

    Raises:
        UserError: If one of them is named and the rows do not allow it.
    """
    if options.parts is None:
        return [part for part in PARTS if not _lacking(rows, part)]
    for part in options.parts:
        if lacking := _lacking(rows, part):
            raise UserError(f"'{part}' among parts of [question.transfer] needs {lacking}.")
    return [part for part in PARTS if part in options.parts]


def asked(rows: Rows, part: Part) -> Iterator[tuple[Lesson, Exam]]:
    """Yields the lessons of a part with the exams that follow them, by the spec's order of the exams.

    Training runs of one seed teach, and those of the same seed are tested; in the part `"runs"` the run of each seed is
    tested after the one of the seed before it in the spec, the first after the last. Controls are neither.
    """
    for run in _runs(rows):
        alike = [other for other in _runs(rows) if other.seed == run.seed]
        if part == "pairs":
            yield from ((_lesson(rows, [other]), rows.exam(run)) for other in alike if other is not run)
        elif part == "leave-one-out" and len(alike) > 1:
            lesson = _lesson(rows, [other for other in alike if other is not run], REST + run.generator.id)
            yield lesson, rows.exam(run)
        elif part == "next" and alike[0] is not run:
            lesson = _lesson(rows, alike[: alike.index(run)], EARLIER + run.generator.id)
            yield lesson, rows.exam(run)
        elif part == "runs" and run.generator.trains:
            same = [other for other in _runs(rows) if other.generator.id == run.generator.id]
            if len(same) > 1:  # each teaches once and is tested once, so that a mean over them has replicates
                yield _lesson(rows, [same[same.index(run) - 1]]), rows.exam(run)


def _runs(rows: Rows) -> list[Run]:
    """The training runs of all generators that are no controls, in the order of the spec."""
    return [run for run in rows.runs if run.is_main]


def _lesson(rows: Rows, runs: Sequence[Run], name: str = "") -> Lesson:
    """Returns a lesson of some training runs; of a single one it is that generator's own, whoever asks it.

    Their order in it is that of their ids: another order in the spec changes no key.
    """
    if len(runs) == 1:
        return rows.lesson(runs[0].generator.id, runs)
    return rows.lesson(name, sorted(runs, key=lambda run: run.generator.id))


def _lacking(rows: Rows, part: Part) -> str:
    """Returns what a part needs that the rows do not have, or an empty text."""
    mains = list({run.generator.id: run.generator for run in _runs(rows)}.values())
    if part != "runs":
        names = ", ".join(row.id for row in mains) or "none"
        return "" if len(mains) > 1 else f"two generators or more that are no controls. Received: {names}"
    if not any(row.trains for row in mains):
        return "a generator that trains. Received: finished images and controls only"
    seeds = list(rows.generator_seeds)
    return "" if len(seeds) > 1 else f"two seeds or more in generator_seeds of [protocol]. Received: {seeds}"
