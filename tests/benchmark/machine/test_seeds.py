"""Seeds reach foreign code under every name, and what is random even so is refused."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

import benchmark
from benchmark.machine import seeds
from benchmark.plan import specs
from benchmark.plugins import adapt

SHAPE = (8, 8, 1)
IMAGES = np.random.default_rng(0).integers(0, 256, (40, *SHAPE), dtype=np.uint8)


class Plain:
    """A generator that draws from what its subclass says."""

    def fit(self, images):
        return self

    def sample(self, n):
        return self.pixels(n * 64).astype(np.uint8).reshape(n, *SHAPE)


class Global(Plain):
    def pixels(self, n):
        return np.random.randint(0, 256, n)


class Python(Plain):
    def pixels(self, n):
        return np.array([random.randrange(256) for _ in range(n)])


class Kept(Plain):
    def __init__(self):
        self.source = np.random.default_rng()

    def pixels(self, n):
        return self.source.integers(0, 256, n)


class Old(Kept):
    def __init__(self):
        self.source = np.random.RandomState()

    def pixels(self, n):
        return self.source.randint(0, 256, n)


class Inner(Plain):
    def __init__(self):
        self.parts = {"deep": [(Kept(), "x")]}

    def pixels(self, n):
        return self.parts["deep"][0][0].pixels(n)


class Modern(Plain):
    def sample(self, n, *, rng=None):
        return np.random.default_rng(rng).integers(0, 256, (n, *SHAPE), dtype=np.uint8)


class Unset(Plain):
    random_state = None

    def __init__(self):
        self.my_random_state = None

    def pixels(self, n):
        return np.random.default_rng(self.my_random_state).integers(0, 256, n)


class Dice(Plain):
    """Nobody can seed it."""

    def pixels(self, n):
        return np.random.default_rng().integers(0, 256, n)


def made(kind):
    return adapt.fit_generator(kind(), IMAGES, np.zeros(len(IMAGES), int))


@pytest.mark.parametrize("kind", [KernelDensity, GaussianMixture, Global, Python, Kept, Old, Inner, Modern, Unset])
def test_equal_seeds_give_equal_fakes_wherever_the_seed_is_taken(kind):
    generator = made(kind)
    first, again, other = (adapt.sample(generator, 5, seed=s, sources=None, shape=SHAPE) for s in (1, 1, 2))
    fresh = adapt.sample(made(kind), 5, seed=1, sources=None, shape=SHAPE)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    if kind is not GaussianMixture:  # its training has a seed, which is not given here
        np.testing.assert_array_equal(first, fresh)


def test_drawing_disturbs_no_training_that_is_under_way():
    """A preview is drawn at every checkpoint: how many there are must not change what comes after."""
    generators = Kept(), Global()
    seeds.plant(generators[0], 5)
    drawn = []
    for preview in (False, True):
        seeds.everywhere(5)
        seeds.plant(generators[0], 5)
        for generator in generators if preview else ():
            adapt.sample(generator, 3, seed=9, sources=None, shape=SHAPE)
        drawn.append([generators[0].pixels(4).tolist(), generators[1].pixels(4).tolist(), random.random()])
    assert drawn[0] == drawn[1]


def test_a_seed_is_planted_where_none_was_set():
    forest = RandomForestClassifier(random_state=4)
    made = make_pipeline(PCA(), BaggingClassifier(DecisionTreeClassifier()), forest)
    seeds.plant(made, 7)
    found = {name: value for name, value in made.get_params().items() if name.endswith("random_state")}
    assert found == {
        "pca__random_state": 7,
        "baggingclassifier__random_state": 7,
        "baggingclassifier__estimator__random_state": 7,
        "randomforestclassifier__random_state": 4,
    }


PLUGINS = '''
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


class Dice:
    def fit(self, images):
        self.shape = images.shape[1:]
        return self

    def sample(self, n):
        return np.random.default_rng().integers(0, 256, (n, *self.shape), dtype=np.uint8)


class Swap(Dice):
    uses_sources = True

    def sample(self, n, *, sources):
        return sources + super().sample(n)


class Moody:
    def fit(self, images, is_fake):
        return self

    def decision_function(self, images):
        return images.mean((1, 2, 3)) + np.random.default_rng().normal(size=len(images))


class Noisy(Moody):
    """Draws from the process's own generator, which can be set."""

    def decision_function(self, images):
        return images.mean((1, 2, 3)) + np.random.normal(size=len(images))


class Rounded(Moody):
    """Adds in another order each time, as threads do."""

    def decision_function(self, images):
        self.calls = getattr(self, "calls", 0) + 1
        return images.mean((1, 2, 3)) * (1 + 1e-7 * self.calls)


def linear():
    return make_pipeline(FunctionTransformer(), SGDClassifier(max_iter=5, tol=None))
'''


def row(kind: str, folder: Path) -> dict[str, str]:
    return {"id": kind.rpartition(":")[2].lower(), "kind": kind if ":" in kind else f"{folder / 'mine.py'}:{kind}"}


def run(folder: Path, generators: list[str], detectors: list[str]) -> benchmark.Run:
    (folder / "mine.py").write_text(PLUGINS)
    spec = {
        "name": "seeds",
        "dataset": {"name": "digits", "limit": 300},
        "quality": {"enabled": False},
        "generator": [row(kind, folder) for kind in generators],
        "detector": [row(kind, folder) for kind in detectors],
    }
    return benchmark.run(specs.parse(spec), out=folder / "run", store=folder / "store")


def bytes_of(folder: Path, *patterns: str) -> dict[str, bytes]:
    found = [path for pattern in patterns for path in (folder / "store").glob(pattern)]
    return {path.relative_to(folder / "store").as_posix(): path.read_bytes() for path in found}


@pytest.mark.slow
def test_two_stores_of_one_key_hold_the_same_bytes(tmp_path):
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found = run(tmp_path / name, ["sklearn.neighbors:KernelDensity"], ["linear", "Noisy"])
        assert not found.failures
        made.append(bytes_of(tmp_path / name, "sample/*/*.npy", "score/*/scores.parquet"))
    assert made[0] == made[1]
    assert len(made[0]) >= 5


@pytest.mark.slow
def test_what_differs_at_a_second_call_fails_its_own_cells_alone(tmp_path):
    found = run(tmp_path, ["Dice", "Swap"], ["Moody", "Rounded", "Noisy"])
    errors = {row["stage"].removesuffix(" seed 0"): row["error"] for row in found.failures}
    assert set(errors) == {
        "sample dice",
        "sample swap",
        "score moody seed 0 on noise",
        "score moody seed 0 on real-copy",
    }
    for row in ("dice", "swap"):
        assert "8 of 8 images differ at the second call" in errors[f"sample {row}"]
    for row in ("noise", "real-copy"):
        assert "the same score each time" in errors[f"score moody seed 0 on {row}"]
