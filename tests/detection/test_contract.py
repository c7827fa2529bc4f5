"""What every built-in detector must do, whatever it is."""

from __future__ import annotations

import atexit
import importlib
import json
import shutil
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import UserError
from data.options import options_of
from detection import BUILTINS
from detection.frozen import extractor_network, stored
from detection.networks.gradcam import NoFeatureMap

QUICK = {
    "cnn": {"epochs": 2},
    "resnet": {"epochs": 1, "width": 4, "blocks": 1},
    "resnet-wang": {"epochs": 1, "width": 4, "blocks": 1},
    "npr": {"epochs": 1},
    "patch": {"epochs": 1, "receptive_field": 5},
    "residual-srm": {"epochs": 1},
    "residual-bayar": {"epochs": 1},
    "dct-cnn": {"epochs": 1},
}
SHAPES = [(8, 8, 1), (12, 12, 3), (32, 32, 3), (9, 14, 1)]


SUPPLIED = ("features-knn", "features-linear", "discriminator")  # `fit` is given a network, which Keras reads
WITHOUT = ("backbone",)  # nothing runs without a file of weights: tests/detection/detectors/test_backbone.py


def class_of(name):
    module, attribute = BUILTINS[name].split(":")
    return getattr(importlib.import_module(module), attribute)


def make(name, **options):
    external = {"path": str(scored())} if name == "external" else {}
    return class_of(name)(**{"random_state": 0, **QUICK.get(name, {}), **external, **options})


def supplies(name, shape):
    """The keywords that a detector's `fit` needs beside images and labels, for images of one shape."""
    return {need: {"extractor": extractor, "discriminator": discriminator}[need](shape) for need in needs_of(name)}


def needs_of(name):
    return getattr(class_of(name), "needs", ())


@cache
def place():
    folder = Path(tempfile.mkdtemp(prefix="contract-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def extractor(shape):
    """An extractor as it is drawn: training it would take longer than all that is tested of it here."""
    drawn = extractor_network.build(shape, 4, seed=1).get_weights()
    arrays = {"scale": np.float64(1), **{f"w{i:03d}": weight for i, weight in enumerate(drawn)}}
    about = {"task": "rotations", "shape": list(shape), "outputs": 4}
    stored.save(place() / f"extractor-{shape}", "extractor", "untrained", about, arrays)
    return place() / f"extractor-{shape}"


@cache
def discriminator(shape):
    import keras
    from keras import layers

    start = keras.initializers.GlorotUniform(seed=1)
    flow = layers.Conv2D(4, 3, 2, activation="relu", kernel_initializer=start)(images := keras.Input(shape))
    network = keras.Model(images, layers.Dense(1, kernel_initializer=start)(layers.Flatten()(flow)))
    network.save(place() / f"discriminator-{shape}.keras")
    return place() / f"discriminator-{shape}.keras"


@cache
def scored():
    """A table with a score for each image that the tests below use: its mean, darker being more likely fake."""
    rows = ["file_name,score"]
    for shape in shapes_of("external"):
        for n, seed in ((24, 0), (24, 1), (24, 2), (24, 9), (4, 0), (7, 2), (40, 0), (40, 2), (60, 3), (300, 2)):
            rows += [picture(image, f"{n}-{seed}-{i}") for i, image in enumerate(problem(shape, n, seed)[0])]
    for shape, level in (((12, 12, 3), 0), ((12, 12, 3), 255), ((8, 8, 1), 9)):
        rows.append(picture(np.full(shape, level, dtype=np.uint8), "flat"))
    table = place() / "scores.csv"
    table.write_text("\n".join(rows) + "\n")
    return table


def picture(image, name):
    file = f"{'x'.join(map(str, image.shape))}-{name}-{image.flat[0]}.png"
    Image.fromarray(image.squeeze()).save(place() / file)
    return f"{file},{-image.mean()}"


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
    return make(name).fit(*problem(shape), validation=problem(shape, seed=1), **supplies(name, shape))


def shapes_of(name):
    """Those that a detector takes: two of what takes long to prepare, one grey and one in colour; `cnn` has all."""
    if name == "external":  # whose constructor needs a file
        return SHAPES[:2]
    fitting = [shape for shape in SHAPES if min(shape[:2]) >= class_of(name).min_size]
    return fitting[:2] if name in (*QUICK, *SUPPLIED) and name != "cnn" else fitting


def case(name, *shape):
    slow = [pytest.mark.slow] * (name in (*QUICK, *SUPPLIED))  # which train a network, or load one
    return pytest.param(name, *shape, marks=slow, id="-".join(["x".join(map(str, s)) for s in shape] + [name]))


NAMES = [name for name in BUILTINS if name not in WITHOUT]
each = pytest.mark.parametrize("name", [case(name) for name in NAMES])
# What the training loop that all networks share does, `cnn` shows for them; that each repeats itself bit for bit is
# seen where it is trained twice, too.
each_loop = pytest.mark.parametrize("name", [case(name) for name in NAMES if name not in QUICK or name == "cnn"])
each_with_shapes = pytest.mark.parametrize(
    ("name", "shape"), [case(name, shape) for name in NAMES for shape in shapes_of(name)]
)


@each_with_shapes
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


@each_with_shapes
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


@each_loop
def test_inputs_are_left_as_they_were(name):
    (images, is_fake), (held, held_fake) = problem((12, 12, 3)), problem((12, 12, 3), seed=1)
    copies = [a.copy() for a in (images, is_fake, held, held_fake)]
    for array in (images, is_fake, held, held_fake):
        array.flags.writeable = False
    given = supplies(name, (12, 12, 3))
    make(name).fit(images, is_fake, validation=(held, held_fake), **given).predict_proba(held)
    for array, copy in zip((images, is_fake, held, held_fake), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@each_loop
def test_equal_seeds_give_equal_scores(name):
    images, is_fake = problem((12, 12, 3), n=40)  # enough of each class that a part is held out at random
    given = supplies(name, (12, 12, 3))
    one, two = (make(name, random_state=3).fit(images, is_fake, **given) for _ in range(2))
    np.testing.assert_array_equal(one.decision_function(images), two.decision_function(images))
    np.testing.assert_array_equal(one.predict_proba(images), two.predict_proba(images))


@each
def test_training_twice_forgets_the_first_time(name):
    again = make(name).fit(*problem((8, 8, 1), seed=9), **supplies(name, (8, 8, 1)))
    again.fit(*problem((12, 12, 3)), validation=problem((12, 12, 3), seed=1), **supplies(name, (12, 12, 3)))
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
    again.save(tmp_path / "again")
    files = sorted(str(file.relative_to(tmp_path / "one")) for file in (tmp_path / "one").rglob("*") if file.is_file())
    assert {"detector.npz", "detector.json"} <= set(files)
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()
        if file.endswith((".npz", "network.keras")):  # a GAN's discriminator is kept as it was given
            with zipfile.ZipFile(tmp_path / "one" / file) as archive:
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
    detector, given = make(name), supplies(name, (12, 12, 3))
    with pytest.raises(UserError, match="not trained"):
        detector.decision_function(images)
    with pytest.raises(UserError, match="not trained"):
        detector.save("unused")
    with pytest.raises(UserError, match=r"uint8.*float32"):
        detector.fit(images.astype(np.float32), is_fake, **given)
    with pytest.raises(UserError, match=r"shape \(n, height"):
        detector.fit(images[..., 0], is_fake, **given)
    with pytest.raises(UserError, match=r"labels must be bool.*int64"):
        detector.fit(images, is_fake.astype(np.int64), **given)
    with pytest.raises(UserError, match=r"24 real, 0 fake"):
        detector.fit(images, np.zeros(24, dtype=bool), **given)
    with pytest.raises(UserError, match="at least 2"):
        detector.fit(images[:2], np.array([True, False]), **given)
    with pytest.raises(UserError, match=r"validation images.*0 fake"):
        detector.fit(images, is_fake, validation=(images, np.zeros(24, dtype=bool)), **given)
    with pytest.raises(UserError, match="size of the training images"):
        detector.fit(images, is_fake, validation=problem((8, 8, 3)), **given)
    with pytest.raises(UserError, match="at least 8 pixels"):
        detector.fit(images[:, :7], is_fake, **given)
    with pytest.raises(UserError, match="1 or 3 channels"):
        detector.fit(images[..., :2], is_fake, **given)
    with pytest.raises(UserError, match="trained size"):
        trained(name, (12, 12, 3)).decision_function(problem((8, 8, 3))[0])


@each
def test_every_option_is_declared_with_a_type_and_a_default(name):
    for option in options_of(type(make(name))).values():
        assert option.annotation is not None
        assert not option.required or (name, option.name) == ("external", "path")


@each_loop
def test_two_images_of_a_class_are_enough(name):
    images, _ = problem((8, 8, 1), n=4)
    is_fake = np.array([False, True, True, False])
    detector = make(name).fit(images, is_fake, **supplies(name, (8, 8, 1)))
    assert np.isfinite(detector.decision_function(images)).all()


@each
@pytest.mark.parametrize("level", [0, 255])
def test_flat_images_get_a_finite_score(name, level):
    scores = trained(name, (12, 12, 3)).decision_function(np.full((3, 12, 12, 3), level, dtype=np.uint8))
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) == 1


@each
def test_training_on_images_that_are_all_alike_ends_without_nan(name):
    images = np.full((24, 8, 8, 1), 9, dtype=np.uint8)
    detector = make(name).fit(images, np.arange(24) % 2 == 0, **supplies(name, (8, 8, 1)))
    np.testing.assert_allclose(detector.predict_proba(images), 0.5, atol=0.05)


@each
def test_heat_maps_do_not_depend_on_the_batch_and_survive_saving(name, tmp_path):
    if not hasattr(class_of(name), "explain"):
        pytest.skip("it draws no heat maps")
    shape = shapes_of(name)[-1]
    detector = trained(name, shape)
    images, _ = problem(shape, n=9, seed=2)
    before = images.copy()
    try:
        maps = detector.explain(images)
    except NoFeatureMap:
        assert name in ("dct-cnn", "discriminator")
        return
    assert maps.shape == (9, *shape[:2])
    assert maps.dtype == np.float64
    assert np.isfinite(maps).all()
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(detector.explain(images[::-1])[::-1], maps)
    np.testing.assert_array_equal(detector.explain(images[3:4]), maps[3:4])
    detector.save(tmp_path)
    np.testing.assert_array_equal(make(name).load(tmp_path).explain(images), maps)


@pytest.mark.parametrize("name", SUPPLIED)
def test_what_a_detector_needs_is_asked_for(name):
    assert len(needs_of(name)) == 1
    with pytest.raises(UserError, match=rf"Expected fit\(..., {needs_of(name)[0]}="):
        make(name).fit(*problem((8, 8, 1)))
