import numpy as np
import pytest

from data.errors import UserError
from generation.conditions import Conditions
from generation.dcgan import DCGAN

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
    from generation.layers import ConditionalBatchNormalization

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

    from generation import studies
    from generation.networks import build_discriminator

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
    from generation.class_scores import by_class

    real, fake = np.array([2.0, -1.0, 0.5]), np.array([-3.0, -0.5, 1.0])
    frame = by_class("hinge", real, fake, {"a": np.array([True, True, False]), "b": np.array([False, False, True])})
    assert frame["class"].tolist() == ["a", "b"]
    assert frame["d_accuracy_real"].tolist() == [0.5, 1]
    assert frame["d_accuracy_fake"].tolist() == [1, 0]
    assert frame["d_loss_real"].tolist() == [1, 0.5]
    assert frame["d_loss_fake"].tolist() == [0.25, 2]
    assert by_class("wasserstein-gp", real, fake, {"a": np.ones(3, bool)})["d_accuracy_real"].isna().all()
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
