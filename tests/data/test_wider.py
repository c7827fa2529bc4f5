"""The images of all classes, where a run uses some of them only."""

from __future__ import annotations

import numpy as np
import pytest

from data.sources.cifar10 import Cifar10
from data.sources.digits import Digits
from data.sources.mnist import Mnist


def test_some_digits_have_all_ten_as_wider_ones():
    some, wider = Digits(classes=[1, 8]), Digits(classes=[1, 8]).wider()
    images = some.load()
    assert wider is not None
    assert wider.n == 1797
    at = {name: i for i, name in enumerate(wider.ids)}
    np.testing.assert_array_equal(wider.images[[at[name] for name in images.ids]], images.images)


@pytest.mark.parametrize("source", [Digits(), Cifar10(), Mnist()])
def test_all_classes_have_none_wider(source):
    assert source.wider([]) is None


def test_a_limit_counts_per_class():
    wider = Digits(classes=[1, 8], limit=20).wider()
    assert wider is not None
    assert wider.n == 100


@pytest.mark.parametrize("kind", [Cifar10, Mnist])
def test_published_sets(kind, real_data):
    source = kind(classes=[kind().classes[5]], limit=50)
    wider, images = source.wider(real_data), source.load(real_data)
    assert len(wider.classes) == 10
    assert (wider.official == "train").sum() == 500
    both = set(wider.ids) & set(images.ids)
    assert both
    for name in sorted(both)[:5]:
        np.testing.assert_array_equal(wider.images[wider.ids == name], images.images[images.ids == name])
