"""A question is one file, found by its name: asked by `train_on`, or by `[protocol] ask` with options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.plan import planner as planning
from benchmark.plan import questions, specs
from data.errors import UserError

PLANTED = """
from pydantic import BaseModel, ConfigDict, Field

from benchmark.plan.cell import Asked


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    fewest: int = Field(default=50, ge=8)


def cells(rows, options):
    for detector, seed in rows.askable:
        for run in rows.mains:
            lesson = rows.lesson(run.generator.id, [run], n=options.fewest)
            yield Asked(lesson, detector, seed, rows.exam(run))
"""
VALUES = {
    "dataset": {"name": "digits"},
    "generator": [{"kind": "gaussian"}],
    "detector": [{"kind": "linear-pixel"}, {"kind": "linear-dct", "train_on": "all"}],
}


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "few.py").write_text(PLANTED)
    monkeypatch.setattr(questions, "__path__", [str(tmp_path), *questions.__path__])
    questions.known.cache_clear()
    yield
    questions.known.cache_clear()


def cells(**values: object) -> list[tuple[str, str, int | None]]:
    plan = planning.plan(specs.parse(VALUES | values), folders=[])
    return [(cell.question, cell.detector, cell.lesson.n) for cell in plan.cells if not cell.control]


@pytest.mark.usefixtures("planted")
def test_a_question_is_asked_by_its_name_and_the_usual_one_always() -> None:
    usual = cells()
    assert "few" not in {question for question, *_ in usual}
    more = cells(protocol={"ask": ["few"]})
    assert [one for one in more if one[0] != "few"] == usual
    assert {one for one in more if one[0] == "few"} == {("few", "linear-pixel", 50), ("few", "sentinel-content", 50)}
    every = cells(protocol={"ask": ["all"]})
    assert [one for one in every if one in more] == more
    assert {question for question, *_ in every} > {"few", "own"}, "those of this package too"
    fewer = cells(protocol={"ask": ["few"]}, question={"few": {"fewest": 9}})
    assert {n for question, _, n in fewer if question == "few"} == {9}


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"protocol": {"ask": ["fwe"]}}, "there is no question 'fwe'; input should be among 'own', "),
        ({"protocol": {"ask": "few"}}, "'protocol.ask' in the spec is not usable"),
        ({"question": {"fwe": {}}}, "Unknown question 'fwe'"),
        ({"question": {"few": {"fewest": 9}}}, "not asked: add it to 'ask' of [protocol]. Asked: own."),
        ({"question": {"own": {}}}, "[question.own] sets a question that has no options"),
        ({"protocol": {"ask": ["few"]}, "question": {"few": {"fewest": 7}}}, "'question.few.fewest' in the spec"),
        ({"protocol": {"ask": ["few"]}, "question": {"few": {"fewes": 9}}}, "Unknown key 'fewes' of [question.few]"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(values: dict, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as told:
        specs.parse(VALUES | values)
    assert "\n" not in str(told.value)


def test_the_command_line_asks_as_a_spec_does() -> None:
    from benchmark.cli import main

    spec = specs.parse(VALUES, main._asking("own"))
    assert spec.protocol.ask == ["own"]
    with pytest.raises(UserError, match="there is no question 'b c'"):
        specs.parse(VALUES, main._asking("own, b c"))
