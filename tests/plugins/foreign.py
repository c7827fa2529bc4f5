"""A detector and a generator of somebody who has never heard of fauxbench."""

import numpy as np


class Contrast:
    def fit(self, images, is_fake):
        spread = images.reshape(len(images), -1).std(axis=1)
        self.sign = 1.0 if spread[is_fake].mean() > spread[~is_fake].mean() else -1.0
        return self

    def decision_function(self, images):
        return self.sign * images.reshape(len(images), -1).std(axis=1)


class Shuffled:
    def fit(self, images):
        self.pixels = images.reshape(len(images), -1)
        self.shape = images.shape[1:]
        return self

    def sample(self, n, seed=0):
        rng = np.random.default_rng(seed)
        columns = [rng.choice(column, n) for column in self.pixels.T]
        return np.stack(columns, axis=1).reshape(n, *self.shape)
