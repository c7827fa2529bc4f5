"""Which images quality is measured against, and that the extractor learns from none of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.quality import lesson, references
from data.imageset import ImageSet
from data.ledger import split
from data.sources.digits import Digits


def digits(classes: list[int | str] | None = None, **changes: object) -> ImageSet:
    return replace(Digits(classes=classes).load(), **changes)


def pixels(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


@pytest.mark.parametrize("limit", [40, 5000])
def test_both_sides_are_equally_large_disjoint_and_never_of_the_test_part(limit):
    images = digits()
    parts = split(images).parts
    chosen = references.choose(parts, limit)
    assert chosen.n == len(chosen.seen) == min(limit, len(parts["generator-train"]) // 2)
    assert set(chosen.held) <= set(parts["detector-train"]) | set(parts["detector-validation"])
    assert set(chosen.trained) == set(parts["generator-train"])
    assert not set(chosen.seen) & set(chosen.rest)


def test_choice_is_saved_and_does_not_depend_on_the_day(tmp_path):
    parts = split(digits()).parts
    chosen = references.choose(parts, 100)
    chosen.save(tmp_path)
    for other in (references.choose(parts, 100), references.References.load(tmp_path)):
        for name in ("held", "seen", "rest"):
            np.testing.assert_array_equal(getattr(other, name), getattr(chosen, name))


def test_fewer_images_are_the_first_of_more():
    parts = split(digits()).parts
    few, many = references.choose(parts, 50), references.choose(parts, 200)
    np.testing.assert_array_equal(few.held, many.held[:50])
    np.testing.assert_array_equal(few.seen, many.seen[:50])


def test_learns_from_the_rest_of_the_generators_part():
    images = digits()
    chosen = references.choose(split(images).parts, 5000)
    taken = lesson.lesson(images, chosen, None, smoke=False)
    np.testing.assert_array_equal(taken.images, images.images[chosen.rest])
    np.testing.assert_array_equal(taken.targets, images.labels[chosen.rest])
    np.testing.assert_array_equal(taken.check, images.images[chosen.held[: lesson.CHECK]])


def test_attributes_come_before_labels():
    images = digits()
    attributes = np.random.default_rng(0).random((images.n, 3)) < 0.5
    images = replace(images, attributes=attributes, attribute_names=("a", "b", "c"))
    chosen = references.choose(split(images).parts, 5000)
    np.testing.assert_array_equal(lesson.lesson(images, chosen, None, smoke=False).targets, attributes[chosen.rest])


@pytest.mark.parametrize("smoke", [False, True])
def test_all_classes_but_no_image_that_is_measured_on(smoke):
    images, wider = digits([3]), digits()
    chosen = references.choose(split(images).parts, 5000)
    taken = lesson.lesson(images, chosen, wider, smoke=smoke)
    kept_out = np.delete(images.images, chosen.rest, axis=0)
    assert not pixels(kept_out) & pixels(np.concatenate([taken.images, taken.check]))
    assert not pixels(taken.images) & pixels(taken.check)
    assert set(taken.targets) == set(range(10))
    rest = {image for image in pixels(images.images[chosen.rest]) if image not in pixels(kept_out)}
    if smoke:
        assert len(taken.images) + len(taken.check) <= lesson.SMOKE_IMAGES
    else:
        assert rest <= pixels(np.concatenate([taken.images, taken.check]))
        assert len(taken.images) + len(taken.check) == wider.n - (images.n - len(chosen.rest))


def test_a_copy_of_a_test_image_in_another_class_is_kept_out():
    images, wider = digits([3]), digits()
    ledger = split(images)
    chosen = references.choose(ledger.parts, 5000)
    secret = images.images[ledger.parts["test"][0]]
    planted = np.flatnonzero(wider.labels == 7)[:5]
    tampered = wider.images.copy()
    tampered[planted] = secret
    taken = lesson.lesson(images, chosen, replace(wider, images=tampered), smoke=False)
    assert secret.tobytes() not in pixels(np.concatenate([taken.images, taken.check]))


def test_official_test_images_of_other_classes_are_kept_out():
    official = np.where(np.arange(Digits().load().n) % 5 == 0, "test", "train")
    wider = digits(official=official)
    images = wider.take(wider.labels == 3)
    images = replace(images, labels=np.zeros(images.n, np.int64), classes=("3",))
    chosen = references.choose(split(images).parts, 5000)
    taken = lesson.lesson(images, chosen, wider, smoke=False)
    assert not pixels(wider.images[official == "test"]) & pixels(np.concatenate([taken.images, taken.check]))
    assert len(taken.images) > 1000


@pytest.mark.slow
def test_near_copies_of_dogs_are_kept_out_of_cifar10(real_data):
    """A shifted and brightened test dog among the cats is found, as `data.near_duplicates` finds it."""
    from data.sources.cifar10 import Cifar10

    source = Cifar10(classes=["dog"], limit=300)
    images, wider = source.load([real_data]), source.wider([real_data])
    ledger = split(images)
    chosen = references.choose(ledger.parts, 5000)
    dog = images.images[ledger.parts["test"][3]].astype(np.int64)
    near = np.clip(np.roll(dog, 1, axis=1) * 0.9 + 10, 0, 255).astype(np.uint8)
    cats = np.flatnonzero((wider.labels == wider.classes.index("cat")) & (wider.official == "train"))
    tampered = wider.images.copy()
    tampered[cats[0]] = near
    taken = lesson.lesson(images, chosen, replace(wider, images=tampered), smoke=False)
    assert near.tobytes() not in pixels(np.concatenate([taken.images, taken.check]))
    assert wider.images[cats[1]].tobytes() in pixels(np.concatenate([taken.images, taken.check]))
