"""Robustness asks each detector after each perturbation, with and without it in training, and after preprocessing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.cli import plan_words
from benchmark.plan import planner as planning
from benchmark.plan import resolution, specs
from benchmark.plan.planner import Plan
from benchmark.store.store import Store
from data.errors import UserError

VALUES = {
    "dataset": {"name": "digits"},
    "generator": [{"kind": "gaussian"}],
    "detector": [{"kind": "linear-pixel"}, {"kind": "features-knn"}, {"kind": "linear-dct", "train_on": "all"}],
}
TWO = ["jpeg-75", "noise-4"]


def planned(smoke: bool = False, **options: object) -> Plan:
    values = VALUES | {"protocol": {"ask": ["robustness"]}, "question": {"robustness": options}}
    return planning.plan(specs.parse(values), folders=[], smoke=smoke)


def asked(plan: Plan, detector: str = "linear-pixel") -> list[tuple[str, str]]:
    """What was done to the lesson, and to the exam."""
    mine = [cell for cell in plan.cells if cell.question == "robustness" and cell.detector == detector]
    return [(cell.lesson.perturbation, cell.exam.perturbation) for cell in mine]


def test_every_perturbation_is_asked_with_and_without_it_in_training() -> None:
    plan = planned(perturbations=TWO)
    assert asked(plan) == [
        ("none", "jpeg-75"), ("jpeg-75", "jpeg-75"), ("none", "noise-4"), ("noise-4", "noise-4")
    ]  # fmt: skip
    assert asked(planned(perturbations=TWO, train=["none"])) == [("none", "jpeg-75"), ("none", "noise-4")]
    usual = next(cell for cell in plan.cells if cell.question == "own" and cell.detector == "linear-pixel")
    clean = [cell for cell in plan.cells if cell.lesson.perturbation == "none" and cell.detector == "linear-pixel"]
    assert {cell.trained.key for cell in clean if cell.generator == "gaussian"} == {usual.trained.key}, "not again"
    assert {cell.detector for cell in plan.cells if cell.question == "robustness"} == {
        "linear-pixel", "features-knn", "sentinel-content"
    }, "no sentinel of formats, and no detector that learned from all"  # fmt: skip
    assert not any(cell.control for cell in plan.cells if cell.question == "robustness")


def test_by_default_common_kinds_are_asked_from_weak_to_strong() -> None:
    found = [exam for lesson, exam in asked(planned()) if lesson == "none"]
    assert len(found) == len(set(found)) == 12
    assert {name.partition("-")[0] for name in found} == {
        "jpeg", "blur", "noise", "resize", "crop", "contrast", "social"
    }  # fmt: skip
    assert asked(planned(smoke=True)) == [("none", "jpeg-90"), ("jpeg-90", "jpeg-90")]


def test_preprocessing_is_done_to_all_that_the_detector_sees_after_everything_else() -> None:
    plan = planned(perturbations=["jpeg-75"], preprocess=["none", "cut-0.75"])
    assert asked(plan) == [
        ("none", "jpeg-75"), ("jpeg-75", "jpeg-75"), ("cut-0.75", "cut-0.75"),
        ("cut-0.75", "jpeg-75+cut-0.75"), ("jpeg-75+cut-0.75", "jpeg-75+cut-0.75"),
    ]  # fmt: skip
    assert asked(plan, "features-knn") == asked(plan)[:2], "an extractor takes one size"
    assert len(asked(planned(perturbations=["jpeg-75"], preprocess=["crop-0.75"]), "features-knn")) == 3


def test_a_cell_that_can_be_named_in_two_ways_is_asked_once() -> None:
    plan = planned(perturbations=["blur-1"], preprocess=["none", "blur-1"])
    names = [cell.name for cell in plan.cells]
    assert len(names) == len(set(names))
    assert asked(plan).count(("blur-1", "blur-1")) == 1


def test_detectors_that_only_know_scores_of_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text(
        "class Theirs:\n    scores_new_images = False\n"
        "    def fit(self, images, is_fake):\n        return self\n"
        "    def decision_function(self, images):\n        return images[:, 0, 0, 0]\n"
    )
    values = VALUES | {"detector": [{"kind": f"{tmp_path / 'theirs.py'}:Theirs", "id": "theirs"}]}
    values |= {"protocol": {"ask": ["robustness"]}}
    plan = planning.plan(specs.parse(values), folders=[])
    assert asked(plan, "theirs") == []
    assert asked(plan, "sentinel-content")


def test_the_plan_says_what_it_costs(tmp_path: Path) -> None:
    plan = planned(perturbations=TWO)
    said = list(plan_words.summary(plan, Store(tmp_path), resolution.of(plan, Store(tmp_path))))
    assert "Question robustness: 12 cells, 6 more trainings of detectors." in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"perturbations": []}, "should have at least 1 item"),
        ({"perturbations": ["jpeg-0"]}, "must be a whole number from 1 to 100. Received: 0."),
        ({"perturbations": ["noise-101"]}, "must be a number from 0 to 100. Received: 101."),
        ({"perturbations": ["blurr-1"]}, "nknown perturbation 'blurr'. Did you mean 'blur'?"),
        ({"perturbations": ["none"]}, "'none' is what all others are compared with"),
        ({"perturbations": ["jpeg-75", "scale-0.5"]}, "'scale-0.5' gives images another size"),
        ({"perturbations": ["blur-1", "blur-1.0"]}, "'blur-1' stands there 2 times"),
        ({"perturbations": "jpeg-75"}, "should be a valid list"),
        ({"train": ["both"]}, "'none' or 'same'. Received: 'both'"),
        ({"train": ["same", "same"]}, "'same' stands there 2 times"),
        ({"preprocess": ["cut-1.5"]}, "must be a number from 0.1 to 1. Received: 1.5."),
        ({"preprocess": []}, "should have at least 1 item"),
        ({"preproces": ["none"]}, "Did you mean 'preprocess'?"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(options: dict, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as told:
        planned(**options)
    assert "\n" not in str(told.value)
