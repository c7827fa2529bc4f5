from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.imageset import ImageSet, snap


@pytest.fixture
def image_set(make_set):
    n = 12
    return make_set(
        n,
        channels=3,
        groups=np.arange(n) // 2,
        official=np.array(["train", "validation", "test"] * 4),
        attributes=np.arange(2 * n).reshape(n, 2) % 3 == 0,
        attribute_names=("Male", "Smiling"),
        facts=pd.DataFrame({"width": np.arange(n), "format": ["PNG"] * n}),
        notes=("a note",),
    )


class TestRoundTrip:
    @pytest.mark.parametrize("mmap", [True, False])
    def test_all_columns_come_back(self, image_set, tmp_path, mmap):
        image_set.save(tmp_path)
        back = ImageSet.load(tmp_path, mmap=mmap)
        assert isinstance(back.images, np.memmap) is mmap
        assert back.digest == image_set.digest
        for name in ("images", "labels", "ids", "groups", "official", "attributes"):
            expected = getattr(image_set, name)
            assert (getattr(back, name) == expected).all()
            assert getattr(back, name).dtype == expected.dtype
        assert back.classes == image_set.classes
        assert back.notes == image_set.notes
        assert back.facts.to_dict() == image_set.facts.to_dict()

    def test_same_bytes_twice(self, image_set, tmp_path):
        image_set.save(tmp_path / "a")
        ImageSet.load(tmp_path / "a").save(tmp_path / "b")
        for path in (tmp_path / "a").iterdir():
            assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()

    def test_plain_set(self, make_set, tmp_path):
        make_set().save(tmp_path)
        back = ImageSet.load(tmp_path)
        assert back.groups is None
        assert back.official is None
        assert back.attributes is None
        assert back.facts is None

    def test_ids_that_look_like_something_else(self, make_set, tmp_path):
        odd = replace(make_set(4), ids=np.array(["NA", "001", 'a,"b"', "nan"]))
        odd.save(tmp_path)
        assert ImageSet.load(tmp_path).ids.tolist() == odd.ids.tolist()


class TestDigest:
    @given(data=st.data())
    def test_any_change_of_a_pixel_changes_it(self, data):
        images = np.zeros((3, 4, 4, 1), np.uint8)
        plain = ImageSet("x", images, np.zeros(3, np.int64), np.array(["a", "b", "c"]), ("k",))
        at = tuple(data.draw(st.integers(0, side - 1)) for side in images.shape)
        changed = images.copy()
        changed[at] = data.draw(st.integers(1, 255))
        assert replace(plain, images=changed).digest != plain.digest

    @given(order=st.permutations(range(6)))
    def test_order_matters(self, order):
        images = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
        plain = ImageSet("x", images, np.zeros(6, np.int64), np.array(list("abcdef")), ("k",))
        assert (plain.take(list(order)).digest == plain.digest) == (list(order) == list(range(6)))

    def test_every_column_counts_but_name_and_notes(self, image_set):
        n = image_set.n
        changes = {
            "labels": (image_set.labels + 1) % 3,
            "ids": np.array([f"x{i}" for i in range(n)]),
            "classes": ("x", "y", "z"),
            "groups": image_set.groups + 1,
            "official": None,
            "attributes": ~image_set.attributes,
            "attribute_names": ("a", "b"),
            "facts": image_set.facts.assign(width=0),
        }
        digests = {replace(image_set, **{name: value}).digest for name, value in changes.items()}
        assert len(digests | {image_set.digest}) == len(changes) + 1
        assert replace(image_set, name="other", notes=()).digest == image_set.digest

    def test_shape_counts(self):
        flat = np.arange(16, dtype=np.uint8)
        make = lambda shape: ImageSet("x", flat.reshape(shape), np.zeros(1, np.int64), np.array(["a"]), ("k",))  # noqa: E731
        assert make((1, 4, 4, 1)).digest != make((1, 2, 8, 1)).digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((12, 8, 8, 3))}, "must be uint8"),
        ({"images": np.zeros((12, 8, 8, 2), np.uint8)}, "1 or 3 channels"),
        ({"labels": np.zeros(5, np.int64)}, "one entry per image"),
        ({"labels": np.full(12, 3)}, "indices into the 3 classes"),
        ({"ids": np.array(["a"] * 12)}, "unique"),
        ({"official": np.array(["val"] * 12)}, "train, validation and test"),
        ({"attributes": np.zeros((12, 3), bool)}, "Attributes must be"),
    ],
)
def test_what_does_not_fit_is_refused(image_set, change, message):
    with pytest.raises(ValueError, match=message):
        replace(image_set, **change)


def test_value_grid_and_shape(make_set):
    image_set = replace(make_set(2), images=np.array([[[[3]]], [[[250]]]], np.uint8))
    assert image_set.value_grid.tolist() == [3, 250]
    assert image_set.shape == (1, 1, 1)


IMAGES = arrays(np.uint8, (2, 3, 3, 1))
GRIDS = st.sets(st.integers(0, 255), min_size=1).map(lambda levels: np.array(sorted(levels), np.uint8))


class TestSnap:
    @given(IMAGES, GRIDS)
    def test_gives_the_nearest_level(self, images, grid):
        snapped = snap(images, grid)
        assert snapped.dtype == np.uint8
        assert set(np.unique(snapped)) <= set(grid)
        nearest = np.abs(images[..., None].astype(int) - grid.astype(int)).min(axis=-1)
        assert (np.abs(images.astype(int) - snapped) == nearest).all()

    @given(IMAGES, GRIDS)
    def test_twice_is_once(self, images, grid):
        assert (snap(snap(images, grid), grid) == snap(images, grid)).all()

    @given(IMAGES)
    def test_full_grid_changes_nothing(self, images):
        assert (snap(images, np.arange(256, dtype=np.uint8)) == images).all()

    def test_refuses_other_types(self):
        with pytest.raises(ValueError, match="must be uint8"):
            snap(np.zeros(3), np.arange(3))
        with pytest.raises(ValueError, match="at least one level"):
            snap(np.zeros(3, np.uint8), np.array([], np.uint8))
