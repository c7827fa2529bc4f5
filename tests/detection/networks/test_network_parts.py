"""A `.keras` file that names more than Keras' own layers is refused before Keras reads it."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from data.errors import UserError
from detection.detectors.discriminator import read_network
from detection.networks import saved_network


@pytest.fixture
def saved(tmp_path):
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 1))
    flow = layers.Dense(1, kernel_regularizer="l2", name="logit")(layers.Flatten()(layers.ReLU()(inputs - 1.0)))
    path = tmp_path / "network.keras"
    saved_network.save(keras.Model(inputs, flow), path)
    return path


def crafted(path, change=None, more=None):
    """Writes the file again with its last layer changed, or with another member."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(files["config.json"])
    layer = next(it for it in config["config"]["layers"] if it["config"]["name"] == "logit")
    layer.update(change or {})
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (files | {"config.json": json.dumps(config).encode()} | (more or {})).items():
            archive.writestr(name, content)


def test_a_network_of_layers_and_operations_is_read(saved):
    assert saved_network.load(saved).predict(np.zeros((2, 8, 8, 1)), verbose=0).shape == (2, 1)
    assert read_network(saved.read_bytes(), "it").output_shape == (None, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"module": "os", "class_name": "system"}, {"module": "subprocess", "class_name": "Popen"},
        {"class_name": "Lambda"}, {"class_name": "TFSMLayer"}, {"class_name": "TorchModuleWrapper"},
        {"registered_name": "theirs>Layer"}, {"registered_name": "fauxbench>NoSuchLayer"},
        {"module": "keras.utils", "class_name": "get_file"}, {"module": "keras.src.utils.file_utils"},
        {"module": "builtins", "class_name": "function"}, {"class_name": "__lambda__"}, {"module": None},
    ],
    ids=lambda it: "-".join(map(str, it.values())).replace(">", "-"),
)  # fmt: skip
def test_another_part_is_refused(saved, change):
    crafted(saved, change)
    with pytest.raises(UserError, match=r"it is made of .*, which is no layer of Keras' own that only computes"):
        saved_network.load(saved)
    with pytest.raises(UserError, match="it is made of"):
        read_network(saved.read_bytes(), "it")


def test_another_member_is_refused(saved):
    crafted(saved, more={"assets/../../beside": b"text"})
    with pytest.raises(UserError, match="beside a network"):
        saved_network.load(saved)
