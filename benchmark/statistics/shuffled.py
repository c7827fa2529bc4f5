"""A shuffled null: what p-values and intervals say of these images and units where there is nothing to find.

Half of the units of each class are called fake, in training and in test, and a linear detector learns that: whatever it
finds is chance. So a share of the shuffles is judged, never a single one (Ojala, Garriga 2010, Permutation tests for
studying classifier performance, JMLR 11, test 1; Lopez-Paz, Oquab 2017, Revisiting classifier two-sample tests).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from scipy.linalg import cho_factor, cho_solve

from benchmark.statistics.chance import p_chance
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.delong import components, covariance, degrees_of_freedom
from benchmark.statistics.intervals import auc_interval
from benchmark.statistics.ranking import Ranking

SHUFFLES = 399
NOMINAL = 0.05  # of the p-values and of the intervals that are counted


@dataclass(frozen=True)
class Side:
    """Images of one part: features float64 `(n, d)`, units int `(n,)`, and which are fake, bool `(n,)`."""

    features: np.ndarray
    units: np.ndarray
    is_fake: np.ndarray


@dataclass(frozen=True)
class Null:
    """What the shuffles gave.

    Attributes:
        aucs: float `(b,)`.
        p: float `(b,)`, the one-sided p-values of chance.
        missed: bool `(b,)`, whether the 95 % interval of the AUC misses 0.5.
    """

    aucs: np.ndarray
    p: np.ndarray
    missed: np.ndarray

    @property
    def false_alarms(self) -> float:
        """The share of p-values that are 0.05 or less."""
        return float((self.p <= NOMINAL).mean())

    @property
    def adjusted(self) -> dict[str, float]:
        """What may be wrong -> its p-value, times three."""
        n = len(self.p)
        error = self.aucs.std(ddof=1) / np.sqrt(n)
        mean = 2 * scipy.stats.norm.sf(abs(self.aucs.mean() - 0.5) / error) if error > 0 else 1.0
        found = {
            "p-values": scipy.stats.binomtest(int((self.p <= NOMINAL).sum()), n, NOMINAL, "greater").pvalue,
            "intervals": scipy.stats.binomtest(int(self.missed.sum()), n, NOMINAL, "greater").pvalue,
            "mean AUC": mean,
        }
        return {what: min(1.0, 3 * float(p)) for what, p in found.items()}


def shuffled(
    train: Side, test: Side, *, shuffles: int = SHUFFLES, seed: int = 0, counted: np.ndarray | None = None
) -> Null:
    """Trains and tests a linear detector with shuffled classes.

    Ridge regression on standardised features: one factorisation serves all shuffles. Whole units are called fake, since
    images of one unit are not exchangeable.

    Args:
        train: What it learns from.
        test: What it is tested on.
        shuffles: How many. Defaults to `399`.
        seed: Of the shuffles. Defaults to `0`.
        counted: int `(n,)`, the units of the test images that p-values and intervals take into account. Defaults to
            `None`, those of `test`.

    Raises:
        ValueError: If there are too few units to have both classes.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> sides = [Side(rng.normal(size=(80, 5)), np.arange(80), np.arange(80) >= 40) for _ in range(2)]
        >>> null = shuffled(*sides, shuffles=99)
        >>> len(null.aucs), bool(0.45 < null.aucs.mean() < 0.55), null.false_alarms < 0.15
        (99, True, True)
    """
    rng = np.random.default_rng(seed)
    called = [_called(side, shuffles, rng) for side in (train, test)]
    scores = _scores(train.features, test.features, called[0])
    _, index = np.unique(test.units if counted is None else counted, return_inverse=True)
    return _judged(scores, called[1], index.reshape(-1))


def smallest_rate(shuffles: int = SHUFFLES, *, level: float = 0.01, power: float = 0.8) -> float:
    """Returns the smallest true share of false alarms that so many shuffles would show, with a given power.

    Example:
        >>> round(smallest_rate(399), 2)
        0.1
    """
    limit = scipy.stats.binom.isf(level / 3, shuffles, NOMINAL) + 1
    # P(X >= limit) as a function of the rate is a beta distribution's
    return float(scipy.stats.beta.ppf(power, limit, shuffles - limit + 1))


def _called(side: Side, shuffles: int, rng: np.random.Generator) -> np.ndarray:
    """Returns bool `(shuffles, n)`: half of the units that hold reals, fakes or both are called fake."""
    units, index = np.unique(side.units, return_inverse=True)
    index = index.reshape(-1)
    fakes = np.bincount(index, side.is_fake)
    kind = np.where(fakes == 0, 0, np.where(fakes == np.bincount(index), 1, 2))
    if len(units) < 4:
        raise ValueError(f"A shuffle needs four units or more. Received: {len(units)}.")
    called = np.zeros((shuffles, len(units)), bool)
    for one in np.unique(kind):
        at = np.flatnonzero(kind == one)
        half = (len(at) + rng.integers(0, 2, shuffles)) // 2  # an odd one goes either way
        called[:, at] = rng.permuted(np.arange(len(at))[None] < half[:, None], axis=1)
    both = called.any(axis=1) & ~called.all(axis=1)
    called[~both, 0] = ~called[~both, 0]  # of one class alone: only where every kind has a single unit
    return called[:, index]


def _scores(train: np.ndarray, test: np.ndarray, called: np.ndarray) -> np.ndarray:
    mean, scale = train.mean(axis=0), train.std(axis=0)
    scale = np.where(scale > 1e-10 * np.maximum(1, np.abs(mean)), scale, np.inf)
    x, y = (train - mean) / scale, (test - mean) / scale
    targets = np.where(called, 1.0, -1.0).T
    targets -= targets.mean(axis=0)
    penalty = max(float((x**2).sum()) / min(x.shape), 1e-9)  # the mean square of a principal axis
    if x.shape[1] <= len(x):
        factor = cho_factor(x.T @ x + penalty * np.eye(x.shape[1]))
        return np.asarray(y @ cho_solve(factor, x.T @ targets))
    factor = cho_factor(x @ x.T + penalty * np.eye(len(x)))
    return np.asarray(y @ (x.T @ cho_solve(factor, targets)))


def _judged(scores: np.ndarray, called: np.ndarray, index: np.ndarray) -> Null:
    """Judges scores `(n, b)` of so many shuffles, bool `(b, n)`; the intervals of all are worked out together."""
    measured = [_measured(scores[:, at], one, index) for at, one in enumerate(called)]
    aucs, p, variance, pairs, wrong, df = np.array(measured).T
    low, high = auc_interval(aucs, variance, pairs, wrong, df=df)
    return Null(aucs, p, (low > 0.5) | (high < 0.5))


def _measured(scores: np.ndarray, called: np.ndarray, index: np.ndarray) -> tuple[float, ...]:
    """Returns the AUC of one shuffle, its p-value, and what its interval rests on."""
    count = int(index.max()) + 1
    stratum = np.zeros(count, int)
    stratum[index] = called
    clusters = Clusters(index, count, stratum, count == len(index))
    ranking = Ranking.of(scores, called)
    part = components(ranking)
    groups = (None, None) if clusters.trivial else (index[called], index[~called])
    variance = sum(float(side[0, 0]) for side in covariance([part], *groups))
    wrong = clusters.touched(ranking.wrong_at_cut(reverse=part.auc < 0.5))
    df = degrees_of_freedom(part, *groups)
    p = p_chance(ranking, clusters, known=(part, variance))
    return part.auc, p, variance, clusters.pairs(called), wrong, df
