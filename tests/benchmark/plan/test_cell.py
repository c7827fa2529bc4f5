"""Cells say what they are: lesson, detector, exam; and none mixes two splits of the real images."""

from __future__ import annotations

import dataclasses
import re

import pytest

from benchmark.plan import planner as planning
from benchmark.plan import questions, specs
from benchmark.plan.cell import Exam, Lesson, ledger_seeds
from data.errors import UserError


@pytest.fixture(scope="module")
def plan():
    rows = [{"kind": "gaussian", "id": name} for name in ("b", "a")]
    detectors = [{"kind": "linear-pixel"}, {"kind": "linear-pixel", "train_on": "all"}]
    values = {"dataset": {"name": "digits"}, "generator": rows, "detector": detectors}
    return planning.plan(specs.parse(values | {"protocol": {"generator_seeds": [0, 3]}}), folders=[])


def test_a_cell_is_a_lesson_a_detector_and_an_exam(plan):
    cells = {cell.name: cell for cell in plan.cells}
    assert len(cells) == len(plan.cells)
    own = cells["b/3/linear-pixel/0"]
    assert (own.question, own.lesson.id, own.exam.id) == ("own", "b/3", "b/3")
    assert own.lesson.sources == (("b", 3),)
    shared = cells["b/3/linear-pixel-all/0 after all/3"]
    assert (shared.question, shared.lesson.id, shared.exam.id) == ("all", "all/3", "b/3")
    assert shared.lesson.sources == (("a", 3), ("b", 3))
    assert questions.table("all") == "own"


def test_cells_stand_as_the_spec_lists_them(plan):
    names = [(cell.generator, cell.generator_seed, cell.detector) for cell in plan.cells]
    rows = [(run.generator.id, run.seed) for run in plan.rows.runs]
    assert names == [(*row, detector.id) for row in rows for detector in plan.detectors]


def test_all_that_a_lesson_and_an_exam_are_stands_in_their_names(plan):
    run = plan.rows.runs[0]
    lesson = plan.rows.lesson("b", [run], n=100, perturbation="jpeg-75")
    assert lesson.id == "b/0 n=100 perturbation=jpeg-75"
    again = plan.rows.lesson("b", [run], n=100, draw=2, checkpoint="epoch-0010")
    assert (again.id, again.checkpoint) == ("b/0 epoch-0010 n=100 draw=2", "epoch-0010")
    assert again.changes == {"n": 100, "draw": 2}
    assert again.banks[0].key == plan.rows.exam(run, checkpoint="epoch-0010").bank.key
    assert lesson.changes == {"n": 100, "perturbation": "jpeg-75"}
    exam = plan.rows.exam(run, checkpoint="epoch-0010", perturbation="blur-1.5")
    assert exam.id == "b/0 epoch-0010 blur-1.5"
    assert exam.bank.key != plan.banks["b", 0].key
    assert plan.rows.exam(run).bank is plan.banks["b", 0]
    fields = {field.name for kind in (Lesson, Exam) for field in dataclasses.fields(kind)}
    of_both = {
        "name",
        "sources",
        "banks",
        "n",
        "draw",
        "perturbation",
        "generator",
        "generator_seed",
        "control",
        "bank",
    }
    assert fields == of_both
    with pytest.raises(ValueError, match=r"drawn in one way: draw 0\. Received: draw 2 without n"):
        plan.rows.lesson("b", [run], draw=2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rain-3", "Unknown perturbation 'rain'"),
        ("jpeg-0", "from 1 to 100. Received: 0"),
        ("jpeg-high", "such as jpeg-75. Received: 'jpeg-high'"),
        ("jpeg", "such as jpeg-75. Received: 'jpeg'"),
        ("blur--1", "must be a number from 0 to 20. Received: -1."),
    ],
)
def test_a_perturbation_that_is_none_is_refused_when_it_is_planned(plan, name, message):
    with pytest.raises(UserError, match=re.escape(message)):
        plan.rows.exam(plan.rows.runs[0], perturbation=name)


@pytest.mark.parametrize("part", ["lesson", "exam", "trained"])
def test_no_cell_mixes_two_splits_of_the_reals(plan, part):
    other = planning.plan(plan.spec.model_copy(
        update={"protocol": plan.spec.protocol.model_copy(update={"ledger_seed": 1})}), folders=[])  # fmt: skip
    mine, theirs = plan.cells[0], other.cells[0]
    assert mine.ledger_seeds == {0}
    assert theirs.ledger_seeds == ledger_seeds(theirs.measured) == {1}
    if part == "lesson":
        mixed = {"lesson": theirs.lesson}
    elif part == "exam":
        measured = dataclasses.replace(mine.measured, inputs={"scored": dataclasses.replace(
            mine.scored, inputs={**mine.scored.inputs, "bank": theirs.bank})})  # fmt: skip
        mixed = {"exam": theirs.exam, "measured": measured}
    else:
        mixed = {"trained": theirs.trained}
    with pytest.raises(ValueError, match=r"mixes splits of the real images: ledger seeds \[0, 1\]"):
        dataclasses.replace(mine, **mixed)


def test_the_words_of_the_questions_are_what_train_on_takes():
    assert questions.words() == ["each", "all"]
    row = {"kind": "linear-pixel", "train_on": "none"}
    with pytest.raises(UserError, match=r"should be 'each' or 'all'\. Received: 'none'"):
        specs.parse({"dataset": {"name": "digits"}, "detector": [row]})
