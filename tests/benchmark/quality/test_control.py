import numpy as np
import pytest

from benchmark.quality import control


def test_classes_by_name_and_by_hand():
    asked = np.array([0, 0, 1, 1, 1])  # cat, dog
    known, names = ("bird", "dog", "cat"), ("cat", "dog")
    fake, real = np.array([2, 1, 1, 1, 0]), np.array([2, 2, 1, 1, 1])
    frame = control.table(asked, fake, real, known, names, attributes=False).set_index("class")
    assert frame["recognised"].to_dict() == pytest.approx({"": 3 / 5, "cat": 1 / 2, "dog": 2 / 3})
    assert (frame["recognised_real"] == 1).all()
    assert frame["n_recognised"].to_dict() == {"": 5, "cat": 2, "dog": 3}
    assert ((frame["recognised_low"] < frame["recognised"]) & (frame["recognised"] < frame["recognised_high"])).all()


def test_attributes_are_judged_one_by_one():
    asked = np.array([[1, 0], [1, 1], [0, 1]], bool)
    fake = np.array([[0, 9, 1], [1, 9, 1], [1, 9, 1]], int) == 1  # Smiling, other, Male
    real = np.column_stack([asked[:, 1], np.zeros(3, bool), asked[:, 0]])
    known = ("Smiling", "Hat", "Male")
    frame = control.table(asked, fake, real, known, ("Male", "Smiling"), attributes=True).set_index("class")
    expected = {"": 5 / 6, "Male=yes": 1.0, "Male=no": 0.0, "Smiling=yes": 1.0, "Smiling=no": 1.0}
    assert frame["recognised"].to_dict() == pytest.approx(expected)
    assert (frame["recognised_real"] == 1).all()


def test_an_extractor_that_does_not_know_the_classes_says_nothing():
    one = np.array([0, 0])
    assert control.table(one, one, one, ("cat",), ("dog",), attributes=False) is None
