"""Saved networks: the same bytes for the same network, and nothing in them that runs."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from data.errors import UserError
from detection.networks import saved_network


def network():
    """Every kind of part that Keras names: layers, operations, and a network inside the network."""
    import keras
    from keras import layers

    layers.Dense(1)  # uses up Keras' first name for one, which an author gives to another layer below
    inner = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3, kernel_initializer=start(1)), layers.ReLU()])
    inputs = keras.Input((8, 8, 1))
    high = inputs - layers.UpSampling2D(2)(inputs[:, ::2, ::2])
    x = layers.Add()([inner(high), layers.Conv2D(2, 3, kernel_initializer=start(2), name="dense")(inputs)])
    x = layers.Dropout(0.5, seed=3)(layers.BatchNormalization()(x))
    return keras.Model(inputs, layers.Dense(1, kernel_initializer=start(4))(layers.Flatten()(x)))


def start(seed):
    import keras

    return keras.initializers.HeNormal(seed=seed)


def images():
    return np.random.default_rng(0).uniform(0, 255, (5, 8, 8, 1)).astype(np.float32)


def test_what_else_a_process_has_built_changes_no_byte(tmp_path):
    import keras

    saved_network.save(network(), tmp_path / "one.keras")
    for _ in range(12):  # names of another length
        network()
    second = network()
    second.compile(optimizer="adam", loss="mse")
    second.optimizer.build(second.trainable_variables)
    saved_network.save(second, tmp_path / "two.keras")
    saved_network.save(saved_network.load(tmp_path / "one.keras"), tmp_path / "again.keras")
    one = (tmp_path / "one.keras").read_bytes()
    assert one == (tmp_path / "two.keras").read_bytes()
    assert one == (tmp_path / "again.keras").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.keras") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {saved_network.THEN}
        config = json.loads(archive.read("config.json"))["config"]
    names = [layer["config"]["name"] for layer in config["layers"]]
    assert {"input_layer", "get_item", "subtract", "dense", "dense_1"} <= {*names}  # the author's `dense` is the first
    assert len({*names}) == len(names)
    inner = next(layer for layer in config["layers"] if layer["class_name"] == "Sequential")
    assert [layer["config"]["name"] for layer in inner["config"]["layers"]] == ["input_layer_1", "conv2d", "re_lu"]
    plain = keras.saving.load_model(tmp_path / "one.keras")  # by Keras alone
    assert not plain.compiled
    np.testing.assert_array_equal(plain.predict_on_batch(images()), second.predict_on_batch(images()))


def test_other_weights_are_other_bytes(tmp_path):
    first = network()
    saved_network.save(first, tmp_path / "one.keras")
    first.layers[-1].set_weights([weight + 1 for weight in first.layers[-1].get_weights()])
    saved_network.save(first, tmp_path / "two.keras")
    assert (tmp_path / "one.keras").read_bytes() != (tmp_path / "two.keras").read_bytes()
    after = saved_network.load(tmp_path / "two.keras").predict_on_batch(images())
    np.testing.assert_array_equal(after, first.predict_on_batch(images()))


def test_code_in_a_file_is_refused(tmp_path):
    import keras

    inputs = keras.Input((8, 8, 1))
    told = []
    lambdas = keras.Model(inputs, keras.layers.Lambda(lambda x: told.append(1) or x, output_shape=(8, 8, 1))(inputs))
    lambdas.save(tmp_path / "code.keras")
    told.clear()
    with pytest.raises(UserError, match="No network can be read"):
        saved_network.load(tmp_path / "code.keras")
    assert told == []


def test_what_is_no_network_is_refused(tmp_path):
    (tmp_path / "damaged.keras").write_bytes(b"PK no zip")
    saved_network.save(network(), tmp_path / "whole.keras")
    (tmp_path / "cut.keras").write_bytes((tmp_path / "whole.keras").read_bytes()[:-200])
    for name in ("damaged", "cut", "missing"):
        with pytest.raises(UserError, match=f"{name}.keras"):
            saved_network.load(tmp_path / f"{name}.keras")
