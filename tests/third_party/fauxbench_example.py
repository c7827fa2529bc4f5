"""What another package offers: a detector, a generator and a data set."""

import numpy as np


class Contrast:
    """Ranks by the spread of the pixels."""

    paper = "Nobody (2024), On contrast, section 1"
    min_size = 4

    def __init__(self, *, power: float = 1.0):
        self.power = power

    def fit(self, images, is_fake):
        spread = self._spread(images)
        self.sign = 1.0 if spread[is_fake].mean() > spread[~is_fake].mean() else -1.0
        return self

    def decision_function(self, images):
        return self.sign * self._spread(images)

    def _spread(self, images):
        return images.reshape(len(images), -1).std(axis=1) ** self.power


class Shuffle:
    """Draws every pixel from the real images at the same place."""

    def fit(self, images):
        self.images = images.copy()
        return self

    def sample(self, n, *, seed=0):
        at = np.random.default_rng(seed).integers(len(self.images), size=(n, *self.images.shape[1:3]))
        rows, columns = np.indices(self.images.shape[1:3])
        return self.images[at, rows, columns]


class Stripes:
    """Stripes of random brightness."""

    def __init__(self, *, n: int = 200):
        self.n = n

    def load(self, folders):
        from data.imageset import ImageSet

        levels = np.random.default_rng(0).integers(0, 256, (self.n, 8, 1, 1))
        images = np.broadcast_to(levels, (self.n, 8, 8, 1)).astype(np.uint8)
        ids = np.array([f"{i:04d}" for i in range(self.n)])
        return ImageSet("stripes", images, np.zeros(self.n, dtype=np.int64), ids, ("stripes",))
