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


def test_classes_are_read_from_the_attributes_that_make_them():
    names, classes = ("Male", "Young", "Smiling"), ("not Smiling", "Smiling")
    attributes = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 0], [0, 0, 0]], bool)
    labels = attributes[:, 2].astype(np.int64)
    said = control.class_attributes(labels, attributes, names, classes)
    assert said.tolist() == [[-1, -1, 0], [-1, -1, 1]]
    assert control.as_classes(attributes, said).tolist() == labels.tolist()


def test_combinations_of_attributes_are_classes_and_others_are_none():
    names = ("Male", "Smiling")
    classes = ("not Male, not Smiling", "not Male, Smiling", "Male, not Smiling", "Male, Smiling")
    attributes = np.array([[0, 0], [0, 1], [1, 1]], bool)  # nobody is of the third class
    said = control.class_attributes(np.array([0, 1, 3]), attributes, names, classes)
    answers = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], bool)
    assert control.as_classes(answers, said).tolist() == [0, 1, -1, 3]


def test_persons_are_not_attributes_even_if_theirs_differ():
    attributes = np.array([[1, 0], [1, 0], [0, 1]], bool)
    labels = np.array([0, 0, 1])
    assert control.class_attributes(labels, attributes, ("Male", "Young"), ("identity 1", "identity 2")) is None
    assert control.class_attributes(np.array([0, 1, 1]), attributes, ("Male", "Young"), ("not Male", "Male")) is None
