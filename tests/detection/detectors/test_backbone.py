"""The backbone with a small file of weights made here: a probe, fine-tuning, and files that will not do."""

from __future__ import annotations

import inspect
import socket
import time

import numpy as np
import pytest

from data.errors import UserError
from detection.detectors.backbone import Backbone
from detection.frozen import backbone_weights
from detection.logistic import fit_linear

SMALL = {"alpha": 0.35, "size": 32}


def problem(seed, n=40, shape=(16, 16, 1)):
    rng = np.random.default_rng(seed)
    images, is_fake = rng.integers(0, 256, (n, *shape), dtype=np.uint8), rng.permutation(np.arange(n) % 2 == 0)
    images[is_fake] = images[is_fake] // 2 + 60
    return images, is_fake


def stand_in(input_shape, include_top, weights, alpha):
    """A network with MobileNetV2's signature that trains in a second."""
    import keras
    from keras import layers

    assert (include_top, weights, alpha) == (False, None, 0.35)
    flow = layers.Conv2D(8, 5, 4)(inputs := keras.Input(input_shape))
    return keras.Model(inputs, layers.ReLU()(layers.BatchNormalization()(flow)))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    import keras

    keras.utils.set_random_seed(7)
    network = stand_in((32, 32, 3), False, None, 0.35)
    network.save_weights(path := tmp_path_factory.mktemp("weights") / "small.weights.h5")
    return path


@pytest.fixture
def small(monkeypatch):
    import keras

    monkeypatch.setattr(keras.applications, "MobileNetV2", stand_in)


@pytest.fixture
def probe(small, weights):
    return Backbone(weights=str(weights), **SMALL).fit(*problem(0), validation=problem(1))


@pytest.mark.slow
def test_a_probe_is_logistic_regression_on_the_frozen_features_of_mobilenet(tmp_path):
    import keras

    keras.utils.set_random_seed(7)
    network = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, include_top=False, weights=None)
    for layer in network.layers:  # normalised once, or a network as it is drawn gives features of next to nothing
        layer.momentum = 0.0
    train, held, test = problem(0), problem(1), problem(2)

    def prepared(images):  # 16 pixels to 32 and one channel to three, by Keras' own functions
        large = keras.ops.image.resize(np.repeat(images, 3, axis=3).astype(np.float32), (32, 32), "bilinear")
        return np.asarray(large) / 127.5 - 1

    network(prepared(train[0]), training=True)
    network.save_weights(tmp_path / "real.weights.h5")
    detector = Backbone(weights=str(tmp_path / "real.weights.h5"), **SMALL).fit(*train, validation=held)
    x, y, z = (
        np.asarray(network(prepared(images))).mean(axis=(1, 2)).astype(float) for images, _ in (train, held, test)
    )
    expected = fit_linear(x, train[1], (y, held[1])).score(z)
    np.testing.assert_allclose(detector.decision_function(test[0]), expected, rtol=0.01, atol=0.01)
    assert expected[test[1]].mean() > expected[~test[1]].mean() + 1


@pytest.mark.slow
def test_scores_do_not_depend_on_batch_or_order_and_survive_saving_without_the_file(probe, tmp_path):
    images, _ = problem(3, n=270)
    scores = probe.decision_function(images)
    np.testing.assert_array_equal(probe.decision_function(images[::-1])[::-1], scores)
    np.testing.assert_array_equal(probe.decision_function(images[5:6]), scores[5:6])
    probe.save(tmp_path)
    assert probe.history is None
    again = Backbone(weights="/moved/since.weights.h5", **SMALL).load(tmp_path)
    np.testing.assert_array_equal(again.decision_function(images), scores)
    np.testing.assert_array_equal(again.predict_proba(images), probe.predict_proba(images))
    with pytest.raises(UserError, match="differs"):
        Backbone(weights="/moved/since.weights.h5", mode="finetune", **SMALL).load(tmp_path)


@pytest.mark.slow
def test_fine_tuning_starts_at_the_probe_and_moves_the_network(probe, weights, monkeypatch):
    started = []
    build = Backbone.build

    def recorded(self, shape, seed):
        started.append(build(self, shape, seed))
        started.append(started[0].get_weights())
        return started[0]

    monkeypatch.setattr(Backbone, "build", recorded)
    options = {"weights": str(weights), "mode": "finetune", "epochs": 1, "learning_rate": 1e-3, **SMALL}
    detector = Backbone(**options).fit(*problem(0), validation=problem(1))
    for start, found in zip(started[1], probe._network.get_weights(), strict=True):
        np.testing.assert_array_equal(start, found)
    assert len(detector.history) == 1
    moved = [not np.array_equal(a, b) for a, b in zip(started[1], detector._network.get_weights(), strict=True)]
    assert moved[0]  # the first kernel of what learned ImageNet
    names = [variable.path for variable in detector._network.weights]
    assert {name for name, new in zip(names, moved, strict=True) if not new} <= {
        name
        for name in names
        if "standardise" in name  # the mean and variance that the probe found
    }


@pytest.mark.slow
def test_files_that_will_not_do(small, weights, tmp_path):
    import keras

    with pytest.raises(UserError, match=r"Received: /none.h5 \(no such file\)"):
        Backbone(weights="/none.h5", **SMALL).fit(*problem(0))
    with pytest.raises(UserError, match="no such file"):
        Backbone(weights="/none.h5", **SMALL).fingerprint()
    (tmp_path / "weights.txt").write_text("1")
    with pytest.raises(UserError, match="a file of another kind"):
        Backbone(weights=str(tmp_path / "weights.txt"), **SMALL).fit(*problem(0))
    (tmp_path / "torn.weights.h5").write_bytes(weights.read_bytes()[:10_000])
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    other.save_weights(tmp_path / "other.weights.h5")
    for name in ("torn.weights.h5", "other.weights.h5"):
        with pytest.raises(UserError, match=rf"{name} cannot be read as weights of MobileNetV2 \(alpha 0.35\)"):
            Backbone(weights=str(tmp_path / name), **SMALL).fit(*problem(0))


def test_a_kernel_that_the_file_leaves_as_it_was_drawn_is_an_error(weights):
    class Deaf:
        """A network whose `load_weights` reads nothing and says nothing."""

        def get_weights(self):
            return [np.ones((2, 2)), np.zeros(2)]

        def load_weights(self, path):
            pass

    with pytest.raises(UserError, match="1 of its kernels are not in the file"):
        backbone_weights.fill(Deaf(), weights, "Deaf")


@pytest.mark.parametrize("network", ["MobileNetV2", "EfficientNetV2B0", "ResNet50V2"])
def test_without_weights_and_network_it_fails_at_once(network, tmp_path, monkeypatch):
    import keras

    def unreachable(*arguments, **keywords):
        raise OSError("Temporary failure in name resolution")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setattr(keras.src.utils.file_utils.config, "keras_home", lambda: str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    found = backbone_weights.published(network, 1.0, 96)
    started = time.perf_counter()
    with pytest.raises(UserError) as caught:
        backbone_weights.fetch(network, found)
    assert time.perf_counter() - started < 5
    message = str(caught.value)
    for part in (f"ImageNet weights of {network}", found.url, str(tmp_path / "models" / found.file), "option weights"):
        assert part in message
    assert "\n" not in message
    assert "Temporary failure in name resolution" in message
    assert socket.getdefaulttimeout() is None
    monkeypatch.setenv("FAUXBENCH_OFFLINE", "1")
    with pytest.raises(UserError, match=r"FAUXBENCH_OFFLINE is set.*by hand"):
        backbone_weights.fetch(network, found)
    (tmp_path / "models").mkdir(exist_ok=True)
    (tmp_path / "models" / found.file).write_bytes(b"by hand")
    if found.md5 is None:
        assert backbone_weights.fetch(network, found).read_bytes() == b"by hand"
    else:  # the file is not the published one, and the one that would replace it is out of reach
        with pytest.raises(UserError, match="cannot be had"):
            backbone_weights.fetch(network, found)


def test_the_published_addresses_are_those_of_keras(monkeypatch):
    """MobileNetV2 is asked what it would fetch; of the others, which take long to build, Keras' constants are read."""
    import keras
    from keras.src.applications import efficientnet_v2, resnet

    asked = []

    def get_file(name, url, cache_subdir):
        asked.extend((name, url, cache_subdir))
        raise LookupError

    monkeypatch.setattr(keras.src.utils.file_utils, "get_file", get_file)
    with pytest.raises(LookupError):
        keras.applications.MobileNetV2(input_shape=(96, 96, 3), alpha=0.35, include_top=False, weights="imagenet")
    found = backbone_weights.published("MobileNetV2", 0.35, 96)
    assert asked == [found.file, found.url, "models"]
    assert backbone_weights.published("MobileNetV2", 1.0, 150).file.endswith("_1.0_160_no_top.h5")
    for network, module, key in (("EfficientNetV2B0", efficientnet_v2, "b0"), ("ResNet50V2", resnet, "resnet50v2")):
        found = backbone_weights.published(network, 1.0, 96)
        name = inspect.signature(getattr(keras.applications, network)).parameters["name"].default
        assert found.url.startswith(module.BASE_WEIGHTS_PATH + name)
        assert found.file.endswith("notop.h5")
        assert found.md5 == module.WEIGHTS_HASHES[key][1]  # without the classifier


@pytest.mark.slow
def test_small_images_are_enlarged_in_proportion_and_large_ones_kept(small):
    for shape, expected in (((8, 12, 1), (32, 48, 3)), ((9, 14, 3), (32, 50, 3)), ((40, 33, 3), (40, 33, 3))):
        _, pretrained, features = Backbone(**SMALL)._assembled(shape)
        assert pretrained.input_shape[1:] == expected
        assert features.predict_on_batch(np.zeros((2, *shape), np.float32)).shape == (2, 8)


def test_options_that_exclude_each_other():
    with pytest.raises(UserError, match=r"'alpha' of backbone with ResNet50V2 must be one of 1.0. Received: 0.5"):
        Backbone(network="ResNet50V2", alpha=0.5)
    with pytest.raises(UserError, match=r"one of 0.35, 0.5, 0.75, 1.0, 1.3, 1.4. Received: 0.4"):
        Backbone(alpha=0.4)


def test_the_key_knows_the_weights(weights, tmp_path):
    copy = tmp_path / "copy.h5"
    copy.write_bytes(weights.read_bytes())
    same = Backbone(weights=str(weights)).fingerprint()
    assert Backbone(weights=str(copy)).fingerprint() == same
    copy.write_bytes(weights.read_bytes() + b"1")
    assert Backbone(weights=str(copy)).fingerprint() != same
    assert Backbone().fingerprint() == "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5"
    assert Backbone(network="ResNet50V2").fingerprint() != Backbone(network="EfficientNetV2B0").fingerprint()


def test_heat_maps_have_the_size_of_the_images_before_they_were_enlarged(probe):
    images = problem(2, n=5)[0]
    maps = probe.explain(images)
    assert maps.shape == (5, 16, 16)
    np.testing.assert_array_equal(probe.explain(images[2:3]), maps[2:3])
