"""A smoke run reads and deals no more images than it needs, and refuses what a whole run refuses."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.execute.state import _refused
from benchmark.plan import ladder, planner, preparation, specs
from benchmark.plan.preparation import SMOKE_IMAGES, SMOKE_PARTS
from benchmark.stages.line import _fewer
from benchmark.use import api
from data.errors import UserError
from data.few_steps import FEW_STEPS
from data.imageset import ImageSet
from data.ledger import split

DCGAN = {"kind": "dcgan", "architecture": "small"}


def options(dataset: dict, smoke: bool = True, **protocol) -> dict:
    spec = specs.parse({"dataset": dataset, "generator": [DCGAN], "protocol": protocol})
    return api.make_plan(spec, smoke=smoke).prepared.params["options"]


def test_a_source_in_no_order_reads_its_first_images():
    assert options({"name": "digits"})["limit"] == SMOKE_IMAGES
    assert options({"name": "digits", "limit": 300})["limit"] == 300
    assert options({"name": "digits", "limit": 1000})["limit"] == SMOKE_IMAGES
    assert "limit" not in options({"name": "digits"}, smoke=False)


def test_counted_parts_are_compared_with_all_images():
    assert "limit" not in options({"name": "digits"}, parts={"test": 500})


def test_one_bank_is_looked_through_for_traces():
    spec = specs.load("digits")
    for smoke, looked in ((True, 1), (False, 2)):
        banks = api.make_plan(spec, smoke=smoke).banks
        mains = [stage for (name, _), stage in banks.items() if name in ("nearest", "transposed")]
        assert sum(stage.params.get("traces", True) for stage in mains) == looked
    kinds = [{stage.function for stage in api.make_plan(spec, smoke=smoke).stages} for smoke in (True, False)]
    assert kinds[0] == kinds[1]  # each is tried all the same


@pytest.mark.parametrize(("preset", "climbs"), [*((name, False) for name in specs.presets()), ("cifar10-dog", True)])
def test_every_training_of_a_preset_is_of_few_steps(preset, climbs):
    """None is of more steps than are done without a graph, which takes seconds for each network to be made."""
    spec = ladder.climbed(specs.load(preset))[0] if climbs else specs.load(preset)
    generators, detectors = planner._rows(spec, None, True)
    parts = preparation.smoke_parts(generators)
    assert sum(parts.values()) <= 200
    for row in (*generators, *detectors):
        assert row.options.get("epochs", 1) == 1, row.id
    for row in generators:
        assert parts["generator-train"] // (row.options.get("batch_size") or preparation.BATCH) <= FEW_STEPS
    for row in detectors:
        learned = len(generators) if row.train_on == "all" else 1
        batch = row.options.get("batch_size", 64) // 2
        assert learned * -(-parts["detector-train"] // batch) <= FEW_STEPS
    assert len(generators) * len(detectors) <= (200 if climbs else 63)


def image_set(n: int, tests: int) -> ImageSet:
    images = np.random.default_rng(0).integers(0, 256, (n, 8, 8, 1), np.uint8)
    official = np.where(np.arange(n) < n - tests, "train", "test")
    ids = np.array([f"{at:05d}" for at in range(n)])
    return ImageSet("made", images, np.zeros(n, np.int64), ids, ("one",), official=official)


def test_few_of_each_official_part_are_taken():
    few, parts = _fewer(image_set(5000, 1000), None, SMOKE_PARTS, 0)
    taken = {name: (few.official == name).sum() for name in ("train", "test")}
    assert taken == {"train": 160, "test": 40}, "a quarter more than the parts need"
    assert np.all(few.ids[:-1] < few.ids[1:])
    dealt = split(few, parts=parts).counts
    assert all(SMOKE_PARTS[part] <= n < 1.3 * SMOKE_PARTS[part] for part, n in dealt.items())
    few, parts = _fewer(image_set(5000, 30), {"generator-train": 3000, "detector-train": 0.1}, SMOKE_PARTS, 0)
    assert {name: (few.official == name).sum() for name in ("train", "test")} == {"train": SMOKE_IMAGES, "test": 30}
    assert parts == {"generator-train": SMOKE_PARTS["generator-train"], "detector-train": 0.1}


def test_sets_of_few_images_are_dealt_as_far_as_they_go():
    few, parts = _fewer(image_set(60, 0), None, SMOKE_PARTS, 0)
    assert few.n == 60
    assert min(split(few, parts=parts).counts.values()) >= 6


@pytest.mark.parametrize(
    ("options", "images"),
    [({}, 80), ({"batch_size": 200}, 200), ({"batch_size": 40, "discriminator_steps": 5}, 200)],
    ids=["default", "batch", "steps"],
)
def test_a_generator_has_the_images_of_a_step(options, images):
    spec = specs.parse({"dataset": {"name": "digits"}, "generator": [DCGAN | options]})
    assert api.make_plan(spec, smoke=True).prepared.params["smoke"]["generator-train"] == images
    assert api.make_plan(spec).prepared.params["smoke"] is False


def test_more_images_than_there_are_are_refused_as_in_a_whole_run():
    with pytest.raises(UserError, match="ask for 6,000 images"):
        _fewer(image_set(5000, 1000), {"generator-train": 6000}, SMOKE_PARTS, 0)


@pytest.mark.parametrize("smoke", [False, True])
def test_sizes_that_the_whole_network_refuses_are_refused(smoke):
    spec = specs.parse({"dataset": {"name": "digits"}, "generator": [{"kind": "flow"}]})
    (row,) = [one for one in api.make_plan(spec, smoke=smoke).generators if one.id == "flow"]
    assert (row.options.get("depth") == 1) is smoke
    assert "18" in _refused(row, (18, 18, 3)), "two halvings make 9 of it, and then no more"
    assert _refused(row, (16, 16, 3)) is None
