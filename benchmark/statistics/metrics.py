"""From the scores of a cell to its numbers, each with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmark.statistics import intervals
from benchmark.statistics.bootstrap import on_logits, percentile, replicates
from benchmark.statistics.chance import p_chance
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.delong import Components, components, covariance, degrees_of_freedom
from benchmark.statistics.ranking import Ranking
from benchmark.statistics.roc import average_precision, equal_error_rate, roc, tpr_at_fpr

__all__ = ["METRICS", "measure", "roc"]

METRICS = (
    "auc",
    "average_precision",
    "accuracy",
    "fpr",
    "tpr",
    "accuracy_at_half",
    "accuracy_real",
    "accuracy_fake",
    "tpr_at_fpr_01",
    "tpr_at_fpr_05",
    "eer",
    "brier",
    "ece",
    "nll",
    "p_chance",
)
OF_CLASS = ("auc", "accuracy", "fpr", "tpr")
FEWEST_OF_CLASS = 10  # real and fake images of a class
# as in Guo, Pleiss, Sun, Weinberger, On calibration of modern neural networks (ICML 2017)
BINS = 15
NO_THRESHOLD = "not defined: no validation threshold"
NO_PROBABILITY = "not defined: the detector gives no probability"
Row = tuple[float, float, float, str]


def measure(
    scores: Any,
    is_fake: Any,
    *,
    probability: Any = None,
    threshold: float | None = None,
    groups: Any = None,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Returns every metric of one cell with its interval.

    Accuracies are plain shares of images judged right (test sets are balanced as a rule); an image is called
    fake at a score of at least `threshold`, or at a probability of at least one half for `accuracy_at_half`,
    `accuracy_real` and `accuracy_fake`. `tpr_at_fpr_*` and `eer` are read off the test ROC; `p_chance` is
    one-sided.

    Args:
        scores: float `(n,)`, higher means more likely fake.
        is_fake: bool `(n,)`.
        probability: float `(n,)` in [0, 1], of being fake. Defaults to `None`: what needs it is not defined.
        threshold: Chosen on validation. Defaults to `None`: what needs it is not defined.
        groups: `(n,)`, clusters of images that are not independent; missing ones (NaN, negative, "") stand
            alone. Defaults to `None`.
        seed: Of the bootstrap. Defaults to `0`.
        level: Coverage of the intervals, in (0, 1). Defaults to `0.95`.

    Returns:
        A frame with columns metric, value, low, high, n_real, n_fake, note; one row for each of `METRICS`.

    Raises:
        ValueError: If scores are NaN, infinite or constant, a class is missing, or probabilities leave [0,
        1].

    Example:
        >>> scores, is_fake = [0.1, 0.4, 0.35, 0.8, 0.9, 0.3], [0, 0, 0, 1, 1, 1]
        >>> table = measure(scores, is_fake, threshold=0.5).set_index("metric")
        >>> table.loc[["auc", "accuracy", "fpr"], "value"].round(3).tolist()
        [0.778, 0.833, 0.0]
        >>> table.loc["brier", "note"]
        'not defined: the detector gives no probability'
    """
    ranking = Ranking.of(scores, is_fake)
    labels = np.asarray(is_fake).astype(bool)
    clusters = Clusters.of(groups, labels)
    part = components(ranking)
    sides = (None, None) if clusters.trivial else (clusters.index[labels], clusters.index[~labels])
    df = degrees_of_freedom(part, *sides)
    rows: dict[str, Row] = {"auc": _auc(ranking, part, labels, clusters, df, level)}
    rows |= _curve(ranking, labels, clusters, df, seed, level)
    for percent in (1, 5):
        rows[f"tpr_at_fpr_{percent:02d}"] = tpr_at_fpr(ranking, clusters, percent / 100, level=level)
    rows |= _at_threshold(np.asarray(scores, float), labels, clusters, threshold, level)
    rows |= _probabilities(probability, labels, clusters, seed, level)
    note = "one-sided permutation test" if clusters.trivial else "one-sided, cluster-robust"
    rows["p_chance"] = (p_chance(ranking, clusters, seed=seed), np.nan, np.nan, note)
    frame = pd.DataFrame([(name, *rows[name]) for name in METRICS], columns=["metric", "value", "low", "high", "note"])
    frame.insert(4, "n_real", ranking.n_real)
    frame.insert(5, "n_fake", ranking.n_fake)
    return frame


def by_class(
    scores: np.ndarray, is_fake: np.ndarray, labels: np.ndarray, *, threshold: float | None, groups: Any = None
) -> pd.DataFrame:
    """Returns `OF_CLASS` for the images of each class alone, where real and fake images have labels.

    Args:
        scores, is_fake, threshold, groups: As in `measure`.
        labels: float `(n,)`, NaN where an image has none: the fakes of a generator that is not conditional.

    Returns:
        The columns of `measure`, and `label`; a class with fewer than ten real or fake images has no row.

    Example:
        >>> import numpy as np
        >>> is_fake = np.repeat([False, True], 20)
        >>> labels = np.tile(np.repeat([0.0, 1.0], 10), 2)
        >>> scores = np.arange(40.0) + 30 * (labels == 1) * ~is_fake  # reals of class 1 score high
        >>> table = by_class(scores, is_fake, labels, threshold=20.0)
        >>> table.loc[table["metric"] == "auc", ["label", "value"]].values.tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    frames = [pd.DataFrame(columns=["metric", "value", "low", "high", "n_real", "n_fake", "note", "label"])]
    for label in np.unique(labels[is_fake & ~np.isnan(labels)]):
        mine = labels == label
        if min((mine & is_fake).sum(), (mine & ~is_fake).sum()) < FEWEST_OF_CLASS:
            continue
        try:
            some = measure(
                scores[mine], is_fake[mine], threshold=threshold, groups=None if groups is None else groups[mine]
            )
        except ValueError as error:  # constant within the class
            n = {"n_real": int((mine & ~is_fake).sum()), "n_fake": int((mine & is_fake).sum())}
            some = pd.DataFrame({"metric": OF_CLASS, "value": np.nan, "note": f"not defined: {error}", **n})
        frames.append(some[some["metric"].isin(OF_CLASS)].assign(label=int(label)))
    return pd.concat(frames[1:], ignore_index=True) if frames[1:] else frames[0]


def _auc(ranking: Ranking, part: Components, labels: np.ndarray, clusters: Clusters, df: float, level: float) -> Row:
    groups = (None, None) if clusters.trivial else (clusters.index[labels], clusters.index[~labels])
    sides = covariance([part], *groups)
    wrong = clusters.touched(ranking.wrong_at_cut(reverse=part.auc < 0.5))
    variance = float(sides[0][0, 0] + sides[1][0, 0])
    low, high = intervals.auc_interval(part.auc, variance, clusters.pairs(labels), wrong, df=df, level=level)
    note = "" if wrong >= intervals.FEW else f"conservative bound: {wrong} images on the wrong side of the best cut"
    return part.auc, float(low), float(high), note


def _curve(
    ranking: Ranking, labels: np.ndarray, clusters: Clusters, df: float, seed: int, level: float
) -> dict[str, Row]:
    def statistic(weights: np.ndarray) -> np.ndarray:
        weights = weights[:, ranking.order]
        fake = np.cumsum(weights * ranking.is_fake, axis=1)[:, ranking.ends]
        real = np.cumsum(weights, axis=1)[:, ranking.ends] - fake
        return np.stack([average_precision(real, fake), equal_error_rate(real, fake)], axis=1)

    value = statistic(np.ones((1, len(labels))))[0]
    resampled = replicates(statistic, clusters, seed=seed)
    # a tenth of what one pair of a real and a fake adds to the AUC
    least = 1 / (10 * ranking.n_real * ranking.n_fake)
    precision = on_logits(float(value[0]), resampled[:, 0], df=df, least=least, level=level)
    low, high = (
        np.array([bound, float(other[0])])
        for bound, other in zip(precision, percentile(resampled[:, 1:], level), strict=True)
    )
    wrong = ranking.wrong_at_cut()
    if clusters.touched(wrong) < intervals.FEW:
        # so few mistakes that resamples hardly differ: what the same counts leave possible at one threshold
        real, fake = (clusters.trials(wrong, labels == side) for side in (False, True))
        fpr = intervals.clopper_pearson(wrong[~labels].mean() * real, real, level)[1]
        miss = intervals.clopper_pearson(wrong[labels].mean() * fake, fake, level)[1]
        odds = fpr * ranking.n_real / ranking.n_fake
        # The area under a precision of r / (r + odds) up to the recall r = 1 - miss: all false alarms come first.
        worst = (1 - miss) - odds * np.log1p((1 - miss) / odds)
        low = np.minimum(low, [float(worst), 0.0])
        high = np.maximum(high, [1.0, float(max(fpr, miss))])
    return {
        "average_precision": (float(value[0]), float(low[0]), float(high[0]), ""),
        "eer": (float(value[1]), float(low[1]), float(high[1]), "of the test ROC"),
    }


def _rate(right: np.ndarray, chosen: np.ndarray, clusters: Clusters, level: float, note: str) -> Row:
    value = float(right[chosen].mean())
    trials = clusters.trials(right, chosen)
    low, high = intervals.rate(value * trials, trials, level)
    return value, float(low), float(high), note


def _at_threshold(
    scores: np.ndarray, labels: np.ndarray, clusters: Clusters, threshold: float | None, level: float
) -> dict[str, Row]:
    if threshold is None or np.isnan(threshold):
        return {name: _missing(NO_THRESHOLD) for name in ("accuracy", "fpr", "tpr")}
    called, everyone = scores >= threshold, np.ones(len(labels), dtype=bool)
    note = "at the validation threshold"
    return {
        "accuracy": _rate(called == labels, everyone, clusters, level, note),
        "fpr": _rate(called, ~labels, clusters, level, note),
        "tpr": _rate(called, labels, clusters, level, note),
    }


def _probabilities(probability: Any, labels: np.ndarray, clusters: Clusters, seed: int, level: float) -> dict[str, Row]:
    names = ("accuracy_at_half", "accuracy_real", "accuracy_fake", "brier", "ece", "nll")
    if probability is None:
        return {name: _missing(NO_PROBABILITY) for name in names}
    p = np.asarray(probability, dtype=np.float64)
    if p.shape != labels.shape or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(
            f"Probabilities must have shape {labels.shape} and lie in [0, 1]. "
            f"Received: shape {p.shape}, from {p.min()} to {p.max()}."
        )
    right, everyone, note = (p >= 0.5) == labels, np.ones(len(labels), dtype=bool), "at probability 0.5"
    edge = np.finfo(np.float64).eps
    loss = -np.log(np.clip(np.where(labels, p, 1 - p), edge, 1 - edge))
    losses = np.stack([(p - labels) ** 2, loss], axis=1)
    value = losses.mean(axis=0)
    low, high = percentile(replicates(lambda w: w @ losses / w.sum(axis=1, keepdims=True), clusters, seed=seed), level)
    if clusters.touched(~right) < intervals.FEW:
        high[0] = max(high[0], float(intervals.mean_bound(value[0], clusters.effective(everyone), level)[1]))
    clipped = int((loss > -np.log(2 * edge)).sum())
    return {
        "accuracy_at_half": _rate(right, everyone, clusters, level, note),
        "accuracy_real": _rate(right, ~labels, clusters, level, note),
        "accuracy_fake": _rate(right, labels, clusters, level, note),
        "brier": (float(value[0]), float(low[0]), float(high[0]), ""),
        "nll": (
            float(value[1]),
            float(low[1]),
            float(high[1]),
            f"{clipped} certain and wrong" if clipped else "",
        ),
        "ece": (calibration_error(p, labels), np.nan, np.nan, f"{BINS} equal bins; no interval is claimed"),
    }


def calibration_error(probability: np.ndarray, is_fake: np.ndarray, *, bins: int = BINS) -> float:
    """Returns the expected calibration error: mean |share of fakes - mean probability| over equal bins of [0,
    1].

    The last bin holds probability 1. (Naeini, Cooper, Hauskrecht, AAAI 2015.)

    Args:
        probability: float `(n,)` in [0, 1].
        is_fake: bool `(n,)`.
        bins: Defaults to `15`.

    Example:
        >>> import numpy as np
        >>> round(calibration_error(np.array([0.1, 0.3, 0.8, 0.9]), np.array([0, 0, 1, 1])), 3)
        0.175
    """
    index = np.minimum((probability * bins).astype(int), bins - 1)
    gap = np.bincount(index, weights=is_fake - probability, minlength=bins)
    return float(np.abs(gap).sum() / len(probability))


def _missing(note: str) -> Row:
    return np.nan, np.nan, np.nan, note
