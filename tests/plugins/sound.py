"""Detectors and generators as an ordinary author would write them: each keeps its contract, and none imports ours."""

import multiprocessing
from dataclasses import dataclass, field

import joblib
import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def flat(images):
    return images.reshape(len(images), -1).astype(np.float32) / 255


class Logistic:
    """Logistic regression by gradient descent, which keeps its losses."""

    def __init__(self, *, steps: int = 100, rate: float = 0.1):
        self.steps, self.rate, self.weights = steps, rate, None

    def fit(self, images, is_fake):
        x = flat(images)
        self.mean, self.history = x.mean(axis=0), []
        self.weights, self.bias = np.zeros(x.shape[1]), 0.0
        for _ in range(self.steps):
            p = 1 / (1 + np.exp(-((x - self.mean) @ self.weights + self.bias)))
            self.history.append(float(-np.log(np.where(is_fake, p, 1 - p) + 1e-9).mean()))
            self.weights -= self.rate * (x - self.mean).T @ (p - is_fake) / len(x)
            self.bias -= self.rate * (p - is_fake).mean()

    def decision_function(self, images):
        assert self.weights is not None
        return (flat(images) - self.mean) @ self.weights + self.bias


def pipeline(*, components: int = 8, random_state: int = 0):
    return make_pipeline(PCA(components, random_state=random_state), LogisticRegression(max_iter=1000))


class Neighbours:
    """The share of fakes among the nearest images."""

    def __init__(self, k: int = 5):
        self.k = k

    def fit(self, images, is_fake):
        self.known, self.is_fake = flat(images), is_fake.copy()
        return self

    def decision_function(self, images):
        distances = ((flat(images)[:, None] - self.known) ** 2).sum(axis=2)
        return self.is_fake[np.argsort(distances, axis=1)[:, : self.k]].mean(axis=1)


@dataclass
class Levels:
    """Compares histograms of grey levels, and gives probabilities only."""

    bins: int = 16
    means: list = field(default_factory=list)

    def fit(self, images, is_fake):
        found = self.histograms(images)
        self.means = [found[~is_fake].mean(axis=0), found[is_fake].mean(axis=0)]
        return self

    def predict_proba(self, images):
        found = self.histograms(images)
        near = np.stack([-np.abs(found - mean).sum(axis=1) for mean in self.means], axis=1)
        odds = np.exp(near - near.max(axis=1, keepdims=True))
        return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)

    def histograms(self, images):
        edges = np.linspace(0, 256, self.bins + 1)
        return np.stack([np.histogram(image, edges, density=True)[0] for image in images]) * 256 / self.bins


def roughness(image):
    return float(np.abs(np.diff(image.astype(float), axis=0)).mean())


class Joblib:
    """Computes its feature with joblib."""

    def fit(self, images, is_fake):
        found = self.features(images)
        self.sign = 1.0 if found[is_fake].mean() > found[~is_fake].mean() else -1.0
        return self

    def features(self, images):
        return np.array(joblib.Parallel(2)(joblib.delayed(roughness)(image) for image in images))

    def decision_function(self, images):
        return self.sign * self.features(images)


class Processes(Joblib):
    """Computes its feature in a pool of processes."""

    way = "fork"

    def features(self, images):
        with multiprocessing.get_context(self.way).Pool(2) as pool:
            return np.array(pool.map(roughness, list(images)))


class Spawned(Processes):
    way = "spawn"


class FixedSize(Logistic):
    """Takes images of CIFAR-10 and no others."""

    def fit(self, images, is_fake):
        if images.shape[1:] != (32, 32, 3):
            raise ValueError(f"expected (32, 32, 3), got {images.shape[1:]}")
        super().fit(images, is_fake)


class Warms(Logistic):
    """Cannot be trained for as few epochs as a check would like."""

    def __init__(self, *, epochs: int = 50):
        super().__init__(steps=epochs)

    def fit(self, images, is_fake):
        if self.steps < 5:
            raise ValueError("the warm-up takes 5 epochs")
        super().fit(images, is_fake)


class Rounds(Logistic):
    """Saves its weights in half precision."""

    def save(self, folder):
        np.savez(folder / "w.npz", weights=self.weights.astype(np.float16), mean=self.mean, bias=self.bias)

    def load(self, folder):
        found = np.load(folder / "w.npz")
        self.weights, self.mean, self.bias = found["weights"].astype(float), found["mean"], float(found["bias"])


class Half(Logistic):
    """Scores in half precision, and adds up in another order for another batch, as libraries do."""

    def decision_function(self, images):
        products = ((flat(images) - self.mean) * self.weights).astype(np.float16)
        one_by_one = np.cumsum(products, axis=1, dtype=np.float16)[:, -1]
        return one_by_one if len(images) > 8 else products.sum(axis=1, dtype=np.float16)


class Late(Logistic):
    """Sees nothing in fewer than a thousand images."""

    def fit(self, images, is_fake):
        super().fit(images, is_fake)
        self.weights = self.weights * (len(images) > 1000)


class Slow(Logistic):
    """Learns the opposite of what it is shown at first, and would learn from more than a check has."""

    def fit(self, images, is_fake):
        super().fit(images, is_fake)
        self.weights = np.ones_like(self.weights) + 1e-3 * self.weights


class Resample:
    """Draws real images, and adds noise."""

    def fit(self, images, labels=None):
        self.images = images.copy()
        return self

    def sample(self, n, *, seed=0):
        rng = np.random.default_rng(seed)
        drawn = self.images[rng.integers(len(self.images), size=n)] + rng.normal(0, 8, (n, *self.images.shape[1:]))
        return np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


class OneSize(Resample):
    """Draws images of MNIST's size and no others."""

    def fit(self, images, labels=None):
        images = images.reshape(-1, 28, 28, 1)
        if len(images) < 48:
            raise ValueError("expected 28 x 28 pixels")
        return super().fit(images)


class Collapses(Resample):
    """Draws one image until it has seen many."""

    def sample(self, n, *, seed=0):
        drawn = super().sample(n, seed=seed)
        return drawn if len(self.images) > 100 else np.zeros_like(drawn)
