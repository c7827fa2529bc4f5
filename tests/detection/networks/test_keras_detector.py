from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from data.errors import UserError
from detection.detectors.cnn import CNN
from detection.networks import saved_network
from detection.networks.batches import augment, balanced_batches
from detection.networks.keras_detector import KerasDetector


def checkered(n: int, side: int = 8, seed: int = 0, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Noise; the fakes carry a faint pattern of period 2, as transposed convolutions leave it."""
    images = np.random.default_rng(seed).integers(60, 180, (n, side, side, channels))
    is_fake = np.arange(n) % 2 == 0
    images[is_fake, ::2, ::2] += 60
    return images.astype(np.uint8), is_fake


class Scripted(KerasDetector):
    """A one-weight network whose training is scripted, to see what the loop makes of it."""

    weights_by_epoch = (0.1, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0)

    def build(self, shape, seed):
        import keras

        inputs = keras.Input(shape)
        mean = keras.layers.GlobalAveragePooling2D()(inputs)
        return keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(mean))

    def _train_epoch(self, images, is_fake, rng):
        self.trained = getattr(self, "trained", 0) + 1
        weight = self.weights_by_epoch[self.trained - 1]
        self._network.set_weights([np.full((images.shape[-1], 1), weight / 100, dtype=np.float32)])
        return 0.5


def bright(n: int) -> tuple[np.ndarray, np.ndarray]:
    is_fake = np.arange(n) % 2 == 0
    images = np.random.default_rng(0).integers(0, 100, (n, 8, 8, 1))
    images[is_fake] += np.arange(n)[is_fake][:, None, None, None] % 5
    return images.astype(np.uint8), is_fake


def test_early_stopping_brings_back_the_best_epoch():
    images, is_fake = bright(60)
    detector = Scripted(epochs=7, patience=3).fit(images, is_fake, validation=(images, is_fake))
    history = detector.history
    # the second epoch ranks as the first, and the third the other way round; three without a rise end it
    assert list(history.columns) == ["epoch", "loss", "val_auc", "val_loss"]
    assert len(history) == 4
    assert history.val_auc[0] == history.val_auc[1] > 0.5 > history.val_auc[2]
    best = 0.001 if history.val_loss[0] < history.val_loss[1] else 0.01
    mean = images.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(detector.decision_function(images), best * mean, rtol=1e-5)
    assert roc_auc_score(is_fake, detector.decision_function(images)) == pytest.approx(history.val_auc.max())


def test_progress_is_told_at_each_epoch():
    told = []
    images, is_fake = bright(20)
    Scripted(epochs=2).fit(images, is_fake, validation=(images, is_fake), progress=lambda *a: told.append(a))
    assert [(done, total) for done, total, _ in told] == [(1, 2), (2, 2)]
    assert "epoch 2/2" in told[1][2]
    assert "val_auc" in told[1][2]


def test_a_network_that_diverges_is_an_error():
    class Diverging(Scripted):
        weights_by_epoch = (np.nan,)

    with pytest.raises(ValueError, match="diverged in epoch 1"):
        Diverging(epochs=1).fit(*bright(20))


def test_validation_images_are_not_augmented():
    class Blind(Scripted):
        def _augment(self, images, rng):
            return np.zeros_like(images)

    images, is_fake = bright(60)
    assert Blind(epochs=1).fit(images, is_fake, validation=(images, is_fake)).history.val_auc[0] > 0.5


@pytest.mark.parametrize("quality", [(80, 30), (30,), (30, 50, 90)])
def test_a_range_of_qualities_is_two_numbers_in_order(quality):
    with pytest.raises(UserError, match="least and the greatest"):
        Scripted(jpeg_quality=quality)


class Recorder:
    """Stands for the network's training step, and keeps what it is given."""

    def __init__(self):
        self.batches = []

    def reset_metrics(self):
        pass

    def train_on_batch(self, images, target, sample_weight):
        self.batches.append((images, target[:, 0], sample_weight))
        return 0.25


@pytest.mark.parametrize("balance", ["batches", "weights", "none"])
def test_what_each_balance_gives_the_training_step(balance):
    is_fake = np.arange(40) < 10
    images = np.arange(40, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)  # its number
    detector = KerasDetector(balance=balance, batch_size=20)
    detector._trainer = Recorder()
    assert detector._train_epoch(images, is_fake, np.random.default_rng(0)) == 0.25
    images, fakes, weights = zip(*detector._trainer.batches, strict=True)
    given, fakes = np.concatenate(images), np.concatenate(fakes)
    assert given.dtype == np.float32
    assert (given == given[:, :1, :1]).all()
    times = np.bincount(given[:, 0, 0, 0].astype(int), minlength=40)
    np.testing.assert_array_equal(fakes, given[:, 0, 0, 0] < 10)
    if balance == "batches":
        assert [batch[1].mean() for batch in detector._trainer.batches] == [0.5] * 3
        np.testing.assert_array_equal(times, np.where(is_fake, 3, 1))
    else:
        np.testing.assert_array_equal(times, 1)
    if balance == "weights":
        np.testing.assert_allclose(np.concatenate(weights), np.where(fakes > 0, 2.0, 2 / 3), rtol=1e-6)
    else:
        assert {*weights} == {None}


@pytest.mark.slow
def test_balance_decides_whether_scores_lean_to_the_larger_class():
    """Images that say nothing teach a logit only how frequent the classes are: log 3 where three of four are fake."""

    class Constant(KerasDetector):
        def build(self, shape, seed):
            import keras

            inputs = keras.Input(shape)
            nothing = keras.layers.GlobalAveragePooling2D()(inputs)
            return keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="zeros")(nothing))

    images, is_fake = np.zeros((40, 8, 8, 1), np.uint8), np.arange(40) < 30
    options = {"epochs": 16, "patience": 16, "learning_rate": 0.1, "batch_size": 40}
    learned = {
        balance: Constant(balance=balance, **options).fit(images, is_fake, validation=(images, is_fake))
        for balance in ("batches", "weights", "none")
    }
    found = {balance: detector.decision_function(images[:1])[0] for balance, detector in learned.items()}
    assert found["none"] == pytest.approx(np.log(3), abs=0.15)
    assert abs(found["batches"]) < 0.3  # Adam makes steps of the rounding in a gradient of zero
    assert abs(found["weights"]) < 0.3
    losses = {balance: detector.history.loss.iloc[0] for balance, detector in learned.items()}
    np.testing.assert_allclose(
        [*losses.values()], np.log(2), rtol=1e-5
    )  # before the first step; the weights' mean is 1


def test_bfloat16_leaves_weights_and_logit_in_float32():
    import keras

    network = CNN(precision="mixed_bfloat16")._built((8, 8, 1))
    computes = [layer.compute_dtype for layer in network.layers]
    assert set(computes[:-1]) == {"bfloat16"}
    assert (computes[-1], network.outputs[0].dtype) == ("float32", "float32")
    assert {weight.dtype for weight in network.weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    assert {layer.compute_dtype for layer in CNN()._built((8, 8, 1)).layers} == {"float32"}

    class Broken(CNN):
        def build(self, shape, seed):
            assert keras.config.dtype_policy().name == "mixed_bfloat16"
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        Broken(precision="mixed_bfloat16")._built((8, 8, 1))
    assert keras.config.dtype_policy().name == "float32"


def test_batches_are_balanced_and_use_every_image():
    is_fake = np.arange(100) < 25
    batches = balanced_batches(is_fake, 10, np.random.default_rng(0))
    assert batches.shape == (15, 10)
    assert not is_fake[batches[:, :5]].any()
    assert is_fake[batches[:, 5:]].all()
    np.testing.assert_array_equal(np.sort(batches[:, :5].ravel()), np.arange(25, 100))
    np.testing.assert_array_equal(np.bincount(batches[:, 5:].ravel(), minlength=25)[:25], 3)


def test_tiny_sets_still_give_a_whole_batch():
    batches = balanced_batches(np.array([False, True, True]), 8, np.random.default_rng(0))
    assert batches.shape == (1, 8)


def test_augmentation_mirrors_and_shifts_and_nothing_else():
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 9, 3), dtype=np.uint8)
    before = images.copy()
    out = augment(images, np.random.default_rng(1), shift=1, mirror=True)
    np.testing.assert_array_equal(images, before)
    assert out.dtype == np.uint8
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    seen = set()
    for i, image in enumerate(out):
        matches = [
            (down, right, flip)
            for down in (0, 1, 2)
            for right in (0, 1, 2)
            for flip in (1, -1)
            if (padded[i, down : down + 8, right : right + 9][:, ::flip] == image).all()
        ]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) == 18
    np.testing.assert_array_equal(augment(images, np.random.default_rng(1), shift=0, mirror=False), images)


@pytest.mark.parametrize(
    ("shape", "maps"), [((8, 8, 1), 4), ((12, 12, 3), 6), ((28, 28, 1), 7), ((32, 32, 3), 4), ((128, 128, 3), 8)]
)
def test_the_network_keeps_full_resolution_first_and_ends_small(shape, maps):
    import keras

    network = CNN().build(shape, 0)
    convolutions = [layer.output.shape[1] for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert convolutions[0] == shape[0]
    assert convolutions[-1] == maps
    assert network.output.shape == (None, 1)


def test_weights_come_from_the_seed():
    one, two, other = (CNN().build((8, 8, 1), seed).get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert not (one[0] == other[0]).all()


@pytest.mark.slow
def test_cnn_learns_a_faint_pattern():
    detector = CNN(random_state=0).fit(*checkered(240), validation=checkered(80, seed=1))
    images, is_fake = checkered(200, seed=2)
    assert roc_auc_score(is_fake, detector.decision_function(images)) > 0.98
    assert ((detector.predict_proba(images)[:, 1] > 0.5) == is_fake).mean() > 0.9
    assert detector.history.val_auc.max() > 0.98


@pytest.mark.slow
def test_seeds_change_the_network_and_fix_it():
    images, is_fake = checkered(80)
    one, two, other = (
        CNN(random_state=seed, epochs=2).fit(images, is_fake).decision_function(images) for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


TINY = {"width": 2, "blocks": 1, "epochs": 1}
OTHER = """
import sys
from pathlib import Path
import numpy as np
from detection.detectors.resnet import ResNet
folder, options = Path(sys.argv[1]), eval(sys.argv[2])
given = np.load(folder / "given.npz")
one = ResNet(**options).load(folder / "ours")
np.save(folder / "theirs.npy", one.decision_function(given["images"]))
two = ResNet(balance="weights", **options).fit(given["images"], given["is_fake"])
two.save(folder / "other")
np.save(folder / "other.npy", two.decision_function(given["images"]))
import detection.networks.layers
from detection.networks import saved_network
for path in (folder / "filters").glob("*.keras"):
    np.save(path.with_suffix(".npy"), saved_network.load(path).predict_on_batch(given["colour"]))
"""
FILTERS = ["npr:NPR", "patch:Patch", "residual:ResidualSRM", "residual:ResidualBayar", "dct_cnn:DCTCNN"]


@pytest.mark.slow
@pytest.mark.bfloat16
@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed: pip install 'fauxbench[jax]'")
def test_a_detector_trained_on_one_backend_scores_the_same_on_the_other(tmp_path, on_jax):
    import keras

    from detection.detectors.resnet import ResNet

    images, is_fake = checkered(64)
    ours = ResNet(precision="mixed_bfloat16", **TINY).fit(images, is_fake)
    assert ours.parameters == 117
    ours.save(tmp_path / "bfloat16")
    again = ResNet(precision="mixed_bfloat16", **TINY).load(tmp_path / "bfloat16")
    np.testing.assert_array_equal(again.decision_function(images), ours.decision_function(images))
    assert again.parameters == 117
    with pytest.raises(UserError, match="differs"):
        ResNet(**TINY).load(tmp_path / "bfloat16")

    ours = ResNet(**TINY).fit(images, is_fake)
    ours.save(tmp_path / "ours")
    colour = np.random.default_rng(1).integers(0, 256, (8, 11, 14, 3)).astype(np.float32)
    np.savez(tmp_path / "given.npz", images=images, is_fake=is_fake, colour=colour)
    (tmp_path / "filters").mkdir()
    expected = {}
    for module, name in (filter_.split(":") for filter_ in FILTERS):
        network = getattr(importlib.import_module(f"detection.detectors.{module}"), name)().build((11, 14, 3), 0)
        saved_network.save(network, tmp_path / "filters" / f"{name}.keras")
        expected[name] = network.predict_on_batch(colour)
    backend = {"tensorflow": "jax", "jax": "tensorflow"}[keras.backend.backend()]
    environment = on_jax | {"KERAS_BACKEND": backend}
    command = [sys.executable, "-c", OTHER, str(tmp_path), repr(TINY)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    theirs = np.load(tmp_path / "theirs.npy")
    assert np.ptp(theirs) > 0.01
    np.testing.assert_allclose(theirs, ours.decision_function(images), atol=1e-4)
    for name, scores in expected.items():
        assert np.ptp(scores) > 0.001
        np.testing.assert_allclose(np.load(tmp_path / "filters" / f"{name}.npy"), scores, atol=1e-4)
    loaded = ResNet(balance="weights", **TINY).load(tmp_path / "other")
    np.testing.assert_allclose(loaded.decision_function(images), np.load(tmp_path / "other.npy"), atol=1e-4)
