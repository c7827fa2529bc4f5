"""A smoke run asks as much as shows that everything works: every detector, generator and question, not all of each."""

from __future__ import annotations

import pytest

from benchmark.plan import ladder, specs
from benchmark.plan.planner import Plan
from benchmark.use import api

FLOW = {"kind": "flow", "epochs": 50}


def planned(
    generators: list[dict], detectors: list[str], *, climbs: bool = False, smoke: bool = True, **protocol
) -> Plan:
    values = {"dataset": {"name": "digits"}, "generator": generators, "protocol": protocol}
    spec = specs.parse(values | {"detector": [{"kind": kind} for kind in detectors]})
    return api.make_plan(ladder.climbed(spec)[0] if climbs else spec, smoke=smoke)


def usual(plan: Plan, detector: str) -> list[tuple[str, int, int]]:
    """Returns what a detector is tried on: generator, its seed, and the detector's."""
    return [(one.generator, one.generator_seed, one.detector_seed) for one in plan.cells if one.detector == detector]


def test_detectors_but_the_first_are_tried_where_the_first_is():
    generators = [{"kind": "gaussian", "id": name} for name in "abcd"]
    detectors = ["linear-pixel", "linear-dct", "linear-fft", "cnn", "sentinel-content"]
    plan = planned(generators, detectors, generator_seeds=[5, 6, 7], detector_seeds=[1, 2])
    repeated, once = [*"ab", "real-copy", "noise"], [*"cd"]
    runs = {(name, seed) for name in repeated for seed in (5, 6)} | {(name, 5) for name in once}
    assert {(name, seed) for name, seed, _ in usual(plan, "linear-pixel")} == runs == set(plan.splits[0].trainings)
    assert len(usual(plan, "linear-pixel")) == 2 * len(runs), "the first: all, with each of its seeds"
    assert usual(plan, "linear-dct") == usual(plan, "linear-fft") == [("a", 5, 1), ("noise", 5, 1)]
    assert usual(plan, "cnn") == [("a", 5, 1)], "a network learns from noise as from anything else"
    controls = [("real-copy", 5, 1), ("noise", 5, 1)]
    assert usual(plan, "sentinel-content") == [*((name, 5, 1) for name in "ab"), *controls]
    whole = planned(generators, detectors, smoke=False, generator_seeds=[5, 6, 7], detector_seeds=[1, 2])
    assert len(whole.cells) == 6 * 3 * 6 * 2


def test_every_question_is_asked_of_two_generators():
    generators = [{"kind": "gaussian", "id": name} for name in "abc"]
    plan = planned(generators, ["linear-pixel", "linear-dct"], generator_seeds=[5, 6], ask=["all"])
    asked = {}
    for one in plan.cells:
        if one.question != "own":
            assert (one.detector, one.exam.generator_seed) == ("linear-pixel", 5)
            asked.setdefault(one.question, set()).add((one.generator, one.lesson.id in ("a/5", "b/5", "c/5")))
    assert asked["learning_curve"] == {("a", False)}, "of the first alone: a detector learns for each once more"
    assert asked["robustness"] == {("a", False), ("a", True), ("b", True)}
    assert max(one.lesson.draw for one in plan.cells) == 1, "two draws of so many images"
    pairs = {(one.lesson.id, one.generator) for one in plan.cells if one.question == "transfer"}
    assert pairs >= {("a/5", "b"), ("b/5", "a"), ("all-but-a/5", "a")}, "who made it, and what carries over"
    assert not any(lesson == "c/5" for lesson, _ in pairs)


def test_where_no_detector_learns_from_each_generator_all_are_tried_on_controls():
    values = {"dataset": {"name": "digits"}, "generator": [{"kind": "gaussian"}]}
    spec = specs.parse(values | {"detector": [{"kind": "linear-pixel", "train_on": "all"}]})
    assert [on for on, *_ in usual(api.make_plan(spec, smoke=True), "linear-pixel-all")] == [
        "gaussian",
        "real-copy",
        "noise",
    ]


@pytest.mark.parametrize("detectors", [["linear-pixel", "linear-dct"], ["sentinel-content"]])
def test_one_detector_is_asked_for_other_scores(detectors):
    generators = [{"kind": "gaussian", "id": name} for name in "ab"]
    plan = planned(generators, detectors)
    for function in ("gap", "format_bias"):
        (one,) = [stage.name for stage in plan.stages if stage.function == function]
        assert one == f"{function} {detectors[0]} seed 0 on a seed 0"
        whole = planned(generators, detectors, smoke=False).stages
        assert len([stage for stage in whole if stage.function == function]) == 2 * len(detectors)


def test_networks_are_small():
    """But for what an architecture fixes, what a grid tells rows apart by, and what another run's networks go into."""
    dcgan = {"kind": "dcgan", "architecture": "small"}
    generators = [
        dcgan,
        dcgan | {"id": "narrow", "width": 4},
        FLOW,
        {"kind": "dcgan", "id": "fixed", "architecture": "mnist-1d"},
    ]
    generators.append(dcgan | {"id": "of-a-grid", "grid": {"width": [16, 32]}})
    for smoke in (False, True):
        rows = planned(generators, ["linear-pixel"], smoke=smoke).generators
        of = {row.id: [row.options.get(name) for name in ("width", "discriminator_width", "depth")] for row in rows}
        if smoke:
            assert (of["dcgan"], of["narrow"], of["flow"]) == ([8, 8, 1], [4, 8, 1], [8, None, 1])
            assert {tuple(wide) for name, wide in of.items() if "grid" in name} == {(16, 8, 1), (32, 8, 1)}
        assert of["fixed"] == [None] * 3
        assert smoke or of["dcgan"] == of["flow"] == [None] * 3


def test_a_rung_is_tried_on_the_first_generator_that_it_can_be_tried_on():
    generators = [FLOW, {"kind": "dcgan", "architecture": "small"}, {"kind": "gaussian"}]
    plan = planned(generators, ["linear-pixel", "linear-dct"], climbs=True)
    names = {row.id for row in plan.detectors}
    tried = {name: [generator for generator, *_ in usual(plan, name)] for name in names}
    assert tried.pop("discriminator") == ["dcgan"], "a flow has none"
    assert len(tried.pop("linear-pixel")) == 5
    assert tried.pop("linear-dct")[1:] == ["noise"], "a detector of the spec is no rung"
    sentinels = {"sentinel-format", "sentinel-content"}
    rungs = {name: on for name, on in tried.items() if name not in sentinels}
    assert len(rungs) > 10
    assert all(on == ["flow"] for on in rungs.values()), rungs
    assert len(usual(planned(generators, ["linear-pixel"], climbs=True, smoke=False), "resnet")) == 5


@pytest.mark.parametrize(("given", "left"), [({}, 4), ({"steps": 2}, 2), ({"steps": 50}, 4)])
def test_a_flow_goes_its_way_in_few_steps(given, left):
    plan = planned([FLOW | given], ["linear-pixel"])
    (bank,) = [one for (name, _), one in plan.banks.items() if name == "flow"]
    assert bank.params["options"]["steps"] == left
    (trained,) = [one for (name, _), one in plan.splits[0].trainings.items() if name == "flow"]
    assert trained.params["options"]["steps"] == 4, "for all rows, so that they share a training"
    whole = planned([FLOW | given], ["linear-pixel"], smoke=False)
    (trained,) = [one for (name, _), one in whole.splits[0].trainings.items() if name == "flow"]
    assert "steps" not in trained.params["options"]
