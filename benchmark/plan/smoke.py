"""What a smoke run leaves out beside what `benchmark.plan.shrink` does, whose code is in the keys of measurements."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark.plan import questions, shrink, warm
from benchmark.plan.stage import SCORES, Stage
from benchmark.plugins import resolve as plugins
from data.errors import UserError

if TYPE_CHECKING:
    from benchmark.plan.cell import Asked
    from benchmark.plan.measurement import Draft
    from benchmark.plan.rows import Rows
    from benchmark.plugins.describe import Description

DRAWS = 2  # of so many images: so many have a spread
NOISE = "noise"  # the control that holds if one detector of all sees it
# Of networks at most: what takes time is that they are built, layer by layer, for each stage that uses them.
SMALL = {"width": 8, "discriminator_width": 8, "encoder_width": 8, "decoder_width": 8, "depth": 1}


def tried(rows: Rows, asked: Sequence[tuple[str, Asked]]) -> list[tuple[str, Asked]]:
    """Returns what a smoke run asks of all that a run would ask, each with its question.

    It is less than `shrink.tried` leaves. Of the controls, detectors but the first are tried on noise, which one of all
    must see; not those that learn in epochs, nor rungs of the ladder. Sentinels are tried on two generators and on the
    controls. What `ask` names is asked of two generators, of the first one alone if a detector learns for it once more,
    and then with two draws of so many images.
    """
    first = judge(rows)
    mains = [row.id for row in rows.generators if row.plugin.attribute("control") is None][: shrink.REPEATED]
    usual = {one.lesson.id for name, one in asked if questions.is_usual(name)}

    def is_tried(question: str, one: Asked) -> bool:
        detector, exam, lesson = one.detector, one.exam, one.lesson
        if not questions.is_usual(question):
            if lesson.id not in usual:
                return exam.generator in mains[:1] and lesson.draw < DRAWS
            return exam.generator in mains and (len(lesson.sources) > 1 or lesson.sources[0][0] in mains)
        if detector.id == (first or detector.id):
            return True
        if detector.plugin.attribute("sentinel"):
            return bool(exam.control) or exam.generator in mains
        return not exam.control or (exam.control == NOISE and not detector.rung and not detector.plugin.takes("epochs"))

    return [pair for pair in shrink.tried(rows, asked) if is_tried(*pair)]


def judge(rows: Rows) -> str | None:
    """Returns the id of the detector that is tried on everything: the first that can be; `None` if there is none."""
    return next((row.id for row, _ in rows.askable if not row.plugin.attribute("sentinel")), None)


def measured(stages: Mapping[Hashable, Stage], draft: Draft) -> dict[Hashable, Stage]:
    """Returns the stages of a measurement that a smoke run does: what asks a detector for other scores, of the first.

    Args:
        stages: All, those of cells by the cell's name.
        draft: What they are planned from.
    """
    of = {cell.name: cell.detector for cell in draft.cells}
    first = judge(draft.rows) or next(iter(of.values()), None)
    return {key: one for key, one in stages.items() if one.function not in SCORES or of[str(key)] == first}


def made_small(about: Description, kept: Collection[str]) -> Description:
    """Returns a description of the same plug-in with smaller networks; a stranger's stays as it is.

    Args:
        about: The description.
        kept: Options that may not change: a grid's, by which its rows differ.
    """
    fixed = any(about.options.get(name) for name in warm.OPTIONS)  # networks that others are put into
    if about.foreign or about.broken is not None or fixed:
        return about
    of = {option.name: option.default for option in about.plugin.options} | about.options
    fewer = {
        name: min(of[name] or most, most)
        for name, most in SMALL.items()
        if name not in kept and about.plugin.takes(name) and isinstance(of.get(name), int | None)
    }
    options = about.options | fewer
    try:
        plugins.make(about.plugin, options, 0, about.plugin.name)
    except UserError:  # an architecture that has fixed its own
        return about
    return replace(about, options=options, whole=about.options)
