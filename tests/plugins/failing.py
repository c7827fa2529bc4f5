"""Plug-ins that go wrong, each in its own way."""

import os
import sys

import numpy as np


class Good:
    """Ranks by the sum of the pixels."""

    def fit(self, images, is_fake, *, validation=None):
        return self

    def decision_function(self, images):
        return images.reshape(len(images), -1).sum(axis=1).astype(float)


class RaisesInFit(Good):
    def fit(self, images, is_fake, *, validation=None):
        raise RuntimeError("no idea how\nto learn this")


class ExitsInFit(Good):
    def fit(self, images, is_fake, *, validation=None):
        sys.exit(3)


class RaisesInDecision(Good):
    def decision_function(self, images):
        raise MemoryError


class Nan(Good):
    def decision_function(self, images):
        scores = super().decision_function(images)
        scores[0] = np.nan
        return scores


class WrongShape(Good):
    def decision_function(self, images):
        return super().decision_function(images)[:-1]


class TwoColumns(Good):
    def decision_function(self, images):
        return np.zeros((len(images), 2))


class Words(Good):
    def decision_function(self, images):
        return ["fake"] * len(images)


class Constant(Good):
    def decision_function(self, images):
        return np.zeros(len(images))


class NoProbabilities(Good):
    def predict_proba(self, images):
        return np.full((len(images), 2), 1.5)


class Mutates(Good):
    """Destroys whatever it is given; the others must not notice."""

    def fit(self, images, is_fake, *, validation=None):
        images[:] = 0
        is_fake[:] = ~is_fake
        validation[0][:] = 0
        validation[1][:] = False
        return self

    def decision_function(self, images):
        scores = super().decision_function(images)
        images[:] = 255
        return scores


class ExplainRaises(Good):
    def explain(self, images):
        raise RuntimeError("no words for it")


class ExplainWrongShape(Good):
    def explain(self, images):
        return np.zeros(len(images))


class ExplainsNothing(Good):
    """As a network of our base class that has nothing to draw maps from."""

    def explain(self, images):
        from detection.networks.gradcam import NoFeatureMap

        raise NoFeatureMap("sees images as a whole")


class Explains(Good):
    """Shows the pixels that it sums, and destroys what it is given."""

    def explain(self, images):
        maps = images.sum(axis=-1, dtype=float)
        images[:] = 0
        return maps


class OnlyProbabilities:
    """The brighter, the likelier fake."""

    def fit(self, images, is_fake):
        return self

    def predict_proba(self, images):
        fake = images.reshape(len(images), -1).mean(axis=1) / 255
        return np.stack([1 - fake, fake], axis=1)


class Grey:
    """A generator of random grey images."""

    def fit(self, images, labels=None):
        self.shape = images.shape[1:]
        return self

    def sample(self, n, seed=0):
        levels = np.random.default_rng(seed).integers(0, 256, (n, 1, 1, 1))
        return np.broadcast_to(levels, (n, *self.shape)).astype(np.uint8)


class GeneratorRaisesInFit(Grey):
    def fit(self, images, labels=None):
        raise ValueError("these are no cats")


class GeneratorRaisesInSample(Grey):
    def sample(self, n, seed=0):
        raise ValueError("out of ideas")


class GeneratorGivesFloats(Grey):
    def sample(self, n, seed=0):
        return super().sample(n, seed) / 255


class GeneratorGivesTooFew(Grey):
    def sample(self, n, seed=0):
        return super().sample(n - 1, seed)


class GeneratorMutates(Grey):
    def fit(self, images, labels=None):
        images[:] = 0
        labels[:] = 0
        return super().fit(images)


class KillsItsProcess(Good):
    def fit(self, images, is_fake, *, validation=None):
        os._exit(1)
