from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import UserError
from data.imageset import ImageSet
from data.ledger import PARTS, Ledger, check_ledger, split


def noise(labels: list[int], groups: list[int] | None = None, official: list[str] | None = None) -> ImageSet:
    n = len(labels)
    return ImageSet(
        name="noise",
        images=np.random.default_rng(n).integers(0, 256, (n, 8, 8, 1), dtype=np.uint8),
        labels=np.array(labels, np.int64),
        ids=np.array([f"{i:05d}" for i in range(n)], str),
        classes=("a", "b", "c"),
        groups=None if groups is None else np.array(groups, np.int64),
        official=None if official is None else np.array(official, str),
    )


SETS = st.integers(30, 200).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.none() | st.lists(st.integers(0, n), min_size=n, max_size=n),
        st.none() | st.just((["train"] * n + ["test"] * n)[n // 4 : n // 4 + n]),
    )
)


class TestLaws:
    @settings(max_examples=60, deadline=None)
    @given(SETS, st.integers(0, 2**32 - 1))
    def test_disjoint_complete_and_repeatable(self, drawn, seed):
        image_set = noise(*drawn)
        try:
            ledger = split(image_set, seed=seed)
        except UserError:
            assert image_set.groups is not None  # identities may leave no training image, which is then said
            return
        check_ledger(image_set, ledger)
        used = np.concatenate(list(ledger.parts.values()))
        assert len(used) == len(np.unique(used)) == image_set.n - len(ledger.dropped)
        again = split(image_set, seed=seed)
        assert all((again.parts[part] == ledger.parts[part]).all() for part in PARTS)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.integers(0, 2), min_size=20, max_size=300), st.integers(0, 99))
    def test_sizes_are_exact_and_every_label_in_proportion(self, labels, seed):
        image_set = noise(labels)
        ledger = split(image_set, seed=seed)
        for part, share in zip(PARTS, (0.5, 0.2, 0.1, 0.2), strict=True):
            assert abs(ledger.counts[part] - share * image_set.n) <= 1
            for label in range(3):
                expected = ledger.counts[part] / image_set.n * (image_set.labels == label).sum()
                assert abs((image_set.labels[ledger.parts[part]] == label).sum() - expected) <= 2

    def test_another_seed_is_another_split(self):
        image_set = noise([0, 1, 2] * 40)
        assert (split(image_set, seed=0).parts["test"] != split(image_set, seed=1).parts["test"]).any()


class TestOfficialParts:
    def test_5000_and_1000(self):
        image_set = noise([0] * 6000, official=["train"] * 5000 + ["test"] * 1000)
        ledger = split(image_set)
        assert list(ledger.counts.values()) == [3500, 1000, 500, 1000]
        assert (ledger.parts["test"] == np.arange(5000, 6000)).all()

    def test_official_validation_feeds_validation(self):
        official = ["train"] * 90 + ["validation"] * 20 + ["test"] * 10
        ledger = split(noise([0] * 120, official=official))
        assert list(ledger.counts.values()) == [70, 20, 20, 10]
        assert (ledger.parts["detector-validation"] == np.arange(90, 110)).all()

    def test_training_copy_of_a_test_image_is_dropped(self):
        image_set = noise([0] * 120, official=["train"] * 100 + ["test"] * 20)
        images = image_set.images.copy()
        images[[3, 50]] = images[110]
        image_set = replace(image_set, images=images)
        ledger = split(image_set)
        assert ledger.dropped.to_dict("list") == {
            "id": ["00003", "00050"],
            "official": ["train", "train"],
            "reason": ["exact duplicate"] * 2,
            "kept": ["00110"] * 2,
        }
        assert ledger.counts["test"] == 20

    def test_copies_in_one_official_part_stay_together(self):
        image_set = noise([0] * 100)
        images = image_set.images.copy()
        images[:20] = images[0]
        image_set = replace(image_set, images=images)
        for seed in range(10):
            ledger = split(image_set, seed=seed)
            assert len(ledger.dropped) == 0
            assert sum(set(range(20)) <= set(index.tolist()) for index in ledger.parts.values()) == 1

    def test_identity_on_both_sides_loses_its_training_images(self):
        groups = [*range(100), *range(95, 115)]
        ledger = split(noise([0] * 120, groups=groups, official=["train"] * 100 + ["test"] * 20))
        assert ledger.dropped["id"].tolist() == [f"{i:05d}" for i in range(95, 100)]
        assert set(ledger.dropped["reason"]) == {"identity also in test"}


class TestParts:
    def test_fractions_and_counts(self):
        image_set = noise([0] * 100)
        assert split(image_set, parts={"test": 10, "detector-train": 0.5}).counts == {
            "generator-train": 33,
            "detector-train": 50,
            "detector-validation": 7,
            "test": 10,
        }

    def test_what_is_not_asked_for_is_dropped_with_a_reason(self):
        parts = {"generator-train": 10, "detector-train": 10, "detector-validation": 5, "test": 5}
        ledger = split(noise([0, 1] * 50), parts=parts)
        assert ledger.counts == parts
        assert ledger.dropped["reason"].tolist() == ["beyond the requested size"] * 70

    def test_no_training_images_for_the_generator_if_asked_for(self):
        assert split(noise([0] * 50), parts={"generator-train": 0}).counts["generator-train"] == 0

    @pytest.mark.parametrize(
        ("parts", "message"),
        [
            ({"tests": 5}, "Unknown part 'tests'. Did you mean 'test'"),
            ({"test": -1}, "Part 'test' must be a fraction .* Received: -1"),
            ({"test": 1.5}, "Received: 1.5"),
            ({"test": float("nan")}, "Received: nan"),
            ({"test": True}, "Received: True"),
            ({"test": "half"}, "Received: 'half'"),
            ({"test": 101}, "ask for 101 images. There are 100"),
            ({"test": 0.6, "detector-train": 0.6}, "ask for 120 images"),
            ({"test": 0}, "Part 'test' would be empty"),
            ({"detector-train": 100}, "would be empty"),
        ],
    )
    def test_impossible_parts(self, parts, message):
        with pytest.raises(UserError, match=message):
            split(noise([0] * 100), parts=parts)

    def test_too_few_images(self):
        with pytest.raises(UserError, match="would be empty"):
            split(noise([0, 0]))

    def test_one_person_only(self):
        with pytest.raises(UserError, match="would be empty: the images that must stay together"):
            split(noise([0] * 50, groups=[1] * 50))


class TestFiles:
    def test_round_trip(self, tmp_path):
        image_set = noise([0, 1, 2] * 40, groups=[i // 4 for i in range(120)], official=["train"] * 100 + ["test"] * 20)
        ledger = split(image_set, seed=5)
        ledger.save(tmp_path)
        back = Ledger.load(tmp_path, image_set)
        assert back.seed == 5
        assert back.counts == ledger.counts
        assert all((back.parts[part] == ledger.parts[part]).all() for part in PARTS)
        pd.testing.assert_frame_equal(back.dropped, ledger.dropped)
        assert back.about == ledger.about

    def test_a_reader_can_check_it(self, tmp_path):
        image_set = noise([0, 1, 2] * 40)
        split(image_set).save(tmp_path)
        table = pd.read_csv(tmp_path / "ledger.csv", dtype=str)
        assert table.columns.tolist() == ["id", "part", "label", "group", "unit", "copy_of", "reason", "kept"]
        assert table["id"].tolist() == image_set.ids.tolist()
        about = json.loads((tmp_path / "ledger.json").read_text())
        assert about["parts"] == table["part"].value_counts().reindex(PARTS).to_dict()
        assert about["rule"]

    def test_ledger_of_another_set(self, tmp_path):
        split(noise([0] * 60)).save(tmp_path)
        with pytest.raises(UserError, match="belongs to another image set"):
            Ledger.load(tmp_path, noise([0] * 61))


class TestCheck:
    def test_notices_an_image_in_two_parts(self):
        image_set = noise([0] * 60)
        ledger = split(image_set)
        parts = {**ledger.parts, "test": np.union1d(ledger.parts["test"], ledger.parts["detector-train"][:1])}
        with pytest.raises(ValueError, match="in another part"):
            check_ledger(image_set, replace(ledger, parts=parts))

    def test_notices_a_forgotten_image(self):
        image_set = noise([0] * 60)
        ledger = split(image_set)
        with pytest.raises(ValueError, match="neither in a part nor dropped"):
            check_ledger(image_set, replace(ledger, parts={**ledger.parts, "test": ledger.parts["test"][1:]}))

    def test_notices_copies_and_identities_in_two_parts(self):
        image_set = noise([0] * 60)
        ledger = split(image_set)
        a, b = ledger.parts["test"][0], ledger.parts["detector-train"][0]
        images = image_set.images.copy()
        images[a] = images[b]
        with pytest.raises(ValueError, match="exact duplicates in two parts"):
            check_ledger(replace(image_set, images=images), ledger)
        groups = np.arange(60)
        groups[a] = groups[b]
        with pytest.raises(ValueError, match="images of one identity in two parts"):
            check_ledger(replace(image_set, groups=groups), ledger)

    def test_notices_a_test_image_in_training(self):
        official = np.array(["train"] * 40 + ["test"] * 20)
        with pytest.raises(ValueError, match="Official test images are in"):
            check_ledger(replace(noise([0] * 60), official=official), split(noise([0] * 60)))
