import json
import subprocess
import sys

import numpy as np
import pytest

from data.errors import UserError
from data.sources.digits import Digits
from generation.gaussian import Gaussian
from generation.mixture import fit_mixture
from generation.principal import principal


@pytest.fixture(scope="module")
def digits():
    return Digits().load()


def test_it_learns_mean_and_covariance(digits):
    fakes = Gaussian(random_state=0).fit(digits.images).sample(4000, seed=1)
    real, fake = (images.reshape(len(images), -1).astype(float) for images in (digits.images, fakes))
    spread = real.std(axis=0).max()
    assert np.abs(real.mean(axis=0) - fake.mean(axis=0)).max() < 0.15 * spread  # clipping moves the border's mean
    pair = [np.cov(images.T)[np.triu_indices(64)] for images in (real, fake)]
    assert np.corrcoef(*pair)[0, 1] > 0.97
    noise = np.random.default_rng(0).permuted(real, axis=0)  # each pixel as it is, but on its own
    assert np.corrcoef(pair[0], np.cov(noise.T)[np.triu_indices(64)])[0, 1] < 0.9


@pytest.mark.parametrize("shape", [(600, 4, 4, 1), (60, 16, 16, 3), (530, 24, 24, 1)], ids=str)
def test_scores_are_the_projections_in_every_way_of_computing_them(shape):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (shape[0], shape[1] // 4, shape[2] // 4, shape[3])).repeat(4, 1).repeat(4, 2)
    images = np.clip(coarse + rng.normal(0, 20, shape), 0, 255).astype(np.uint8)
    mean, basis, scores = principal(images, 8, 0)
    flat = images.reshape(len(images), -1).astype(float)
    np.testing.assert_allclose(mean, flat.mean(axis=0))
    np.testing.assert_allclose(scores, (flat - mean) @ basis.T, rtol=1e-3, atol=0.2)
    best = np.square(np.linalg.svd(flat - mean, compute_uv=False)[: len(basis)]).sum()
    assert np.square(scores).sum() > 0.97 * best


@pytest.mark.parametrize("n", [1, 2, 3, 7])
@pytest.mark.parametrize("covariance", ["full", "diag", "tied", "spherical"])
def test_few_images_are_enough(n, covariance):
    images = np.random.default_rng(0).integers(0, 256, (n, 8, 8, 3), np.uint8)
    fakes = Gaussian(covariance=covariance).fit(images).sample(5)
    assert fakes.shape == (5, 8, 8, 3)
    if n == 1:
        assert (fakes == images).all()


def test_the_same_image_again_and_again():
    images = np.full((9, 8, 8, 1), 77, np.uint8)
    assert (Gaussian().fit(images).sample(3) == 77).all()
    images[5:] = 200  # two images, many times: fewer clusters than asked for
    assert set(np.unique(Gaussian().fit(images).sample(50) > 138)) == {False, True}


@pytest.mark.parametrize("components", [5, 0.5, 0.9])
def test_components_are_a_number_or_a_share(digits, components):
    generator = Gaussian(components=components).fit(digits.images)
    flat = digits.images.reshape(len(digits.images), -1).astype(float)
    values = np.linalg.eigvalsh(np.cov(flat.T))[::-1]
    share = np.cumsum(values) / values.sum()
    wanted = 5 if components == 5 else int((share < components).sum()) + 1
    assert generator._basis.shape == (wanted, 64)


def test_a_large_set_is_learned_from_a_choice():
    images = np.zeros((50, 8, 8, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(50)
    few = Gaussian(max_images=5, random_state=1).fit(images)
    assert not np.array_equal(few.sample(8), Gaussian(random_state=1).fit(images).sample(8))
    assert np.array_equal(few.sample(8), Gaussian(max_images=5, random_state=1).fit(images).sample(8))


def test_classes(digits, tmp_path):
    generator = Gaussian(conditional=True, random_state=0).fit(digits.images, digits.labels)
    labels = np.arange(300) % 10
    fakes = generator.sample(300, labels=labels, seed=3)
    centres = np.stack([digits.images[digits.labels == i].mean(axis=0) for i in range(10)])
    nearest = ((fakes[:, None].astype(float) - centres) ** 2).sum(axis=(2, 3, 4)).argmin(axis=1)
    assert (nearest == labels).mean() > 0.8
    assert np.array_equal(fakes[:40], generator.sample(40, labels=labels[:40], seed=3))
    free = generator.sample(300, seed=3)
    assert np.array_equal(free[:40], generator.sample(40, seed=3))
    generator.save(tmp_path / "it")
    loaded = Gaussian(conditional=True).load(tmp_path / "it")
    assert np.array_equal(loaded.sample(300, labels=labels, seed=3), fakes)
    assert loaded.classes.tolist() == list(range(10))
    with pytest.raises(UserError, match=r"learned the classes 0, 1, .* Received: 10"):
        generator.sample(1, labels=np.array([10]))
    with pytest.raises(UserError, match="one per image"):
        generator.sample(3, labels=np.array([1]))
    for wrong in (None, digits.labels[:-1], digits.labels.astype(float)):
        with pytest.raises(UserError, match="one per image"):
            Gaussian(conditional=True).fit(digits.images, wrong)


def test_without_conditional_labels_are_ignored(digits):
    generator = Gaussian(random_state=0)
    with_labels = generator.fit(digits.images, digits.labels).sample(9, labels=np.zeros(9, int))
    assert np.array_equal(with_labels, Gaussian(random_state=0).fit(digits.images).sample(9))


@pytest.mark.parametrize(
    "images", [np.zeros((0, 8, 8, 1), np.uint8), np.zeros((3, 8, 8, 1)), np.zeros((3, 8), np.uint8)]
)
def test_other_arrays_are_refused(images):
    with pytest.raises(UserError, match="must be uint8"):
        Gaussian().fit(images)


def test_a_damaged_folder_is_refused(digits, tmp_path):
    Gaussian().fit(digits.images[:50]).save(tmp_path / "it")
    for name in ("basis.npz", "mixture-0.npz", "options.json"):
        content = (tmp_path / "it" / name).read_bytes()
        (tmp_path / "it" / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(UserError, match="holds no saved gaussian"):
            Gaussian().load(tmp_path / "it")
        (tmp_path / "it" / name).write_bytes(content)
    about = json.loads((tmp_path / "it" / "options.json").read_text())
    (tmp_path / "it" / "options.json").write_text(json.dumps(about | {"image_shape": [9, 9, 1]}))
    with pytest.raises(UserError, match="do not fit together"):
        Gaussian().load(tmp_path / "it")


def test_every_size_but_not_every_channel():
    Gaussian().check_shape((13, 7, 3))
    with pytest.raises(UserError, match="1 or 3 channels"):
        Gaussian().check_shape((8, 8, 4))


def test_a_mixture_finds_two_clusters():
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(-5, 1, (200, 2)), rng.normal(5, 0.5, (100, 2))])
    mixture = fit_mixture(scores, 2, "full", 0)
    order = np.argsort(mixture.means[:, 0])
    np.testing.assert_allclose(mixture.weights[order], [2 / 3, 1 / 3], atol=0.01)
    np.testing.assert_allclose(mixture.means[order], [[-5, -5], [5, 5]], atol=0.3)
    drawn = mixture.draw(rng.random(4000), rng.standard_normal((4000, 2)))
    assert abs((drawn[:, 0] > 0).mean() - 1 / 3) < 0.03
    assert drawn[drawn[:, 0] > 0].std(axis=0) == pytest.approx([0.5, 0.5], abs=0.1)


def test_it_needs_no_keras():
    code = "import sys, numpy as np\nfrom generation.gaussian import Gaussian\n"
    code += "Gaussian().fit(np.zeros((5, 8, 8, 1), np.uint8)).sample(2)\nprint('keras' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert ended.stdout.strip() == "False"
