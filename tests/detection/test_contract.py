"""What every built-in detector must do, whatever it is."""

from __future__ import annotations

import importlib
import json
import zipfile
from functools import cache

import numpy as np
import pytest

from data.errors import UserError
from data.options import options_of
from detection import BUILTINS

QUICK = {"cnn": {"epochs": 2}}
SHAPES = [(8, 8, 1), (12, 12, 3), (32, 32, 3), (9, 14, 1)]


def make(name, **options):
    module, attribute = BUILTINS[name].split(":")
    return getattr(importlib.import_module(module), attribute)(**{"random_state": 0, **QUICK.get(name, {}), **options})


def problem(shape, n=24, seed=0):
    """Noise whose fakes are darker and smoother, so that every detector has something to learn."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, *shape), dtype=np.uint8)
    is_fake = rng.permutation(np.arange(n) < n // 2)
    images[is_fake] = images[is_fake] // 2 + np.roll(images[is_fake], 1, axis=1) // 4
    return images, is_fake


@cache
def trained(name, shape):
    """One training per detector and shape serves every check that does not alter it."""
    return make(name).fit(*problem(shape), validation=problem(shape, seed=1))


# Those of `QUICK` train a network.
each = pytest.mark.parametrize("name", [pytest.param(k, marks=[pytest.mark.slow] * (k in QUICK)) for k in BUILTINS])
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "x".join(map(str, s)))


@each
@each_shape
def test_scores_and_probabilities_have_their_form(name, shape):
    images, _ = problem(shape, n=7, seed=2)
    scores = trained(name, shape).decision_function(images)
    p = trained(name, shape).predict_proba(images)
    assert scores.shape == (7,)
    assert scores.dtype == p.dtype == np.float64
    assert p.shape == (7, 2)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 1
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert ((p >= 0) & (p <= 1)).all()


@each
def test_probabilities_rise_with_the_score(name):
    detector = trained(name, (12, 12, 3))
    images, _ = problem((12, 12, 3), n=60, seed=3)
    order = np.argsort(detector.decision_function(images))
    assert (np.diff(detector.predict_proba(images)[order, 1]) >= 0).all()


@each
@each_shape
def test_scores_depend_neither_on_batch_nor_on_order(name, shape):
    images, _ = problem(shape, n=300, seed=2)
    detector = trained(name, shape)
    scores = detector.decision_function(images)
    order = np.random.default_rng(5).permutation(300)
    np.testing.assert_array_equal(detector.decision_function(images[order]), scores[order])
    np.testing.assert_array_equal(detector.decision_function(images[:257]), scores[:257])
    for i in (0, 131, 299):
        assert detector.decision_function(images[i : i + 1])[0] == scores[i]
    assert detector.decision_function(images[:0]).shape == (0,)


@each
def test_inputs_are_left_as_they_were(name):
    (images, is_fake), (held, held_fake) = problem((12, 12, 3)), problem((12, 12, 3), seed=1)
    copies = [a.copy() for a in (images, is_fake, held, held_fake)]
    for array in (images, is_fake, held, held_fake):
        array.flags.writeable = False
    make(name).fit(images, is_fake, validation=(held, held_fake)).predict_proba(held)
    for array, copy in zip((images, is_fake, held, held_fake), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@each
def test_equal_seeds_give_equal_scores(name):
    images, is_fake = problem((12, 12, 3), n=40)  # enough of each class that a part is held out at random
    one, two = (make(name, random_state=3).fit(images, is_fake) for _ in range(2))
    np.testing.assert_array_equal(one.decision_function(images), two.decision_function(images))
    np.testing.assert_array_equal(one.predict_proba(images), two.predict_proba(images))


@each
def test_training_twice_forgets_the_first_time(name):
    again = (
        make(name).fit(*problem((8, 8, 1), seed=9)).fit(*problem((12, 12, 3)), validation=problem((12, 12, 3), seed=1))
    )
    images, _ = problem((12, 12, 3), seed=2)
    np.testing.assert_array_equal(again.decision_function(images), trained(name, (12, 12, 3)).decision_function(images))


@each
@pytest.mark.parametrize("shape", [(8, 8, 1), (12, 12, 3)], ids=["grey", "colour"])
def test_saving_keeps_every_bit(name, shape, tmp_path):
    images, _ = problem(shape, n=40, seed=2)
    detector = trained(name, shape)
    detector.save(tmp_path / "one")
    detector.save(tmp_path / "two")
    again = make(name).load(tmp_path / "one")
    np.testing.assert_array_equal(again.decision_function(images), detector.decision_function(images))
    np.testing.assert_array_equal(again.predict_proba(images), detector.predict_proba(images))
    for file in ("detector.npz", "detector.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    with zipfile.ZipFile(tmp_path / "one" / "detector.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(tmp_path / "one" / "detector.npz", allow_pickle=False) as arrays:
        assert all(arrays[key].dtype != object for key in arrays.files)


@each
def test_loading_refuses_another_detectors_files(name, tmp_path):
    trained(name, (8, 8, 1)).save(tmp_path)
    about = json.loads((tmp_path / "detector.json").read_text())
    (tmp_path / "detector.json").write_text(json.dumps({**about, "detector": "Other"}))
    with pytest.raises(UserError, match="differs"):
        make(name).load(tmp_path)
    with pytest.raises(UserError, match="No saved detector"):
        make(name).load(tmp_path / "nowhere")


@each
def test_mistakes_get_a_clear_error(name):
    images, is_fake = problem((12, 12, 3))
    detector = make(name)
    with pytest.raises(UserError, match="not trained"):
        detector.decision_function(images)
    with pytest.raises(UserError, match="not trained"):
        detector.save("unused")
    with pytest.raises(UserError, match=r"uint8.*float32"):
        detector.fit(images.astype(np.float32), is_fake)
    with pytest.raises(UserError, match=r"shape \(n, height"):
        detector.fit(images[..., 0], is_fake)
    with pytest.raises(UserError, match=r"labels must be bool.*int64"):
        detector.fit(images, is_fake.astype(np.int64))
    with pytest.raises(UserError, match=r"24 real, 0 fake"):
        detector.fit(images, np.zeros(24, dtype=bool))
    with pytest.raises(UserError, match="at least 2"):
        detector.fit(images[:2], np.array([True, False]))
    with pytest.raises(UserError, match=r"validation images.*0 fake"):
        detector.fit(images, is_fake, validation=(images, np.zeros(24, dtype=bool)))
    with pytest.raises(UserError, match="size of the training images"):
        detector.fit(images, is_fake, validation=problem((8, 8, 3)))
    with pytest.raises(UserError, match="at least 8 pixels"):
        detector.fit(images[:, :7], is_fake)
    with pytest.raises(UserError, match="1 or 3 channels"):
        detector.fit(images[..., :2], is_fake)
    with pytest.raises(UserError, match="trained size"):
        trained(name, (12, 12, 3)).decision_function(problem((8, 8, 3))[0])


@each
def test_every_option_is_declared_with_a_type_and_a_default(name):
    for option in options_of(type(make(name))).values():
        assert option.annotation is not None
        assert not option.required


@each
def test_two_images_of_a_class_are_enough(name):
    images, _ = problem((8, 8, 1), n=4)
    is_fake = np.array([False, True, True, False])
    assert np.isfinite(make(name).fit(images, is_fake).decision_function(images)).all()


@each
@pytest.mark.parametrize("level", [0, 255])
def test_flat_images_get_a_finite_score(name, level):
    scores = trained(name, (12, 12, 3)).decision_function(np.full((3, 12, 12, 3), level, dtype=np.uint8))
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) == 1


@each
def test_training_on_images_that_are_all_alike_ends_without_nan(name):
    images = np.full((24, 8, 8, 1), 9, dtype=np.uint8)
    detector = make(name).fit(images, np.arange(24) % 2 == 0)
    np.testing.assert_allclose(detector.predict_proba(images), 0.5, atol=0.05)


@each
def test_heat_maps_do_not_depend_on_the_batch_and_survive_saving(name, tmp_path):
    detector = trained(name, (12, 12, 3))
    if not hasattr(detector, "explain"):
        pytest.skip("it draws no heat maps")
    images, _ = problem((12, 12, 3), n=9, seed=2)
    before = images.copy()
    maps = detector.explain(images)
    assert maps.shape == (9, 12, 12)
    assert maps.dtype == np.float64
    assert np.isfinite(maps).all()
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(detector.explain(images[::-1])[::-1], maps)
    np.testing.assert_array_equal(detector.explain(images[3:4]), maps[3:4])
    detector.save(tmp_path)
    np.testing.assert_array_equal(make(name).load(tmp_path).explain(images), maps)
