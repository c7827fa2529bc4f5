"""Networks that break the contract, each in its own way: detectors and generators."""

import keras
import numpy as np


class Detector:
    """One linear layer, and one step of its training."""

    seed = 0

    def fit(self, images, is_fake, *, validation=None):
        start = keras.initializers.RandomNormal(0.0, 1e-6, seed=self.seed)
        self.model = keras.Sequential(
            [keras.Input(images.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(1, kernel_initializer=start)]
        )
        self.model.compile(keras.optimizers.SGD(1e-4), keras.losses.BinaryCrossentropy(from_logits=True))
        self.model.train_on_batch(images.astype("float32"), is_fake.astype("float32")[:, None])
        return self

    def decision_function(self, images):
        return keras.ops.convert_to_numpy(self.model(images.astype("float32")))[:, 0]


class WrongShape(Detector):
    def decision_function(self, images):
        return np.repeat(super().decision_function(images)[:, None], 3, axis=1)


class Nan(Detector):
    def decision_function(self, images):
        return np.log(super().decision_function(images) * 0 - 1)


class Mutates(Detector):
    def decision_function(self, images):
        scores = super().decision_function(images)
        images //= 2
        return scores


class IgnoresSeed(Detector):
    seed = None


class RaisesInFit(Detector):
    def fit(self, images, is_fake, *, validation=None):
        super().fit(images, is_fake)
        self.model(images[:, 1:].astype("float32"))


class Generator:
    """An untrained layer on noise, around the mean image."""

    seed = 0

    def fit(self, images, labels=None):
        self.mean, shape = images.mean(axis=0), images.shape[1:]
        start = keras.initializers.GlorotUniform(seed=self.seed)
        self.model = keras.Sequential(
            [
                keras.Input((4,)),
                keras.layers.Dense(self.mean.size, kernel_initializer=start),
                keras.layers.Reshape(shape),
            ]
        )
        return self

    def sample(self, n, *, seed=0):
        latent = np.random.default_rng(seed).standard_normal((n, 4)).astype("float32")
        drawn = self.mean + 40 * keras.ops.convert_to_numpy(self.model(latent))
        return np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


class GeneratorWrongShape(Generator):
    def sample(self, n, *, seed=0):
        return super().sample(n, seed=seed)[..., 0]


class GeneratorNan(Generator):
    def sample(self, n, *, seed=0):
        return super().sample(n, seed=seed) * np.nan


class GeneratorMutates(Generator):
    def fit(self, images, labels=None):
        labels[:] = 0
        return super().fit(images)


class GeneratorIgnoresSeed(Generator):
    seed = None


class GeneratorRaisesInFit(Generator):
    def fit(self, images, labels=None):
        super().fit(images[0])
        raise FloatingPointError
