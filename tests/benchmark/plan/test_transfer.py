"""The question `transfer`: who teaches whom, by parts, and which parts the rows of a spec allow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmark.cli import plan_words
from benchmark.plan import planner, specs
from benchmark.plan.planner import Plan
from benchmark.plan.stage import Stage
from data.errors import UserError


def plan(names: str = "CAB", seeds: tuple[int, ...] = (0,), parts: list[str] | None = None, **values: Any) -> Plan:
    rows = [{"kind": "gaussian", "id": name, "components": ord(name)} for name in names]
    options = {} if parts is None else {"question": {"transfer": {"parts": parts}}}
    given = {
        "dataset": {"name": "digits"}, "generator": rows, "detector": [{"kind": "linear-pixel"}],
        "quality": {"enabled": False}, "protocol": {"ask": ["transfer"], "generator_seeds": list(seeds)},
    }  # fmt: skip
    return planner.plan(specs.parse(given | options | values), folders=[])


def asked(given: Plan) -> list[str]:
    """Lesson and exam of each cell of one detector, by the names of the training runs."""
    cells = [cell for cell in given.cells if cell.question == "transfer" and cell.detector == "linear-pixel"]
    return [
        f"{'+'.join(f'{a}{s}' for a, s in cell.lesson.sources)} > {cell.generator}{cell.generator_seed}"
        for cell in cells
    ]


def test_each_configuration_teaches_every_other_one() -> None:
    assert asked(plan(parts=["pairs"])) == ["A0 > C0", "B0 > C0", "C0 > A0", "B0 > A0", "C0 > B0", "A0 > B0"]


def test_all_others_teach_the_one_left_out() -> None:
    assert asked(plan(parts=["leave-one-out"])) == ["A0+B0 > C0", "B0+C0 > A0", "A0+C0 > B0"]


def test_the_list_is_taken_as_time() -> None:
    assert asked(plan("CABD", parts=["next"])) == ["C0 > A0", "A0+C0 > B0", "A0+B0+C0 > D0"]


def test_every_run_teaches_once_and_is_tested_after_another_one_of_its_configuration() -> None:
    assert asked(plan("A", (3, 1, 2), ["runs"])) == ["A2 > A3", "A3 > A1", "A1 > A2"]


def test_seeds_stay_together_and_what_two_parts_ask_is_asked_once() -> None:
    assert asked(plan("AB", (0, 1))) == [
        "B0 > A0", "A1 > A0", "B1 > A1", "A0 > A1", "A0 > B0", "B1 > B0", "A1 > B1", "B0 > B1"
    ]  # fmt: skip


def test_controls_and_detectors_that_learn_from_all_are_asked_nothing() -> None:
    rows = [{"kind": "linear-pixel"}, {"kind": "linear-dct", "train_on": "all"}]
    cells = [cell for cell in plan(detector=rows).cells if cell.question == "transfer"]
    assert {cell.detector for cell in cells} == {"linear-pixel", "sentinel-content"}
    assert {cell.generator for cell in cells} == set("ABC")


def test_another_order_of_the_spec_trains_nothing_anew() -> None:
    keys = [{cell.trained.key for cell in plan(names, parts=["leave-one-out"]).cells} for names in ("CAB", "BAC")]
    assert keys[0] == keys[1]


def test_what_the_rows_do_not_allow_is_left_out_unless_it_is_asked_for_by_name() -> None:
    assert asked(plan("A")) == []
    assert not any("+" in one for one in asked(plan("AB")))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"names": "A", "parts": ["pairs"]}, "'pairs' among parts of [question.transfer] needs two generators or more"),
        ({"names": "A", "parts": ["next"]}, "that are no controls. Received: A."),
        ({"parts": ["pairs", "runs"]}, "needs two seeds or more in generator_seeds of [protocol]. Received: [0]."),
        ({"parts": ["pair"]}, "input should be 'pairs', 'leave-one-out', 'next' or 'runs'. Received: 'pair'"),
        ({"parts": []}, "'question.transfer.parts' in the spec is not usable"),
        ({"question": {"transfer": {"part": ["runs"]}}}, "Unknown key 'part' of [question.transfer]"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as told:
        plan(**values)
    assert "\n" not in str(told.value)


def test_finished_images_have_no_unseen_training_run(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "one.png")
    row = [{"kind": "folder", "id": "A", "path": str(tmp_path)}]
    with pytest.raises(UserError, match="Received: finished images and controls only"):
        plan(seeds=(0, 1), parts=["runs"], generator=row)


def test_a_generator_may_not_be_called_as_a_lesson_is() -> None:
    rows = [{"kind": "gaussian", "id": name} for name in ("A", "B", "all-but-A")]
    with pytest.raises(UserError, match=r"calls a lesson 'all-but-A'[.] Give the generator of this id another"):
        plan(generator=rows)


def test_stages_are_planned_once_for_all_cells_that_share_them(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    known = Stage.key.func

    def key(stage: Stage) -> str:
        made.append(stage.function)
        return known(stage)

    monkeypatch.setattr(Stage.key, "func", key)
    given = plan("ABCD")
    assert len(given.stages) == len({stage.key for stage in given.stages})
    assert made.count("train_detector") == len({cell.trained.key for cell in given.cells}) + 2  # before-D: all-but-D


def test_a_plan_says_how_many_cells_each_question_has() -> None:
    assert list(plan_words._beside(plan())) == ["Question transfer: 20 cells, 6 more trainings of detectors."]
    assert list(plan_words._beside(plan("A"))) == ["Question transfer: no cells of its own."]
    assert not list(plan_words._beside(plan(protocol={})))
