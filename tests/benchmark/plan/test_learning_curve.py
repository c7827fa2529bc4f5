"""Learning curves ask for ever more images, several draws of each, as far as there are any."""

from __future__ import annotations

import re

import pytest

from benchmark.plan import planner as planning
from benchmark.plan import preparation, specs
from data.errors import UserError

DATASET = {"name": "digits", "limit": 200}


def cells(dataset: dict | None = None, *, smoke: bool = False, ask: str = "learning_curve", **values: object) -> list:
    rows = {
        "dataset": dataset or DATASET,
        "generator": [{"kind": "gaussian", "id": "a"}, {"kind": "gaussian", "id": "b", "components": 9}],
        "detector": [{"kind": "linear-pixel"}, {"kind": "linear-dct", "train_on": "all"}],
        "protocol": {"ask": [ask]} | values.pop("protocol", {}),
    }
    plan = planning.plan(specs.parse(rows | values), folders=[], smoke=smoke)
    return [cell for cell in plan.cells if cell.question == "learning_curve"]


def test_powers_of_two_up_to_what_the_parts_hold_and_five_draws_of_each() -> None:
    found = cells()  # 40 for training and 20 for validation
    lessons = {(cell.lesson.n, cell.lesson.draw) for cell in found}
    assert lessons == {(n, draw) for n in (8, 16, 32) for draw in range(5)}
    assert {cell.detector for cell in found} == {"linear-pixel", "sentinel-content"}
    assert {cell.generator for cell in found} == {"a", "b"}, "controls are asked nothing"
    assert len(found) == 2 * 2 * 3 * 5
    assert len({cell.trained.key for cell in found}) == len({cell.name for cell in found}) == len(found)
    assert all(cell.lesson.sources == ((cell.generator, cell.generator_seed),) for cell in found)


def test_sizes_and_draws_are_options_and_all_images_are_the_usual_cell() -> None:
    given = {"learning_curve": {"sizes": [60, 20, 10], "draws": 6}}
    lessons = {(cell.lesson.n, cell.lesson.draw) for cell in cells(question=given)}
    assert lessons == {(n, draw) for n in (10, 20) for draw in range(6)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sizes": [8, 61]}, "Expected at most 60 of each side. Received: 61."),
        ({"sizes": [3]}, "'question.learning_curve.sizes.0' in the spec is not usable: input should be greater"),
        ({"sizes": []}, "'question.learning_curve.sizes' in the spec is not usable"),
        ({"sizes": [8, 8]}, "each size may stand there once"),
        ({"sizes": [8.5]}, "Received: 8.5"),
        ({"draws": 4}, "greater than or equal to 5. Received: 4"),
        ({"size": [8]}, "Unknown key 'size' of [question.learning_curve]"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(given: dict, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as told:
        cells(question={"learning_curve": given})
    assert "\n" not in str(told.value)


def test_a_smoke_run_has_what_its_parts_hold() -> None:
    given = {"learning_curve": {"sizes": [8, 16, 40, 500]}}
    dataset = {"name": "digits"}
    assert {cell.lesson.n for cell in cells(dataset, smoke=True, question=given)} == {8, 40}


def test_images_are_counted_only_where_the_spec_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "count", None)
    parts = {"detector-train": 30, "detector-validation": 40}
    assert {cell.lesson.n for cell in cells(protocol={"parts": parts})} == {8, 16, 32, 64}
    assert cells(ask="own") == []


def test_official_parts_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "_counts", {})
    monkeypatch.setattr(preparation, "count", lambda *_: {"train": 100, "test": 500})
    assert {cell.lesson.n for cell in cells()} == {8, 16}  # of 30
