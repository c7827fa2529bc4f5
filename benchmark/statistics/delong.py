"""Variance and covariance of AUCs from structural components.

DeLong, DeLong, Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
characteristic curves" (Biometrics 1988), in the sorted form of Sun and Xu (IEEE Signal Processing Letters
2014); for images that come in clusters Obuchowski, "Nonparametric analysis of clustered ROC curve data"
(Biometrics 1997).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.statistics.clusters import remaining
from benchmark.statistics.ranking import Ranking


@dataclass(frozen=True)
class Components:
    """An AUC and what each image contributes to it.

    Attributes:
        auc: P(fake scores above real) + P(equal) / 2.
        fakes: float `(n_fake,)` in [0, 1], share of reals below each fake; its mean is `auc`.
        reals: float `(n_real,)` in [0, 1], share of fakes above each real; its mean is `auc`.
    """

    auc: float
    fakes: np.ndarray
    reals: np.ndarray


def components(ranking: Ranking) -> Components:
    """Returns the structural components, in the order in which the images were given.

    Example:
        >>> from benchmark.statistics.ranking import Ranking
        >>> part = components(Ranking.of([1, 3, 2, 4], [0, 0, 1, 1]))
        >>> part.auc, part.fakes.tolist(), part.reals.tolist()
        (0.75, [0.5, 1.0], [1.0, 0.5])
    """
    n_real, n_fake = ranking.n_real, ranking.n_fake
    reals_to, fakes_to = ranking.counts()
    reals_in, fakes_in = reals_to.copy(), fakes_to.copy()  # of each block
    reals_in[1:] -= reals_to[:-1]
    fakes_in[1:] -= fakes_to[:-1]
    of_fake = (n_real - reals_to + reals_in / 2) / n_real
    of_real = (fakes_to - fakes_in / 2) / n_fake
    value = np.empty(len(ranking.order))
    is_fake = np.empty(len(ranking.order), dtype=bool)
    value[ranking.order] = np.where(ranking.is_fake, of_fake[ranking.block], of_real[ranking.block])
    is_fake[ranking.order] = ranking.is_fake
    # the sum of the doubled components is an integer: the AUC comes out exact, 1.0 at a perfect separation
    auc = float(np.dot(2 * (n_real - reals_to) + reals_in, fakes_in) / (2 * n_real * n_fake))
    return Components(auc, value[is_fake], value[~is_fake])


def covariance(
    parts: list[Components], groups_fake: np.ndarray | None = None, groups_real: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the covariance matrix of AUCs measured on the same images, as its two sides.

    Args:
        parts: Components of k detectors on the same images in the same order.
        groups_fake: int `(n_fake,)`, the cluster of each fake. Defaults to `None`, each on its own.
        groups_real: int `(n_real,)`, likewise; a number that occurs on both sides is one cluster.

    Returns:
        `(fake side, real side)`, each `(k, k)`; their sum is the covariance. What clusters share across the
        sides is halved between them. Each cluster's part is lengthened by what the mean of its class takes from it
        (`clusters.remaining`), which for k equal clusters is Obuchowski's k / (k - 1).

    Example:
        >>> from benchmark.statistics.ranking import Ranking
        >>> part = components(Ranking.of([1, 3, 2, 4], [0, 0, 1, 1]))
        >>> of_fakes, of_reals = covariance([part])
        >>> round(float(of_fakes[0, 0]), 4), round(float(of_reals[0, 0]), 4)
        (0.0625, 0.0625)
    """
    fakes = np.stack([part.fakes for part in parts])
    reals = np.stack([part.reals for part in parts])
    if groups_fake is None or groups_real is None:
        return _side(fakes), _side(reals)
    n_groups = int(max(groups_fake.max(), groups_real.max())) + 1
    of_fake, of_real = _sums(fakes, groups_fake, n_groups), _sums(reals, groups_real, n_groups)
    cross = of_fake @ of_real.T
    both = (cross + cross.T) / 2
    return of_fake @ of_fake.T + both, of_real @ of_real.T + both


def degrees_of_freedom(
    part: Components, groups_fake: np.ndarray | None = None, groups_real: np.ndarray | None = None
) -> float:
    """Returns how many degrees of freedom the variance of the AUC has.

    Near a perfect separation it rests on the few images that overlap, and a normal quantile is too short. The
    variance of a sample variance follows from the kurtosis of the components; the two sides are put together as
    Satterthwaite does (Biometrics Bulletin 1946). Arguments as `covariance`; at least 1.

    Example:
        >>> from benchmark.statistics.ranking import Ranking
        >>> part = components(Ranking.of([1, 2, 4, 5, 3, 6, 7, 8], [0, 0, 0, 0, 1, 1, 1, 1]))
        >>> round(degrees_of_freedom(part), 2)  # eight images, of which three overlap
        4.8
    """
    return float(differences([part], groups_fake=groups_fake, groups_real=groups_real)[1][0])


def differences(
    parts: list[Components],
    less: list[Components] | None = None,
    *,
    groups_fake: np.ndarray | None = None,
    groups_real: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the variances of AUCs, or of what each is more than another, and their degrees of freedom, `(m,)` each.

    Args:
        parts: Components of m AUCs on the same images in the same order.
        less: Of those that are taken off. Defaults to `None`, nothing is.
        groups_fake, groups_real: As `covariance`.

    Example:
        >>> from benchmark.statistics.ranking import Ranking
        >>> one, other = (components(Ranking.of(scores, [0, 0, 1, 1])) for scores in ([1, 3, 2, 4], [1, 2, 3, 4]))
        >>> variance, df = differences([one], [other])
        >>> variance.tolist(), df.tolist()
        ([0.125], [2.0])
    """
    fakes, reals = np.stack([part.fakes for part in parts]), np.stack([part.reals for part in parts])
    if less is not None:
        fakes, reals = fakes - np.stack([part.fakes for part in less]), reals - np.stack([part.reals for part in less])
    if groups_fake is None or groups_real is None:
        alone = variance_of_mean(fakes), variance_of_mean(reals)
        return alone[0][0] + alone[1][0], satterthwaite(*alone)
    n_groups = int(max(groups_fake.max(), groups_real.max())) + 1
    of_fake, of_real = _sums(fakes, groups_fake, n_groups), _sums(reals, groups_real, n_groups)
    variance, kurtosis = ((of_fake + of_real) ** 2).sum(axis=1), variance_of_mean(of_fake + of_real, centre=False)
    # unequal clusters leave fewer, whatever their values: of each side, and where clusters are on both, of the lesser
    degrees = np.array([remaining(groups)[1] for groups in (groups_fake, groups_real)])
    known = np.full(len(parts), degrees.min())
    if not np.isin(groups_fake, groups_real).any():
        spread = np.stack([(sums**2).sum(axis=1) for sums in (of_fake, of_real)])
        some = spread.any(axis=0)
        known[some] = spread[:, some].sum(axis=0) ** 2 / (spread[:, some] ** 2 / _positive(degrees)).sum(axis=0)
    return variance, np.clip(np.minimum(satterthwaite(kurtosis), known), 1, None)


def _positive(degrees: np.ndarray) -> np.ndarray:
    return np.maximum(degrees, 1e-9)[:, None]


def satterthwaite(*sides: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Returns the degrees of freedom `(b,)` of a sum of variances from (variance, degrees) of each.

    Example:
        >>> import numpy as np
        >>> satterthwaite((np.array([1.0]), np.array([4.0])), (np.array([1.0]), np.array([6.0]))).round(3).tolist()
        [9.6]
    """
    total = sum(variance for variance, _ in sides)
    spread = sum(variance**2 / degrees for variance, degrees in sides)
    return np.where(spread > 0, total**2 / np.where(spread > 0, spread, 1.0), 1.0)


def variance_of_mean(values: np.ndarray, *, centre: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Returns the variance of the mean of each row of `(b, n)` and its degrees of freedom.

    Example:
        >>> import numpy as np
        >>> variance, degrees = variance_of_mean(np.array([[1.0, 2.0, 3.0, 4.0]]))
        >>> variance.round(3).tolist(), degrees.round(3).tolist()
        ([0.417], [3.0])
    """
    n = values.shape[1]
    square = (values - values.mean(axis=1, keepdims=True) if centre else values) ** 2
    second = square.mean(axis=1)
    kurtosis = (square**2).mean(axis=1) / np.where(second > 0, second**2, 1.0)
    # a sample variance varies by σ⁴ (kurtosis - 1) / n, one of `degrees` degrees of freedom by 2 σ⁴ / degrees
    degrees = 2 * n / np.maximum(kurtosis - 1, 1e-9)
    return second / max(n - 1, 1), np.clip(np.where(second > 0, degrees, np.inf), 1, max(n - 1, 1))


def _side(values: np.ndarray) -> np.ndarray:
    n = values.shape[1]
    centred = (values - values.mean(axis=1, keepdims=True)) / n
    return centred @ centred.T * _correction(n)


def _sums(values: np.ndarray, groups: np.ndarray, n_groups: int) -> np.ndarray:
    centred = (values - values.mean(axis=1, keepdims=True)) / values.shape[1]
    order = np.argsort(groups, kind="stable")
    present, starts = np.unique(groups[order], return_index=True)
    sums = np.zeros((len(values), n_groups))
    sums[:, present] = np.add.reduceat(centred[:, order], starts, axis=1)
    return sums / np.sqrt(remaining(groups, n_groups)[0])


def _correction(n: int) -> float:
    return n / (n - 1) if n > 1 else 1.0
