"""A mixture of Gaussians that is fitted by scikit-learn, and drawn from row by row."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

PER_COMPONENT = 2  # images that a Gaussian needs for each dimension, or its covariance says more than they do
FLOOR = 1e-3  # share of the mean variance that is added to every covariance: no direction is without any spread
BATCH = 128


@dataclass(frozen=True)
class Mixture:
    """A mixture of `m` Gaussians in `k` dimensions.

    Attributes:
        weights: float64 `(m,)`, adding up to 1.
        means: float64 `(m, k)`.
        factors: float64 `(m, k, k)`, a lower triangle whose product with its transpose is the covariance.
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray

    @property
    def size(self) -> int:
        """How many numbers it has, each triangle counted once."""
        m, k = self.means.shape
        return int(m + m * k + m * k * (k + 1) // 2)

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns what the constructor takes."""
        return {"weights": self.weights, "means": self.means, "factors": self.factors}

    def draw(self, uniform: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Returns draws, float64 `(n, k)`; each row depends on its own numbers only, to the last bit.

        Args:
            uniform: `(n,)` in [0, 1): which Gaussian.
            normal: `(n, k)`, standard normal.
        """
        # without the last bound, which rounding may leave below 1
        chosen = np.searchsorted(np.cumsum(self.weights)[:-1], uniform, side="right")
        drawn = self.means[chosen]
        for start in range(0, len(drawn), BATCH):  # in parts, since every row takes a matrix
            rows = slice(start, start + BATCH)
            drawn[rows] += np.einsum("nij,nj->ni", self.factors[chosen[rows]], normal[rows])
        return drawn


def fit_mixture(scores: np.ndarray, n_mixture: int, covariance: str, seed: int) -> Mixture:
    """Fits a mixture to scores `(n, k)`; it never fails for lack of images.

    Args:
        scores: float64 `(n, k)`, at least one row; `k` may be 0.
        n_mixture: The most Gaussians; fewer if there are not `2 k` images for each.
        covariance: scikit-learn's `covariance_type`.
        seed: Of the starting points.
    """
    n, k = scores.shape
    # 1e-6 is scikit-learn's own `reg_covar`: something must be left where the scores do not vary at all
    floor = FLOOR * float(scores.var(axis=0).mean()) + 1e-6 if k else 0.0
    if n < 2 or k == 0:
        return Mixture(np.ones(1), scores.mean(axis=0)[None], np.sqrt(floor) * np.eye(k)[None])
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    few = max(1, min(n_mixture, n // (PER_COMPONENT * k)))
    model = GaussianMixture(few, covariance_type=covariance, reg_covar=floor, random_state=seed)
    with warnings.catch_warnings():
        # images that repeat give fewer clusters than asked for, and 100 iterations are enough for a baseline
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(scores)
    return Mixture(model.weights_, model.means_, np.linalg.cholesky(_dense(model.covariances_, covariance, few, k)))


def _dense(covariances: np.ndarray, kind: str, m: int, k: int) -> np.ndarray:
    """Returns covariances `(m, k, k)` from scikit-learn's shape for each kind."""
    if kind == "full":
        return covariances
    if kind == "tied":
        return np.repeat(covariances[None], m, axis=0)
    diagonal = covariances if kind == "diag" else np.repeat(covariances[:, None], k, axis=1)
    return diagonal[:, :, None] * np.eye(k)
