"""What a detector learns from: one generator or all of them, and what else it is given."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import benchmark
from benchmark.plan import planner as planning
from benchmark.plan import specs
from benchmark.plugins import adapt
from benchmark.stages import line as stages
from benchmark.stages import mixed
from benchmark.stages.bank import Labelled
from data.errors import UserError

GENERATORS = [{"kind": "dcgan", "id": "one", "architecture": "small"}, {"kind": "gaussian"}]
NEEDY = """
class Needy:
    needs = ("extractor", "discriminator")
    def fit(self, images, is_fake, *, extractor, discriminator):
        return self
    def decision_function(self, images):
        return images[:, 0, 0, 0]
"""


def planned(detectors, generators=GENERATORS, base=None, **changes):
    values = {"dataset": {"name": "digits"}, "generator": generators, "detector": detectors, **changes}
    return planning.plan(specs.parse(values), folders=[], base=base)


def test_a_detector_of_all_generators_is_trained_once_and_tested_on_each():
    plan = planned([{"kind": "linear-pixel", "train_on": "all"}])
    cells = [cell for cell in plan.cells if cell.detector == "linear-pixel-all"]
    assert [cell.generator for cell in cells] == ["one", "gaussian", "real-copy", "noise"]
    assert {cell.lesson.name for cell in cells} == {"all"}
    assert len({cell.trained.key for cell in cells}) == 1
    banks = {stage.key for name, stage in cells[0].trained.inputs.items() if name.startswith("bank ")}
    assert banks == {plan.banks["one", 0].key, plan.banks["gaussian", 0].key}


def test_with_several_seeds_each_detector_learns_from_the_trainings_of_one():
    plan = planned([{"kind": "linear-pixel", "train_on": "all"}], protocol={"generator_seeds": [0, 1]})
    cells = [cell for cell in plan.cells if cell.detector == "linear-pixel-all"]
    assert len({cell.trained.key for cell in cells}) == 2
    assert all(cell.trained.name.endswith(f"seed {cell.generator_seed}") for cell in cells)


def test_the_order_of_the_generators_changes_no_key():
    detectors = [{"kind": "linear-pixel", "train_on": "all"}]
    there, back = (planned(detectors, order) for order in (GENERATORS, GENERATORS[::-1]))
    assert {s.name: s.key for s in there.stages} == {s.name: s.key for s in back.stages}


def test_controls_alone_are_nothing_to_learn_from():
    with pytest.raises(UserError, match="controls only"):
        planned([{"kind": "linear-pixel", "train_on": "all"}], [])


def test_what_a_detector_needs_is_planned_before_it_and_only_where_it_can_be(tmp_path):
    (tmp_path / "needy.py").write_text(NEEDY)
    plan = planned([{"kind": "needy.py:Needy"}], base=tmp_path)
    cells = [cell for cell in plan.cells if cell.detector == "needy.py:Needy"]
    assert [cell.generator for cell in cells] == ["one"]  # the others have no discriminator
    assert {"extractor", "discriminator"} <= set(cells[0].trained.inputs)
    order = [stage.key for stage in plan.stages]
    at = order.index(cells[0].trained.key)
    assert all(order.index(stage.key) < at for stage in cells[0].trained.inputs.values())


@pytest.mark.parametrize(
    ("generators", "detector", "message"),
    [
        ([{"kind": "gaussian"}], {}, "Expected a generator of kind dcgan, without a condition"),
        (GENERATORS, {"train_on": "all"}, "Expected a generator of kind dcgan, without a condition"),
        ([], {}, "Expected a generator that trains"),
    ],
)
def test_needs_that_nothing_can_meet_are_refused(generators, detector, message, tmp_path):
    (tmp_path / "needy.py").write_text(NEEDY)
    with pytest.raises(UserError, match=message):
        planned([{"kind": "needy.py:Needy", **detector}], generators, tmp_path)


def test_an_unknown_need_is_refused(tmp_path):
    (tmp_path / "needy.py").write_text(NEEDY.replace('"extractor"', '"oracle"'))
    plan = planned([{"kind": "needy.py:Needy"}], base=tmp_path)
    (row,) = [row for row in plan.detectors if row.id == "needy.py:Needy"]
    assert "must be a tuple of names out of extractor, discriminator. Received: ('oracle'," in str(row.about.broken)
    assert all(stage.where["broken"] == row.about.broken for stage in plan.stages if "needy.py:Needy" in stage.name
               and stage.function == "train_detector")  # fmt: skip


def test_an_equal_share_of_every_bank_and_as_many_fakes_as_reals(monkeypatch, tmp_path):
    def labelled(folder, images, ledger, part):
        level, n = int(folder.name), 10
        pictures = np.concatenate([np.zeros((n, 2, 2, 1)), np.full((n, 2, 2, 1), level)]).astype(np.uint8)
        is_fake = np.arange(2 * n) >= n
        names = [f"{'fake' if fake else 'real'}/{i}" for i, fake in enumerate(is_fake)]
        units = np.r_[:n, [0, 0, *range(n, 2 * n - 2)]]  # two fakes are made from a real image
        return Labelled(pictures, is_fake, pd.DataFrame({"image_id": names, "is_fake": is_fake, "unit": units}))

    monkeypatch.setattr(mixed, "labelled", labelled)
    banks = {f"bank {i}": tmp_path / str(i + 1) for i in range(3)}
    reals = SimpleNamespace(n=10)
    got = mixed.lesson(banks, reals, None, "test", 0)
    assert (~got.is_fake).sum() == got.is_fake.sum() == 10
    np.testing.assert_array_equal(np.bincount(got.images[got.is_fake][:, 0, 0, 0])[1:], [3, 3, 4])
    assert not got.images[~got.is_fake].any()
    assert got.index["image_id"].is_unique
    own = got.index["unit"][got.index["unit"] >= 10]
    assert own.is_unique, "banks number the units of their fakes alike"
    assert len(own) >= 4
    again, other = (mixed.lesson(banks, reals, None, "test", seed) for seed in (0, 1))
    pd.testing.assert_frame_equal(got.index, again.index)
    assert not got.index.equals(other.index)


@pytest.mark.slow
@pytest.mark.parametrize("low", [-1, 0])
def test_a_discriminator_gets_images_in_its_own_range(low, monkeypatch, tmp_path):
    import keras

    class Trained:
        image_range = (low, 1)

        def plain_networks(self):
            images = keras.Input((4, 4, 1))
            return {"discriminator": (keras.Model(images, keras.layers.Flatten()(images)[:, :1]), "")}

    monkeypatch.setattr(stages.adapt, "load", lambda generator, folder: Trained())
    monkeypatch.setattr(stages, "instance", lambda group, job: None)
    monkeypatch.setattr(stages, "Checkpoints", lambda folder: SimpleNamespace(folder=lambda name: tmp_path))
    job = SimpleNamespace(inputs={"trained": tmp_path}, folder=tmp_path)
    stages.discriminator(job)
    network = keras.saving.load_model(tmp_path / "discriminator.keras", safe_mode=True)
    given = np.array([-1, 0, 1], np.float32)
    answers = np.asarray(network(np.broadcast_to(given[:, None, None, None], (3, 4, 4, 1))))[:, 0]
    np.testing.assert_allclose(answers, [low, (low + 1) / 2, 1])


@pytest.mark.slow
def test_what_it_needs_reaches_fit(tmp_path):
    (tmp_path / "needy.py").write_text(
        NEEDY.replace("        return self\n    def d", "        self.seen = [extractor, discriminator]\n"
        "        assert (extractor / 'extractor.npz').exists() and discriminator.suffix == '.keras'\n"
        "        import keras\n        keras.saving.load_model(discriminator, safe_mode=True)\n"
        "        return self\n    def d")
    )  # fmt: skip
    small = {"kind": "dcgan", "id": "one", "architecture": "small", "epochs": 1, "width": 4}
    rows = {"generator": [small], "detector": [{"kind": f"{tmp_path}/needy.py:Needy"}]}
    values = {"dataset": {"name": "digits", "limit": 300}, **rows}
    run = benchmark.run(specs.parse(values), out=tmp_path / "run")
    cells = run.cells[run.cells["detector"].str.contains("Needy")]
    assert list(cells["status"]) == ["done"], run.failures


def test_each_image_is_scored_once():
    class Counts:
        seen = 0

        def decision_function(self, images):
            self.seen += len(images)
            return images.mean(axis=(1, 2, 3))

        def probability_of(self, scores):
            return scores / 255

        def predict_proba(self, images):
            fake = self.probability_of(self.decision_function(images))
            return np.column_stack([1 - fake, fake])

        def fit(self, images, is_fake): ...

    images = np.arange(5, dtype=np.uint8).repeat(64).reshape(5, 8, 8, 1)
    detector = adapt.DetectorAdapter(Counts())
    found = stages._scored(Labelled(images, np.arange(5) > 2, pd.DataFrame({"is_fake": np.arange(5) > 2})), detector)
    assert detector.detector.seen == 5
    assert list(found["score"]) == [0, 1, 2, 3, 4]
    assert list(found["probability"]) == [score / 255 for score in range(5)]
