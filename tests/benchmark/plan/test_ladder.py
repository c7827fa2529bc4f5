"""The ladder: which rungs are added to which spec."""

from __future__ import annotations

import pytest

import benchmark
from benchmark.plan import ladder, specs
from benchmark.plan.spec import models
from benchmark.plugins import resolve as plugins

DCGAN = {"kind": "dcgan", "architecture": "small", "epochs": 1, "width": 4}


def spec(generators, detectors=()):
    return specs.parse({"dataset": {"name": "digits"}, "generator": generators, "detector": list(detectors)})


def names(one):
    return [row.id for row in one.detector]


def test_every_rung_resolves_and_takes_its_options():
    for row in ladder.rungs():
        plugins.make(plugins.resolve("detectors", row.kind), row.options, 0)


def test_every_built_in_detector_is_on_it_but_those_that_need_files_and_the_sentinels():
    own = {"sentinel-format", "sentinel-content", "backbone", "external"}
    assert {row.kind for row in ladder.rungs()} == set(plugins.builtins("detectors")) - own


def test_a_built_in_detector_that_the_file_does_not_name_is_the_last_rung(monkeypatch):
    known = plugins.builtins("detectors")
    monkeypatch.setattr(plugins, "builtins", lambda group: {"another": known["cnn"], **known})
    assert [row.kind for row in ladder.rungs()][-2:] == ["cnn", "another"]


def test_what_a_spec_has_stays_as_it_is():
    before = spec([DCGAN], [{"kind": "cnn", "epochs": 3}])
    after, notes = ladder.climbed(before)
    assert after.detector[: len(before.detector)] == before.detector
    assert names(after).count("cnn") == 1
    assert "cnn-all" in names(after)
    assert ladder.climbed(after) == (after, notes)


@pytest.mark.parametrize(
    ("generators", "missing"),
    [
        ([DCGAN], set()),
        ([DCGAN | {"condition": "labels"}], {"discriminator"}),
        ([{"kind": "gaussian"}], {"discriminator"}),
        ([{"kind": "folder", "path": "x"}], {"discriminator", "features-knn", "features-linear"}),
        ([], {"discriminator", "features-knn", "features-linear", "cnn-all"}),
    ],
)
def test_only_what_the_generators_allow_and_the_rest_is_named(generators, missing):
    every = {row.id for row in ladder.rungs()} - {"patch-9", "patch-17"}
    after, notes = ladder.climbed(spec(generators))
    assert every - set(names(after)) == missing
    for name in missing:
        assert sum(f"'{name}':" in note for note in notes) == 1
    assert len(notes) == len(missing) + 2


@pytest.mark.parametrize(
    ("dataset", "left_out"),
    [
        ({"name": "digits"}, {"patch-9", "patch-17"}),
        ({"name": "celeba", "size": 16}, {"patch-17"}),
        ({"name": "celeba"}, set()),
        ({"name": "cifar10"}, set()),
    ],
)
def test_images_that_are_known_to_be_too_small(dataset, left_out):
    one = specs.parse({"dataset": dataset, "generator": [DCGAN]})
    assert {row.id for row in ladder.rungs()} - set(names(ladder.climbed(one)[0])) == left_out


@pytest.mark.slow
def test_every_rung_runs(tmp_path, monkeypatch):
    monkeypatch.setitem(models.ADDED, "generator", ())  # one generator says whether a rung runs
    one = spec([DCGAN])
    run = benchmark.run(one, out=tmp_path / "run", ladder=True, smoke=True)
    assert run.failures == []
    assert set(run.cells["detector"]) == set(names(ladder.climbed(one)[0]))
    networks = run.cells[run.cells["parameters"].notna()]
    assert {"cnn", "npr-published", "patch-5", "resnet-wang", "cnn-all"} <= set(networks["detector"])
