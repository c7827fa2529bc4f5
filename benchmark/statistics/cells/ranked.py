"""Metrics that are read off the ranking, with their intervals: AUC, average precision, equal error rate."""

from __future__ import annotations

import numpy as np

from benchmark.statistics import intervals
from benchmark.statistics.bootstrap import on_logits, running
from benchmark.statistics.cells.rates import Row
from benchmark.statistics.cells.roc import average_precision, equal_error_rate
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.delong import Components, covariance, degrees_of_freedom
from benchmark.statistics.ranking import Ranking


def sides(labels: np.ndarray, clusters: Clusters) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Returns the clusters of the fakes and of the reals, as `delong` takes them.

    Example:
        >>> import numpy as np
        >>> is_fake = np.array([False, False, True])
        >>> [side.tolist() for side in sides(is_fake, Clusters.of([0, 0, 1], is_fake))]
        [[1], [0, 0]]
    """
    return (None, None) if clusters.trivial else (clusters.index[labels], clusters.index[~labels])


def auc(ranking: Ranking, part: Components, labels: np.ndarray, clusters: Clusters, level: float) -> Row:
    """Returns the AUC, its interval (`intervals.auc_interval`) and a note.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.delong import components
        >>> is_fake = np.repeat([False, True], 50)
        >>> ranking, alone = Ranking.of(np.r_[np.arange(50), np.arange(50) + 20], is_fake), Clusters.of(None, is_fake)
        >>> value, low, high, _ = auc(ranking, components(ranking), is_fake, alone, 0.95)
        >>> round(value, 3), round(low, 3), round(high, 3)
        (0.82, 0.726, 0.887)
    """
    groups = sides(labels, clusters)
    variance = float(sum(side[0, 0] for side in covariance([part], *groups)))
    wrong = clusters.touched(ranking.wrong_at_cut(reverse=part.auc < 0.5))
    df = degrees_of_freedom(part, *groups)
    low, high = intervals.auc_interval(part.auc, variance, clusters.pairs(labels), wrong, df=df, level=level)
    what = f"{'image' if clusters.trivial else 'unit'}{'s' * (wrong != 1)}"
    note = "" if wrong >= intervals.FEW else f"conservative bound: {wrong} {what} on the wrong side of the best cut"
    return part.auc, float(low), float(high), note


def curve(
    ranking: Ranking, part: Components, labels: np.ndarray, clusters: Clusters, seed: int, level: float
) -> dict[str, Row]:
    """Returns average precision and equal error rate with bootstrap intervals on the logit scale.

    They have the degrees of freedom of the AUC, which rests on the same images, and are never shorter than what as few
    mistakes leave possible at one threshold.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.delong import components
        >>> is_fake = np.repeat([False, True], 50)
        >>> ranking, alone = Ranking.of(np.r_[np.arange(50), np.arange(50) + 20], is_fake), Clusters.of(None, is_fake)
        >>> rows = curve(ranking, components(ranking), is_fake, alone, 0, 0.95)
        >>> round(rows["eer"][0], 2), rows["eer"][1] < 0.3 < rows["eer"][2]
        (0.3, True)
    """
    reals, fakes = (counts[None].astype(float) for counts in ranking.counts())
    value = [float(metric(reals, fakes)[0]) for metric in (average_precision, equal_error_rate)]
    df = degrees_of_freedom(part, *sides(labels, clusters))
    stretch = clusters.stretch()
    # a tenth of what one pair of a real and a fake adds to the AUC; half an image of the smaller class
    least = 1 / (10 * ranking.n_real * ranking.n_fake), 1 / (2 * min(ranking.n_real, ranking.n_fake))
    drawn = resampled(ranking, clusters, seed=seed)
    ends = np.array(
        [on_logits(value[k], drawn[k], df=df, least=least[k], level=level, stretch=stretch) for k in range(len(value))]
    )
    wrong = ranking.wrong_at_cut()
    if clusters.touched(wrong) < intervals.FEW:
        # so few mistakes that resamples hardly differ: what the same counts leave possible at one threshold
        real, fake = (clusters.trials(wrong, labels == side, level) for side in (False, True))
        fpr = intervals.clopper_pearson(wrong[~labels].mean() * real, real, level)[1]
        miss = intervals.clopper_pearson(wrong[labels].mean() * fake, fake, level)[1]
        odds = fpr * ranking.n_real / ranking.n_fake
        # The area under a precision of r / (r + odds) up to the recall r = 1 - miss: all false alarms come first.
        worst = (1 - miss) - odds * np.log1p((1 - miss) / odds)
        ends[:, 0] = np.minimum(ends[:, 0], [float(worst), 0.0])
        ends[:, 1] = np.maximum(ends[:, 1], [1.0, float(max(fpr, miss))])
    (precision_low, precision_high), (error_low, error_high) = ends.tolist()
    return {
        "average_precision": (value[0], precision_low, precision_high, ""),
        "eer": (value[1], error_low, error_high, "of the test ROC"),
    }


def resampled(ranking: Ranking, clusters: Clusters, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns average precision and equal error rate of the bootstrap's resamples, `(resamples,)` each.

    Nothing is sorted again: a resample counts how often each image occurs, and sums of these counts along the order of
    the scores are its curve. The average precision looks at the places of the fakes only; the equal error rate is
    found by halving, since along the curve FPR rises and the share of missed fakes falls.

    Example:
        >>> import numpy as np
        >>> is_fake = np.repeat([False, True], 50)
        >>> ranking, alone = Ranking.of(np.r_[np.arange(50), np.arange(50) + 20], is_fake), Clusters.of(None, is_fake)
        >>> precision, error = resampled(ranking, alone)
        >>> precision.shape, round(float(error.mean()), 1)
        ((2000,), 0.3)
    """
    reals, fakes = (np.r_[0, counts] for counts in ranking.counts())
    ordered = ranking.order[~ranking.is_fake], ranking.order[ranking.is_fake]
    at = ranking.block[ranking.is_fake] + 1  # the threshold of each fake, 0 for infinite
    tied = len(np.unique(at)) < len(at)
    first = int(np.searchsorted(reals[at], 1))  # fakes that no real is above cost nothing
    precisions, errors = [], []
    for real, fake in running(clusters, *ordered, seed=seed):
        # up to a fake, and with what ties with it
        with_fake = np.take(fake, fakes[at[first:]], axis=0) if tied else fake[first + 1 :]
        false = np.take(real, reals[at[first:]], axis=0)
        false /= np.maximum(false + with_fake, np.float32(1e-9))
        false *= np.diff(fake[first:], axis=0)
        # what is missing of 1 is summed: near 1 that keeps its digits
        precisions.append(1 - false.sum(axis=0).astype(float) / fake[-1])
        errors.append(_crossing(real, fake, reals, fakes))
    return np.concatenate(precisions), np.concatenate(errors)


def _crossing(real: np.ndarray, fake: np.ndarray, reals: np.ndarray, fakes: np.ndarray) -> np.ndarray:
    """Returns `equal_error_rate` of resamples from their counts `(k + 1, b)` and the counts at the thresholds."""
    rows = np.arange(real.shape[1])
    all_real, all_fake = real[-1].astype(float), fake[-1].astype(float)

    def rates(place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return real[reals[place], rows] / all_real, 1 - fake[fakes[place], rows] / all_fake

    low, high = np.zeros(len(rows), int), np.full(len(rows), len(reals) - 1)
    while (high - low > 1).any():
        middle = (low + high) // 2
        fpr, miss = rates(middle)
        low, high = np.where(fpr < miss, middle, low), np.where(fpr < miss, high, middle)
    (fpr, miss), (next_fpr, next_miss) = rates(low), rates(high)
    share = (miss - fpr) / ((next_fpr - next_miss) - (fpr - miss))
    return np.asarray(fpr + share * (next_fpr - fpr))
