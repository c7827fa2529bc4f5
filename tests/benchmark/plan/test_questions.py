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
    assert {one for one in cells(protocol={"ask": ["all"]}) if one[0] == "few"} <= {*more}
    assert {question for question, *_ in cells(protocol={"ask": ["all"]})} > {"few", "own"}
    fewer = cells(protocol={"ask": ["few"]}, question={"few": {"fewest": 9}})
    assert {n for question, _, n in fewer if question == "few"} == {9}


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"protocol": {"ask": ["fwe"]}}, "is not usable: there is no question 'fwe'; input should be among 'own', "),
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
    from benchmark.cli.running import options

    spec = specs.parse(VALUES, options.asking("own"))
    assert spec.protocol.ask == ["own"]
    with pytest.raises(UserError, match="Unknown question 'b c' after --ask"):
        options.asking("own, b c")


SHARED = """
from benchmark.plan.cell import Asked

SHARES = True


def cells(rows):
    for detector, seed in rows.askable:
        for run in rows.mains:
            for n in (50, 60):
                yield Asked(rows.lesson(run.generator.id, [run], n=n), detector, seed, rows.exam(run), beside=True)
"""


def test_what_two_questions_ask_is_one_cell_of_the_first_or_two_of_other_names(
    planted: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "anew.py").write_text(SHARED)
    (tmp_path / "twice.py").write_text(PLANTED)
    questions.known.cache_clear()

    def found(*ask: str) -> list[tuple[str, int | None, bool]]:
        plan = planning.plan(specs.parse(VALUES | {"protocol": {"ask": [*ask]}}), folders=[])
        mine = [cell for cell in plan.cells if cell.detector == "linear-pixel" and cell.question not in ("own", "all")]
        assert len({cell.name for cell in plan.cells}) == len(plan.cells)
        return [(cell.question, cell.lesson.n, "beside" in cell.scored.params) for cell in mine]

    assert found("anew") == [("anew", 50, True), ("anew", 60, True)]
    assert found("anew", "few") == [("few", 50, True), ("anew", 60, True)]  # although its name comes later
    assert found("few") == [("few", 50, False)]
    assert found("few", "twice") == [("few", 50, False), ("twice", 50, False)]


def test_sources_asks_all_pairs_of_one_seed_and_sets_nothing() -> None:
    generators = [{"kind": "gaussian"}, {"kind": "gaussian", "id": "other"}, {"kind": "noise"}]
    values = VALUES | {"generator": generators, "protocol": {"ask": ["sources", "sets"], "generator_seeds": [0, 1]}}
    plan = planning.plan(specs.parse(values), folders=[])
    mine = [cell for cell in plan.cells if cell.question not in ("own", "all")]
    assert {(cell.question, cell.detector) for cell in mine} == {
        ("sources", "linear-pixel"), ("sources", "sentinel-content")
    }  # fmt: skip
    pairs = {(cell.lesson.id, cell.exam.id) for cell in mine}
    assert pairs == {
        (f"{a}/{s}", f"{b}/{s}") for s in (0, 1) for a, b in (("gaussian", "other"), ("other", "gaussian"))
    }
    assert len(mine) == 2 * len(pairs)
    assert all(cell.scored.params["beside"] for cell in mine)


def test_a_profile_asks_few_images_processed_ones_and_all_others() -> None:
    generators = [{"kind": "gaussian", "id": name} for name in "abc"]
    ask = {"protocol": {"ask": ["profile"]}, "question": {"profile": {"few": 20, "processed": "blur-1"}}}
    plan = planning.plan(specs.parse(VALUES | {"generator": generators} | ask), folders=[])
    mine = [cell for cell in plan.cells if cell.exam.generator == "b" and cell.detector == "linear-pixel"]
    assert [(cell.question, cell.lesson.id, cell.exam.id) for cell in mine] == [
        ("own", "b/0", "b/0"), ("profile", "b/0 n=20", "b/0"), ("profile", "b/0", "b/0 blur-1"),
        ("profile", "all-but-b/0", "b/0"),
    ]  # fmt: skip
    assert mine[-1].lesson.sources == (("a", 0), ("c", 0))


def test_a_smoke_run_asks_one_detector_and_the_first_training_run(planted: None) -> None:
    detectors = [{"kind": "sentinel-content"}, {"kind": "linear-pixel"}, {"kind": "linear-dct"}]
    values = VALUES | {"detector": detectors, "protocol": {"ask": ["few"], "generator_seeds": [3, 4]}}
    plan = planning.plan(specs.parse(values), folders=[], smoke=True)
    mine = [cell for cell in plan.cells if cell.question == "few"]
    assert [(cell.detector, cell.generator_seed) for cell in mine] == [("linear-pixel", 3)]
    usual = [(cell.detector, cell.generator_seed) for cell in plan.cells if cell.question == "own" and not cell.control]
    every = ["sentinel-content", "linear-pixel", "linear-dct", "sentinel-format"]
    assert sorted(usual) == sorted([*((name, 3) for name in every), ("linear-pixel", 4)])


@pytest.mark.parametrize("name", ["sets", "sources", "profile"])
def test_controls_alone_are_asked_nothing(name: str) -> None:
    plan = planning.plan(
        specs.parse(VALUES | {"generator": [], "detector": [{"kind": "linear-pixel"}], "protocol": {"ask": [name]}}),
        folders=[],
    )
    assert {cell.question for cell in plan.cells} == {"own"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sets": {"sizes": []}}, "'question.sets.sizes' in the spec is not usable"),
        ({"sets": {"sizes": [0]}}, "'question.sets.sizes.0' in the spec is not usable"),
        ({"sets": {"sizes": [2.5]}}, "'question.sets.sizes.0' in the spec is not usable"),
        ({"sets": {"size": [2]}}, "Unknown key 'size' of [question.sets]"),
        ({"profile": {"few": 2}}, "'question.profile.few' in the spec is not usable"),
        ({"profile": {"processed": "jpeg-0"}}, "'question.profile.processed' in the spec is not usable"),
        ({"profile": {"processed": "fog-1"}}, "nknown perturbation 'fog'"),
        ({"sources": {"penalty": 1}}, "[question.sources] sets a question that has no options"),
    ],
)
def test_wrong_options_of_sets_sources_and_profile_are_told_in_one_line(values: dict, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as told:
        specs.parse(VALUES | {"protocol": {"ask": [*values]}, "question": values})
    assert "\n" not in str(told.value)


def test_a_set_larger_than_the_test_part_is_refused_when_it_is_planned() -> None:
    parts = {"generator-train": 400, "detector-train": 200, "detector-validation": 100, "test": 60}
    values = VALUES | {"protocol": {"ask": ["sets"], "parts": parts}, "question": {"sets": {"sizes": [2, 64]}}}
    with pytest.raises(UserError, match=r"at most the 60 of the test part\. Received: 64\."):
        planning.plan(specs.parse(values), folders=[])
