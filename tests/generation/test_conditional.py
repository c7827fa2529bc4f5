import numpy as np
import pytest

from data.errors import UserError
from generation.conditions import Conditions
from generation.dcgan.generator import DCGAN

QUICK = {"architecture": "small", "width": 4, "discriminator_width": 4, "latent_dim": 4, "batch_size": 8, "epochs": 2}
NAMES = ("Male", "Young", "Hat")


def _images(n=44):
    return np.random.default_rng(5).integers(0, 256, (n, 8, 8, 1), np.uint8)


def _attributes(n=44):
    return np.random.default_rng(6).random((n, 3)) < 0.5


def test_classes_become_one_hot_vectors():
    conditions = Conditions.of_labels(np.array([0, 2, 2]), ("cat", "dog", "frog"))
    assert conditions.vectors([2, 0]).tolist() == [[0, 0, 1], [1, 0, 0]]
    with pytest.raises(UserError, match=r"trained on, \[0, 2\]. Received: \[1\]"):
        conditions.vectors([0, 1])
    with pytest.raises(UserError, match=r"Received: \[-1\]"):
        conditions.vectors(np.array([-1]))
    with pytest.raises(UserError, match=r"Received: \(1, 2\)"):
        conditions.vectors([[0, 2]])


def test_attributes_become_signs():
    conditions = Conditions.of_attributes(["Hat", "Male"], _attributes(), NAMES)
    assert conditions.vectors([[1, 0], [True, True]]).tolist() == [[1, -1], [1, 1]]
    with pytest.raises(UserError, match="2 zeros and ones for each image"):
        conditions.vectors([[1, 2]])
    with pytest.raises(UserError, match="Did you mean 'Male'"):
        Conditions.of_attributes(["Mal"], _attributes(), NAMES)
    with pytest.raises(UserError, match="needs a data set with attributes"):
        Conditions.of_attributes(["Male"], None)


def test_labels_are_drawn_as_often_as_they_occurred():
    conditions = Conditions.of_labels(np.repeat([0, 1, 3], [10, 60, 30]))
    drawn = conditions.draw(20_000, 0)
    assert np.bincount(drawn)[[0, 1, 3]] / 20_000 == pytest.approx([0.1, 0.6, 0.3], abs=0.02)
    assert np.array_equal(conditions.draw(5, 0), drawn[:5])
    again = Conditions.from_json(conditions.as_json())
    assert np.array_equal(again.draw(50, 1), conditions.draw(50, 1))
    both = Conditions.of_attributes(["Male", "Hat"], _attributes(), NAMES)
    assert Conditions.from_json(both.as_json()).draw(3, 0).dtype == bool


def test_conditional_batch_norm_by_hand():
    from generation.training.layers import ConditionalBatchNormalization

    rng = np.random.default_rng(0)
    x, c = rng.normal(3, 2, (6, 2, 2, 4)).astype("float32"), np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]]
    layer = ConditionalBatchNormalization()
    plain = (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + 1e-3)
    np.testing.assert_allclose(np.asarray(layer([x, c], training=True)), plain, atol=1e-5)
    scale, shift = rng.normal(size=(2, 3, 4)).astype("float32")
    layer.scale.assign(scale)
    layer.shift.assign(shift)
    expected = plain * (1 + c @ scale)[:, None, None] + (c @ shift)[:, None, None]
    np.testing.assert_allclose(np.asarray(layer([x, c], training=True)), expected, atol=1e-5)


@pytest.mark.parametrize("spectral", [False, True])
def test_projection_by_hand(spectral):
    import keras

    from generation.dcgan import studies
    from generation.dcgan.networks import build_discriminator

    study = studies.resolve("small", discriminator_width=4, spectral_norm=spectral)
    network = build_discriminator(study, (8, 8, 1), 1, conditions=3, seed=1)
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
    c = np.random.default_rng(1).choice([-1.0, 1.0], (4, 3)).astype("float32")
    features = np.asarray(keras.Model(network.input[0], network.get_layer("flatten_1").output)(x))
    projection, dense = network.get_layer("projection"), network.layers[-3]
    dense = next(layer for layer in network.layers if layer.name.endswith("dense_1"))
    kernel, embedding = (np.asarray(p.normalised() if spectral else p.kernel) for p in (dense, projection))
    expected = features @ kernel + np.asarray(dense.bias) + (features * (c @ embedding)).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.asarray(network([x, c])), expected, rtol=1e-4, atol=1e-5)


def test_labels_decide_what_is_drawn(tmp_path):
    labels = np.arange(44) % 3
    generator = DCGAN(**QUICK, condition="labels").fit(_images(), labels, classes=("a", "b", "c"))
    assert generator.conditional
    assert generator.requested_attributes == ()
    for layer in generator._sampler.network.layers:  # two epochs barely move them
        if hasattr(layer, "shift"):
            layer.shift.assign(np.random.default_rng(0).normal(size=layer.shift.shape))
    zeros, ones = (generator.sample(8, labels=np.full(8, label), seed=1) for label in (0, 1))
    assert not np.array_equal(zeros, ones)
    mixed = generator.sample(8, labels=np.array([0, 1] * 4), seed=1)
    assert np.array_equal(mixed[::2], zeros[::2])
    assert np.array_equal(mixed[1::2], ones[1::2])
    assert np.array_equal(generator.sample(5, seed=4), generator.sample(20, seed=4)[:5])
    drawn = generator.labels(6, 4)
    assert np.array_equal(generator.sample(6, seed=4), generator.sample(6, labels=drawn, seed=4))
    with pytest.raises(UserError, match="one for each of 3 images"):
        generator.sample(3, labels=[0, 1])
    with pytest.raises(UserError, match=r"Received: \[7\]"):
        generator.sample(1, labels=[7])
    generator.save(tmp_path)
    again = DCGAN(**QUICK, condition="labels").load(tmp_path)
    assert np.array_equal(again.sample(9, seed=2), generator.sample(9, seed=2))
    with pytest.raises(UserError, match="another condition than 'none'"):
        DCGAN(**QUICK).load(tmp_path)


def test_several_attributes_at_once():
    generator = DCGAN(**QUICK, condition=["Male", "Hat"])
    generator.fit(_images(), attributes=_attributes(), attribute_names=NAMES)
    assert generator.requested_attributes == ("Male", "Hat")
    assert generator.sample(2, labels=[[0, 1], [1, 1]]).shape == (2, 8, 8, 1)
    assert set(generator.by_class["class"]) == {"Male=yes", "Male=no", "Hat=yes", "Hat=no"}
    with pytest.raises(UserError, match="2 zeros and ones"):
        generator.sample(2, labels=[0, 1])


@pytest.mark.slow
def test_the_condition_reaches_both_networks():
    """Trained on two classes that differ in brightness alone, it draws each as asked."""
    labels = np.arange(200) % 2
    rng = np.random.default_rng(0)
    images = np.clip(rng.normal(60 + 130 * labels[:, None, None, None], 20, (200, 8, 8, 1)), 0, 255).astype(np.uint8)
    options = {"architecture": "small", "width": 8, "discriminator_width": 8, "batch_size": 20, "epochs": 40}
    generator = DCGAN(**options, condition="labels").fit(images, labels)
    dark, bright = (generator.sample(60, labels=np.full(60, label)).mean() for label in (0, 1))
    assert bright - dark > 60


def test_scores_of_each_class_by_hand():
    from generation.dcgan.class_scores import by_class

    real, fake = np.array([2.0, -1.0, 0.5]), np.array([-3.0, -0.5, 1.0])
    frame = by_class("hinge", real, fake, {"a": np.array([True, True, False]), "b": np.array([False, False, True])})
    assert frame["class"].tolist() == ["a", "b"]
    assert frame["d_accuracy_real"].tolist() == [0.5, 1]
    assert frame["d_accuracy_fake"].tolist() == [1, 0]
    assert frame["d_loss_real"].tolist() == [1, 0.5]
    assert frame["d_loss_fake"].tolist() == [0.25, 2]
    assert by_class("wasserstein-gp", real, fake, {"a": np.ones(3, bool)})["d_accuracy_real"].isna().all()
    pairs = by_class("relativistic", real, fake, {"a": np.array([False, False, True])})
    assert pairs["d_accuracy_fake"].isna().all()
    assert pairs["d_loss_real"].tolist() == pairs["d_loss_fake"].tolist() == [pytest.approx(np.log1p(np.exp(0.5)))]
    squares = by_class("least-squares", real, fake, {"a": np.ones(3, bool)})
    assert squares["d_accuracy_real"].tolist() == [pytest.approx(1 / 3)]


def test_wrong_conditions():
    with pytest.raises(UserError, match=r"at least 2 classes\. Received: 1"):
        DCGAN(**QUICK, condition="labels").fit(_images(), np.zeros(44, int))
    with pytest.raises(UserError, match=r"at least 2 classes\. Received: 0"):
        DCGAN(**QUICK, condition="labels").fit(_images())
    with pytest.raises(UserError, match="takes no condition"):
        DCGAN(architecture="mnist-1d", condition="labels")
    with pytest.raises(UserError, match=r"list of attributes. Received: \[\]"):
        DCGAN(condition=[])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(20) % 3, r"labels must be one for each of 44 images\. Received: 20\."),
        (np.arange(60) % 3, r"labels must be one for each of 44 images\. Received: 60\."),
        (np.eye(3, dtype=int)[np.arange(44) % 3], r"one for each of 44 images\. Received: \(44, 3\)\."),
        (np.arange(44) % 4, r"labels must be from 0 to 2, .* Received: 3\."),
        (np.arange(44) % 3 - 1, r"labels must be from 0 to 2, .* Received: -1\."),
        (np.arange(44) % 3 / 2, r"labels must be integers\. Received: float64\."),
        (["a", "b"] * 22, r"labels must be integers\. Received: <U1\."),
    ],
)
def test_wrong_labels(labels, message):
    """One line, before anything is trained."""
    with pytest.raises(UserError, match=message) as error:
        DCGAN(**QUICK, condition="labels").fit(_images(), labels, classes=("a", "b", "c"))
    assert "\n" not in str(error.value)


def test_labels_without_names_are_counted_from_0():
    with pytest.raises(UserError, match=r"counted from 0\. Received: -1\."):
        DCGAN(**QUICK, condition="labels").fit(_images(), np.arange(44) % 3 - 1)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (_attributes(10), r"for each of 44 images and one column for each of 3 names\. Received: \(10, 3\)\."),
        (_attributes(50), r"Received: \(50, 3\)\."),
        (_attributes()[:, :2], r"Received: \(44, 2\)\."),
        (_attributes()[:, 0], r"Received: \(44,\)\."),
        (np.where(_attributes(), 1, -1), r"zeros and ones\. Received: -1\."),
    ],
)
def test_wrong_attributes(attributes, message):
    with pytest.raises(UserError, match=message):
        DCGAN(**QUICK, condition=["Male"]).fit(_images(), attributes=attributes, attribute_names=NAMES)


def test_labels_to_sample_are_integers():
    conditions = Conditions.of_labels(np.array([0, 1, 2]))
    assert conditions.vectors([]).shape == (0, 3)
    for wrong, name in (([0.0, 1.0], "float64"), (["1"], "<U1")):
        with pytest.raises(UserError, match=rf"labels must be integers\. Received: {name}\."):
            conditions.vectors(wrong)


def _two_classes(n):
    """Images that differ in brightness alone, sorted by class."""
    labels = np.repeat([0, 1], n // 2)
    rng = np.random.default_rng(0)
    return np.clip(rng.normal(60 + 130 * labels[:, None, None, None], 12, (n, 8, 8, 1)), 0, 255).astype(
        np.uint8
    ), labels


@pytest.mark.slow
def test_sorted_images_are_watched_and_averaged_over_all_classes(monkeypatch):
    """The batch of the collapse alarm and the batches behind the average's statistics hold what the training holds."""
    from generation.dcgan import fitting
    from generation.dcgan.sampler import Sampler

    seen = {"watched": [], "averaged": []}
    draw, estimate = Sampler.draw, fitting.estimate_statistics

    def drawn(self, vectors, conditions):
        if len(vectors) == fitting.WATCHED:
            seen["watched"].append(conditions)
        return draw(self, vectors, conditions)

    def estimated(network, inputs):
        batches = list(inputs)
        seen["averaged"].extend(wanted for _, wanted in batches)
        estimate(network, iter(batches))

    monkeypatch.setattr(Sampler, "draw", drawn)
    monkeypatch.setattr(fitting, "estimate_statistics", estimated)
    images, labels = _two_classes(5000)
    options = {"architecture": "small", "width": 4, "discriminator_width": 4, "batch_size": 500, "epochs": 1}
    DCGAN(**options, condition="labels", ema=0.5).fit(images, labels)
    assert len(seen["watched"]) == 1
    assert len(seen["averaged"]) == fitting.BATCHES
    for conditions in (*seen["watched"], *seen["averaged"]):
        assert conditions.sum(axis=1).tolist() == [1] * len(conditions)
        assert 0.25 < conditions[:, 0].mean() < 0.75


def test_few_conditions_are_all_used_as_often_as_each_other():
    from generation.dcgan.fitting import _mixed

    mixed = _mixed(np.eye(3, dtype=np.float32), 8, 0)
    assert mixed.shape == (8, 3)
    assert sorted(mixed.sum(axis=0)) == [2, 3, 3]
    assert _mixed(np.zeros((5, 0), np.float32), 8, 0).shape == (8, 0)
