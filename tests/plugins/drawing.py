"""Generators with what `fauxbench generate` asks for: latent vectors, sources, attributes."""

import numpy as np


class Fade:
    """Draws even images of a random level, and goes from one level to another."""

    def fit(self, images, labels=None):
        self.shape = images.shape[1:]
        return self

    def sample(self, n, *, seed=0):
        levels = np.random.default_rng(seed).integers(0, 256, (n, 1, 1, 1))
        return np.broadcast_to(levels, (n, *self.shape)).astype(np.uint8)

    def interpolate(self, corners, steps, *, seed=0):
        levels = np.random.default_rng(seed).integers(0, 256, corners)
        way = [np.linspace(a, b, steps, endpoint=False) for a, b in zip(levels, np.roll(levels, -1), strict=True)]
        return np.broadcast_to(np.concatenate(way)[:, None, None, None], (corners * steps, *self.shape)).astype(
            np.uint8
        )


class Mirror:
    """Makes its images from real ones."""

    uses_sources = True

    def fit(self, images, labels=None):
        return self

    def sample(self, n, *, seed=0, sources=None):
        return sources[:n, :, ::-1].copy()


class Brighter(Mirror):
    """Marks a corner of each source by its label: bright if it is odd."""

    conditional = True

    def sample(self, n, *, seed=0, sources=None, labels=None):
        made = sources[:n].copy()
        made[:, 0, 0] = np.where(labels[:n] % 2 == 1, 255, 0)[:, None]
        return made


class Clumsy(Fade):
    """Fails when it is asked for many images."""

    def sample(self, n, *, seed=0):
        if n == 13:
            raise ValueError("13 is\nunlucky")
        return super().sample(n, seed=seed)


class Dim(Fade):
    """Draws no level above `most`, which its training has nothing to do with."""

    sampling_options = ("most",)

    def __init__(self, *, most: int = 255):
        self.most = most

    def sample(self, n, *, seed=0):
        return np.minimum(super().sample(n, seed=seed), self.most).astype(np.uint8)

    def save(self, folder):
        np.save(folder / "shape.npy", self.shape)

    def load(self, folder):
        self.shape = tuple(np.load(folder / "shape.npy").tolist())
        return self
