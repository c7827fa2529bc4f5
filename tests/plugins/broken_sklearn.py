"""Estimators that break the contract, each in its own way: detectors, and density models as generators."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture


class WrongShape(LogisticRegression):
    def decision_function(self, X):
        return super().decision_function(X)[:-1]


class Nan(LogisticRegression):
    def decision_function(self, X):
        scores = super().decision_function(X)
        return np.where(scores == scores.max(), np.nan, scores)


class Mutates(LogisticRegression):
    def fit(self, X, y):
        super().fit(X, y)
        X -= X.mean(axis=0)
        return self


class IgnoresSeed(LogisticRegression):
    def fit(self, X, y):
        super().fit(X, y)
        self.coef_ += 0.01 * np.random.standard_normal(self.coef_.shape)
        return self


class RaisesInFit(LogisticRegression):
    def fit(self, X, y):
        raise RuntimeError("no idea how\nto learn this")


class Mixture(GaussianMixture):
    def __init__(self, *, random_state=None):
        super().__init__(2, covariance_type="diag", random_state=random_state)


class MixtureWrongShape(Mixture):
    def sample(self, n):
        return super().sample(n)[0][:, :-1]


class MixtureNan(Mixture):
    def sample(self, n):
        return super().sample(n)[0] * np.nan


class MixtureMutates(Mixture):
    def fit(self, X):
        super().fit(X)
        X[:] = 0
        return self


class MixtureIgnoresSeed(Mixture):
    def sample(self, n):
        self.random_state = np.random.RandomState()
        return super().sample(n)


class MixtureRaisesInFit(Mixture):
    def fit(self, X):
        raise RuntimeError("no idea how\nto learn this")
