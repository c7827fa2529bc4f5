"""What every built-in generator must do, whatever it is."""

import copy
import filecmp

import numpy as np
import pytest
from PIL import Image

from data.errors import UserError
from generation import BUILTINS
from generation.controls import Noise, RealCopy
from generation.dcgan.generator import DCGAN
from generation.flow.generator import Flow
from generation.folder import Folder
from generation.gaussian import Gaussian
from generation.swap.generator import Autoencoder

QUICK = {"architecture": "small", "width": 4, "latent_dim": 4, "epochs": 1, "batch_size": 12}
FLOW = {"width": 4, "epochs": 1, "batch_size": 12, "steps": 2}
SWAP = {"encoder_width": 4, "decoder_width": 4, "latent_dim": 4, "epochs": 1, "batch_size": 8}
LABELS = np.arange(24) % 2  # for those that need groups


def _images(shape=(8, 8, 1), n=24):
    return np.random.default_rng(5).integers(0, 256, (n, *shape), np.uint8)


@pytest.fixture(scope="module", params=["dcgan", "flow", "autoencoder", "gaussian", "folder", "real-copy", "noise"])
def make(request, tmp_path_factory):
    """Returns a function of a shape that makes an unfitted generator of one kind for it."""
    place = tmp_path_factory.mktemp("of-images")

    def make(shape=(8, 8, 1), random_state=0):
        if request.param == "dcgan":
            return DCGAN(**QUICK, random_state=random_state)
        if request.param == "flow":
            return Flow(**FLOW, random_state=random_state)
        if request.param == "autoencoder":
            return Autoencoder(**SWAP, random_state=random_state)
        if request.param == "folder":
            folder = place / "x".join(map(str, shape))
            folder.mkdir(exist_ok=True)
            for position, image in enumerate(np.random.default_rng(9).integers(0, 256, (30, *shape), np.uint8)):
                Image.fromarray(image[..., 0] if shape[2] == 1 else image).save(folder / f"{position:03d}.png")
            return Folder(path=str(folder))
        return {"gaussian": Gaussian, "real-copy": RealCopy, "noise": Noise}[request.param](random_state=random_state)

    return make


@pytest.fixture(scope="module")
def fitted(make, tmp_path_factory):
    """A generator of one kind that has been trained once, and what it was at its checkpoints; no test changes it."""
    images, seen, place = _images(), [], tmp_path_factory.mktemp("checkpoints")

    def checkpoint(name, generator):
        generator.save(place / name)
        assert _files(place / name)
        seen.append((name, generator.sample(4, sources=images, labels=LABELS)))

    np.random.seed(0)  # global state must not matter
    return make().fit(images, LABELS, on_checkpoint=checkpoint), seen


def _files(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_every_builtin_is_covered():
    assert set(BUILTINS) == {"dcgan", "flow", "autoencoder", "gaussian", "folder", "real-copy", "noise"}


@pytest.mark.parametrize("shape", [(8, 8, 1), (8, 8, 3), (28, 28, 1), (32, 32, 3)])
def test_shape_and_dtype(make, shape):
    images = _images(shape)
    before = images.copy()
    generator = make(shape)
    assert generator.fit(images, LABELS) is generator
    fakes = generator.sample(10, seed=1, sources=images, labels=LABELS)
    assert fakes.dtype == np.uint8
    assert fakes.shape == (10, *shape)
    assert np.array_equal(images, before)
    assert not np.shares_memory(images, fakes)


def test_the_first_samples_do_not_depend_on_how_many(fitted):
    images, (generator, _) = _images(), fitted
    few, many = (generator.sample(n, seed=3, sources=images, labels=LABELS) for n in (5, 24))
    assert np.array_equal(few, many[:5])
    if not getattr(generator, "uses_sources", False):  # a swap follows from its source
        assert not np.array_equal(few, generator.sample(5, seed=4, sources=images, labels=LABELS))


def test_determinism(make, fitted):
    images = _images()
    first = fitted[0].sample(12, seed=3, sources=images, labels=LABELS)
    np.random.seed(1)
    assert np.array_equal(first, make().fit(images, LABELS).sample(12, seed=3, sources=images, labels=LABELS))


def test_save_and_load_give_the_same_samples_and_bytes(make, fitted, tmp_path):
    images, (generator, _) = _images(), fitted
    generator.save(tmp_path / "one")
    generator.save(tmp_path / "two")
    assert _files(tmp_path / "one") == _files(tmp_path / "two") != []
    for name in _files(tmp_path / "one"):
        assert filecmp.cmp(tmp_path / "one" / name, tmp_path / "two" / name, shallow=False)
    loaded = make().load(tmp_path / "one")
    expected = generator.sample(20, seed=7, sources=images, labels=LABELS)
    assert np.array_equal(loaded.sample(20, seed=7, sources=images, labels=LABELS), expected)
    loaded.save(tmp_path / "three")
    for name in _files(tmp_path / "one"):
        assert filecmp.cmp(tmp_path / "one" / name, tmp_path / "three" / name, shallow=False)


def test_there_is_a_checkpoint_that_can_save_and_sample(fitted):
    images, (generator, seen) = _images(), fitted
    assert len(seen) == 1
    assert np.array_equal(seen[0][1], generator.sample(4, sources=images, labels=LABELS))


def test_constructing_changes_and_loads_nothing(make):
    generator = make()
    assert {name: copy.deepcopy(v) for name, v in vars(generator).items()} == vars(make())


def test_needs_fit(make):
    with pytest.raises((RuntimeError, UserError)):
        make().sample(3)
