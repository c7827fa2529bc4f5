import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from data.errors import UserError
from generation.swap.generator import Autoencoder

pytestmark = pytest.mark.slow  # networks are trained

QUICK = {"encoder_width": 4, "decoder_width": 4, "latent_dim": 8, "batch_size": 8}
N = 44
LABELS = np.array([2, 5, 5, 2] * 11)
TIMING = ["images_per_second"]


def _images(n=N, shape=(8, 8, 1)):
    return np.random.default_rng(5).integers(0, 256, (n, *shape), np.uint8)


def _fit(folder=None, on_checkpoint=None, images=None, labels=LABELS, **options):
    made = Autoencoder(**{**QUICK, "epochs": 2, **options})
    return made.fit(_images() if images is None else images, labels, folder=folder, on_checkpoint=on_checkpoint)


def _saved(generator, folder):
    generator.save(folder)
    return (folder / "weights.npz").read_bytes()


class Interrupted(Exception):
    """Stands for a kill in the middle of the training."""


@pytest.fixture(scope="module")
def fitted():
    """An autoencoder after a few steps; no test changes it."""
    return _fit()


JOINED = {"epochs": 5, "display_interval": 1, "adversarial": 0.5, "warm_up": 3, "random_state": 3}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One whose discriminator joined, and that was never interrupted."""
    return _fit(tmp_path_factory.mktemp("whole"), **JOINED)


@pytest.mark.parametrize("cut", [2, 4])
def test_resume_bit_for_bit(tmp_path, whole, cut):
    """Before the discriminator joins, and after."""

    def stop(name, generator):
        if name == f"epoch-{cut:04d}":
            raise Interrupted

    with pytest.raises(Interrupted):
        _fit(tmp_path / "cut", stop, **JOINED)
    seen = []
    again = _fit(tmp_path / "cut", lambda name, generator: seen.append(name), **JOINED)
    assert seen == [f"epoch-{epoch:04d}" for epoch in range(cut, 6)]  # the interrupted one comes again
    assert _saved(again, tmp_path / "a") == _saved(whole, tmp_path / "b")
    histories = [generator.history.drop(columns=TIMING) for generator in (again, whole)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    pd.testing.assert_frame_equal(again.reconstruction, whole.reconstruction, check_exact=True)
    names = [f"epoch-{epoch:04d}" for epoch in range(1, 6)]
    assert again.reconstruction["checkpoint"].tolist() == [name for name in names for _ in range(4)]


def test_a_finished_training_is_not_run_again(tmp_path):
    first, calls = _fit(tmp_path), []
    second = _fit(tmp_path, lambda *given: calls.append(given))
    assert calls == []
    swaps = [g.sample(8, sources=_images(), labels=LABELS) for g in (first, second)]
    assert np.array_equal(*swaps)
    pd.testing.assert_frame_equal(first.history, second.history)
    pd.testing.assert_frame_equal(first.reconstruction, second.reconstruction)


def test_the_discriminator_joins_exactly_after_the_warm_up():
    seen = []

    def keep(name, generator):
        seen.append(generator._networks)

    options = {"epochs": 4, "display_interval": 1}
    joined = _fit(on_checkpoint=keep, **options, adversarial=5.0, warm_up=2)
    with_it, seen = seen, []
    _fit(on_checkpoint=keep, **options)
    same = [
        all(np.array_equal(a, b) for name in one for a, b in zip(one[name], other[name], strict=True))
        for one, other in zip(seen, with_it, strict=True)
    ]
    assert same == [True, True, False, False]
    still = [np.array_equal(a["discriminator"][0], b["discriminator"][0]) for a, b in itertools.pairwise(with_it)]
    assert still == [True, False, False]
    judged = joined.history[["d_loss", "d_real", "d_fake"]].notna()
    assert (judged.all(axis=1) == (joined.history["epoch"] > 2)).all()
    assert (judged.any(axis=1) == (joined.history["epoch"] > 2)).all()


def test_faces_held_out_are_never_trained_on():
    """Their pixels change no weight, and the measurement of them alone."""
    from generation.swap.faces import divide

    faces = divide(LABELS, (), n=N, share=0.2, half=4, seed=0)
    held = np.concatenate(faces.held_out)
    assert len(held) == 8
    assert sorted(np.concatenate([*faces.trained, held]).tolist()) == list(range(N))
    for side, label in enumerate((2, 5)):
        assert (LABELS[np.concatenate([faces.trained[side], faces.held_out[side]])] == label).all()
    changed = _images()
    changed[held] = 255 - changed[held]
    one, other = (_fit(images=images, held_out=0.2) for images in (_images(), changed))
    for name, values in one._networks.items():
        assert all(np.array_equal(a, b) for a, b in zip(values, other._networks[name], strict=True))
    tables = [g.reconstruction.set_index("faces")["mse"] for g in (one, other)]
    assert (tables[0]["trained"] == tables[1]["trained"]).all()
    assert (tables[0]["held_out"] != tables[1]["held_out"]).all()
    trained = changed.copy()
    trained[faces.trained[0][0]] ^= 255
    assert not np.array_equal(_fit(images=trained, held_out=0.2)._networks["encoder"][0], one._networks["encoder"][0])


def test_reconstruction_is_what_it_says():
    from generation.swap.faces import divide
    from generation.swap.similarity import ssim

    generator = _fit(held_out=0.2)
    faces = divide(LABELS, (), n=N, share=0.2, half=4, seed=0)
    table = generator.reconstruction.set_index(["side", "faces"])
    for side, letter in enumerate("ab"):
        for kind, at in (("trained", faces.trained[side]), ("held_out", faces.held_out[side])):
            images = _images()[at]
            drawn, wanted = generator._sampler.outputs(images, side), images / np.float32(255)
            row = table.loc[(letter, kind)]
            assert row["n"] == len(at)
            assert row["mse"] == pytest.approx(((drawn - wanted) ** 2).mean())
            assert row["ssim"] == pytest.approx(float(np.mean(ssim(drawn, wanted))), abs=1e-6)


def test_swaps_follow_from_their_sources_alone(tmp_path, fitted):
    generator = fitted
    images, labels = _images(200), np.resize(LABELS, 200)
    swaps = generator.sample(200, sources=images, labels=labels)
    assert np.array_equal(generator.sample(150, sources=images, labels=labels, seed=9), swaps[:150])
    order = np.random.default_rng(0).permutation(200)
    assert np.array_equal(generator.sample(200, sources=images[order], labels=labels[order]), swaps[order])
    single = [generator.sample(1, sources=images[at : at + 1], labels=labels[at : at + 1])[0] for at in (0, 1, 77)]
    assert np.array_equal(single, swaps[[0, 1, 77]])
    generator.save(tmp_path)
    loaded = Autoencoder(**QUICK).load(tmp_path)
    assert np.array_equal(loaded.sample(200, sources=images, labels=labels), swaps)


def test_a_swap_is_drawn_by_the_other_side(fitted):
    generator = fitted
    images = _images(6)
    for label, other in ((2, 1), (5, 0)):
        swaps = generator.sample(6, sources=images, labels=np.full(6, label))
        assert np.array_equal(swaps, generator._sampler.draw(images, other))
        assert not np.array_equal(swaps, generator._sampler.draw(images, 1 - other))


def test_a_straight_face_is_drawn_by_its_own_side(fitted):
    generator = fitted
    images = _images(6)
    for label, own in ((2, 0), (5, 1)):
        straight = generator.reconstruct(images, labels=np.full(6, label))
        assert np.array_equal(straight, generator._sampler.draw(images, own))
    with pytest.raises(UserError, match=r"those of the training, \(2, 5\). Received: 3"):
        generator.reconstruct(images, labels=np.full(6, 3))


def test_preview_has_six_columns(fitted):
    generator = fitted
    faces = _images(5)
    laid = generator.preview((faces[:3], faces[3:]))
    assert laid.shape == (2 * 8, 6 * 8, 1)
    cells = laid.reshape(2, 8, 6, 8, 1).swapaxes(1, 2)
    draw = generator._sampler.draw
    for row in range(2):
        a, b = faces[row : row + 1], faces[3 + row : 4 + row]
        expected = [a, draw(a, 0), draw(a, 1), b, draw(b, 1), draw(b, 0)]
        assert all(np.array_equal(cells[row, at], image[0]) for at, image in enumerate(expected))
    assert generator.preview().shape == (8, 6 * 8, 1)  # one face of each side is held out


def test_it_learns_to_draw_and_to_swap():
    """A white square at random heights, on dark ground or on light: a swap keeps the height and changes the ground."""
    rng = np.random.default_rng(0)
    n, labels = 400, np.arange(400) % 2
    images, wanted = (np.empty((n, 16, 16, 1), np.uint8) for _ in range(2))
    for i, row in enumerate(rng.integers(0, 12, n)):
        images[i], wanted[i] = (20, 120) if labels[i] == 0 else (120, 20)
        images[i, row : row + 4, 6:10] = wanted[i, row : row + 4, 6:10] = 255
    options = {"latent_dim": 16, "encoder_width": 8, "decoder_width": 8, "mirror": False, "transform": 0.0}
    generator = _fit(images=images, labels=labels, **options, learning_rate=0.003, epochs=20, batch_size=16)
    swaps = generator.sample(n, sources=images, labels=labels)

    def error(of, rows=slice(None)):
        return float(np.mean((of[rows] / 255 - wanted / 255) ** 2))

    assert (generator.reconstruction["mse"] < 0.01).all()
    other = [np.flatnonzero(labels == label)[rng.permutation(n // 2)] for label in (0, 1)]
    elsewhere = np.stack(other, axis=1).ravel()  # the right ground, and a square at another's height
    assert error(swaps) < 0.25 * error(wanted, elsewhere)
    assert error(swaps) < 0.25 * error(images)


def test_history():
    history = _fit(epochs=3).history
    assert history["epoch"].tolist() == [1] * 5 + [2] * 5 + [3] * 5  # 21 faces of a side make 5 half batches of 4
    assert list(history)[:9] == ["step", "epoch", "loss_a", "loss_b", "ssim_a", "ssim_b", "mse_a", "mse_b", "g_loss"]
    for side in "ab":
        loss = history[f"mse_{side}"] + (1 - history[f"ssim_{side}"]) / 2
        np.testing.assert_allclose(history[f"loss_{side}"], loss, rtol=1e-5)
    np.testing.assert_allclose(history["g_loss"], history["loss_a"] + history["loss_b"], rtol=1e-5)
    assert history[["d_loss", "d_real", "d_fake"]].isna().all().all()


def test_a_training_that_diverges_says_so_or_keeps_the_last_good_checkpoint(monkeypatch, fitted):
    with pytest.raises(FloatingPointError, match=r"diverged: .* learning_rate=1e\+30"):
        _fit(epochs=20, learning_rate=1e30)

    from generation.training.trainer import Trainer

    whole, check = Trainer._check_finite, Trainer._check_finite

    def late(self, logs, first):
        if first > 12:
            logs = logs * np.nan
        check(self, logs, first)

    monkeypatch.setattr(Trainer, "_check_finite", late)
    kept = _fit(epochs=9, display_interval=2)
    monkeypatch.setattr(Trainer, "_check_finite", whole)
    assert [alarm["alarm"] for alarm in kept.alarms] == ["diverged"]
    assert np.array_equal(kept._networks["encoder"][0], fitted._networks["encoder"][0])


def test_warm_start(tmp_path):
    first = _fit(adversarial=0.5, warm_up=0)
    first.save(tmp_path)
    only = _fit(adversarial=0.5, train="discriminator", warm_start=str(tmp_path))
    for name in ("encoder", "decoder_a", "decoder_b"):
        assert all(np.array_equal(a, b) for a, b in zip(first._networks[name], only._networks[name], strict=True))
    assert not np.array_equal(first._networks["discriminator"][0], only._networks["discriminator"][0])
    for alone in ({"train": "discriminator", "adversarial": 0.5}, {"train": "autoencoder", "adversarial": 0.5}):
        with pytest.raises(UserError, match=r"Expected warm_start, the folder of a trained autoencoder"):
            _fit(**alone)
    against = _fit(adversarial=0.5, warm_up=0, train="autoencoder", warm_start=str(tmp_path))
    learned = [n for n, v in against._networks.items() if not np.array_equal(v[0], first._networks[n][0])]
    assert learned == ["encoder", "decoder_a", "decoder_b"]
    with pytest.raises(UserError, match=r"warm_start: the encoder in .* has other layers"):
        _fit(latent_dim=9, warm_start=str(tmp_path))
    with pytest.raises(UserError, match="holds no trained autoencoder"):
        _fit(warm_start=str(tmp_path / "none"))


def test_a_discriminator_that_never_joins_is_told():
    assert "never joined: warm_up=5 of epochs=3" in Autoencoder(epochs=3, adversarial=0.1).notes[0]
    assert len(Autoencoder(epochs=6, adversarial=0.1).notes) == len(Autoencoder(epochs=3).notes) == 1


def test_refuses_to_resume_under_other_options(tmp_path):
    _fit(tmp_path)
    with pytest.raises(UserError, match=r"ssim_weight was 1\.0 and is 2\.0"):
        _fit(tmp_path, ssim_weight=2.0)
    with pytest.raises(UserError, match="images was"):
        _fit(tmp_path, labels=np.roll(LABELS, 1))


@pytest.mark.parametrize(
    ("labels", "received"), [(None, "0 (no labels)"), (np.zeros(N, int), "1 (x)"), (np.arange(N) % 3, "3 (x, y, z)")]
)
def test_needs_two_groups(labels, received):
    with pytest.raises(UserError, match=r"Expected two groups, such as dataset\.label") as error:
        Autoencoder(**QUICK).fit(_images(), labels, classes=("x", "y", "z"))
    assert f"Received: {received}." in str(error.value)


def test_wrong_input(fitted):
    few = np.array([0] * 40 + [1] * 4)
    with pytest.raises(UserError, match=r"needs 4 faces .* beside the 1 held out\. .* Received: 4 of '1'"):
        _fit(labels=few)
    with pytest.raises(UserError, match=r"one for each of 44 images\. Received: 3"):
        _fit(labels=np.array([0, 1, 0]))
    with pytest.raises(UserError, match="must be uint8"):
        Autoencoder(**QUICK).fit(_images().astype(np.float32), LABELS)
    with pytest.raises(UserError, match="cannot make images of 9x9"):
        _fit(images=_images(shape=(9, 9, 1)))
    with pytest.raises(UserError, match=r"layers=4 cannot make images of 8x8"):
        _fit(layers=4)
    with pytest.raises(UserError, match="batch_size must be even"):
        Autoencoder(batch_size=7)
    with pytest.raises(UserError, match="adversarial above 0"):
        Autoencoder(train="discriminator")
    generator = fitted
    with pytest.raises(UserError, match=r"each of 3 fakes\. Received: none sources and none labels"):
        generator.sample(3)
    with pytest.raises(UserError, match=r"each of 50 fakes\. Received: 44 sources and 44 labels"):
        generator.sample(50, sources=_images(), labels=LABELS)
    with pytest.raises(UserError, match=r"those of the training, \(2, 5\). Received: 3"):
        generator.sample(1, sources=_images(), labels=np.full(N, 3))
    with pytest.raises(UserError, match=r"images of \(8, 8, 1\)"):
        generator.sample(1, sources=_images(shape=(16, 16, 1)), labels=LABELS)


def test_load_refuses_what_is_not_a_saved_autoencoder(tmp_path, fitted):
    with pytest.raises(UserError, match="holds no saved autoencoder"):
        Autoencoder(**QUICK).load(tmp_path)
    fitted.save(tmp_path)
    with pytest.raises(UserError, match=r"other layers than these options give \(encoder\)"):
        Autoencoder(**{**QUICK, "latent_dim": 9}).load(tmp_path)
    (tmp_path / "weights.npz").write_bytes((tmp_path / "weights.npz").read_bytes()[:300])
    with pytest.raises(UserError, match="holds no saved autoencoder"):
        Autoencoder(**QUICK).load(tmp_path)


@pytest.mark.parametrize(
    ("shape", "times"), [((32, 32, 3), 3), ((64, 64, 3), 4), ((128, 128, 1), 5), ((28, 28, 1), 2), ((48, 32, 3), 3)]
)
def test_sizes(shape, times):
    from generation.swap.settings import halvings

    assert halvings(Autoencoder().settings, shape) == times
    text = Autoencoder(encoder_width=2, decoder_width=2, latent_dim=4).describe(shape)
    assert all(name in text for name in ("encoder", "decoder", "discriminator"))


@pytest.mark.bfloat16
def test_mixed_bfloat16_trains_and_stays_reproducible():
    first, second = (_fit(precision="mixed_bfloat16", adversarial=0.1, warm_up=1) for _ in range(2))
    swaps = [g.sample(10, sources=_images(), labels=LABELS) for g in (first, second)]
    assert np.array_equal(*swaps)
    assert all(value.dtype == np.float32 for values in first._networks.values() for value in values)


def test_importing_the_plug_in_imports_no_keras():
    code = "import sys, generation.swap.generator as a; a.Autoencoder().check_shape((64, 64, 3));"
    code += "print([m for m in ('keras', 'tensorflow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
