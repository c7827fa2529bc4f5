"""The embedding: it learns to tell persons apart whom it has not seen, and nothing from persons dealt at random."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from data.errors import UserError
from detection.frozen.embedding import Embedding, several
from detection.selection import auc_of

pytestmark = pytest.mark.slow  # networks are trained

HOUSE = Path(__file__).parents[3]


def auc(embedded: np.ndarray, identity: np.ndarray) -> float:
    first, second = np.triu_indices(len(identity), 1)
    return auc_of((embedded @ embedded.T)[first, second], identity[first] == identity[second])


@pytest.fixture(scope="module")
def faces(people) -> tuple[np.ndarray, np.ndarray]:
    return people.draw(list(range(60)), 8)


@pytest.fixture(scope="module")
def trained(faces) -> Embedding:
    images, identity = faces
    learned = identity < 40
    return Embedding(steps=150).fit(images[learned], identity[learned])


def test_tells_unseen_persons_apart(trained, faces):
    images, identity = faces[0][faces[1] >= 40], faces[1][faces[1] >= 40]
    embedded = trained.embed(images)
    assert embedded.shape == (160, 64)
    np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1)
    assert auc(embedded, identity) > 0.9
    shuffled = np.random.default_rng(0).permutation(identity)
    assert auc(embedded, shuffled) == pytest.approx(0.5, abs=0.05)


def test_learns_nothing_from_persons_dealt_at_random(trained, faces):
    images, identity = faces
    learned = identity < 40
    wrong = np.random.default_rng(0).permutation(identity[learned])
    found = auc(Embedding(steps=150).fit(images[learned], wrong).embed(images[~learned]), identity[~learned])
    raw = images[~learned].reshape(160, -1).astype(float)
    raw -= raw.mean(axis=0)
    pixels = auc(raw / np.linalg.norm(raw, axis=1, keepdims=True), identity[~learned])
    assert found < pixels + 0.1
    assert auc(trained.embed(images[~learned]), identity[~learned]) > found + 0.15


def test_the_same_seed_gives_the_same_bytes_and_another_other_ones(faces, tmp_path: Path):
    images, identity = faces
    made = [Embedding(random_state=seed, steps=3).fit(images, identity) for seed in (3, 3, 4)]
    assert made[0].digest == made[1].digest != made[2].digest
    for name, embedding in zip("ab", made[:2], strict=True):
        embedding.save(tmp_path / name)
    for file in ("embedding.npz", "embedding.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_save_and_load(trained, faces, tmp_path: Path):
    trained.save(tmp_path / "a")
    loaded = Embedding().load(tmp_path / "a")
    assert np.array_equal(loaded.embed(faces[0][:40]), trained.embed(faces[0][:40]))
    assert loaded.digest == trained.digest
    loaded.save(tmp_path / "b")
    for file in ("embedding.npz", "embedding.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("harm", ["weights", "other-weights", "nothing-there", "another-kind"])
def test_refuses_what_is_no_embedding(trained, tmp_path: Path, harm: str):
    trained.save(tmp_path)
    if harm == "weights":
        (tmp_path / "embedding.npz").write_bytes(b"PK")
    elif harm == "other-weights":
        with np.load(tmp_path / "embedding.npz") as file:
            arrays = dict(file)
        np.savez(tmp_path / "embedding.npz", **(arrays | {"w000": arrays["w000"] + 1}))
    elif harm == "nothing-there":
        (tmp_path / "embedding.json").unlink()
    else:
        from detection.frozen import stored

        stored.save(tmp_path, "embedding", "other", {"shape": [8, 8, 1]}, {"w000": np.zeros(3)})
    with pytest.raises(UserError, match="embedding") as raised:
        Embedding().load(tmp_path)
    assert "\n" not in str(raised.value)


def test_an_embedding_does_not_depend_on_batch_or_order(trained, faces):
    images = faces[0][:300]
    whole = trained.embed(images)
    assert np.array_equal(trained.embed(images[::-1])[::-1], whole)
    assert np.array_equal(np.concatenate([trained.embed(part) for part in np.split(images, [1, 37])]), whole)
    assert trained.embed(images[:0]).shape == (0, 64)


def test_persons_with_one_image_and_unknown_ones_are_left_out(faces):
    images, identity = faces
    odd = identity.copy()
    odd[:3], odd[8] = -1, 999
    assert several(odd).sum() == len(odd) - 4
    same = Embedding(steps=2).fit(images[several(odd)], odd[several(odd)])
    assert Embedding(steps=2).fit(images, odd).digest == same.digest


@pytest.mark.parametrize("shape", [(8, 8, 3), (9, 14, 1), (64, 48, 3)])
def test_sizes_and_channels(shape):
    images = np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8)
    before = images.copy()
    found = Embedding(steps=1).fit(images, np.repeat(np.arange(20), 2)).embed(images[:3])
    assert np.array_equal(images, before)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)


def test_refuses_what_it_cannot_learn_from(faces):
    images, identity = faces
    few = identity < 19
    with pytest.raises(UserError, match=r"at least 20 identities with two images each. Received: 19\."):
        Embedding().fit(images[few], identity[few])
    with pytest.raises(UserError, match="Received: float64"):
        Embedding().fit(images / 255, identity)
    with pytest.raises(UserError, match="an identity for each of 480 images"):
        Embedding().fit(images, identity[:3])


def test_refuses_images_of_another_size_and_needs_weights(trained):
    with pytest.raises(UserError, match="takes uint8 images of 16x16x1"):
        trained.embed(np.zeros((3, 9, 8, 1), np.uint8))
    with pytest.raises(RuntimeError, match="no weights yet"):
        Embedding().embed(np.zeros((3, 8, 8, 1), np.uint8))


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed: pip install 'fauxbench[jax]'")
def test_learns_on_jax_too(faces, on_jax, tmp_path: Path):
    images, identity = faces
    np.savez(tmp_path / "faces.npz", images=images, identity=identity)
    code = (
        "import sys, numpy as np\n"
        "from detection.frozen.embedding import Embedding\n"
        "file = np.load('faces.npz'); images, identity = file['images'], file['identity']\n"
        "found = Embedding(steps=150).fit(images[identity < 40], identity[identity < 40])\n"
        "np.save('embedded.npy', found.embed(images[identity >= 40]))\n"
    )
    command = [sys.executable, "-c", code]
    paths = {"PYTHONPATH": str(HOUSE)}
    done = subprocess.run(command, cwd=tmp_path, env=on_jax | paths, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert auc(np.load(tmp_path / "embedded.npy"), identity[identity >= 40]) > 0.9
