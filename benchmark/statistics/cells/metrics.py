"""From the scores of a cell to its numbers, each with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmark.statistics.cells import probabilities, ranked, rates
from benchmark.statistics.cells.probabilities import calibration_error
from benchmark.statistics.cells.rates import Row
from benchmark.statistics.cells.roc import Bounds, roc, tpr_at_fpr
from benchmark.statistics.cells.smallest import cannot_tell
from benchmark.statistics.chance import p_chance
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.delong import Components, components
from benchmark.statistics.ranking import Ranking

__all__ = ["METRICS", "by_class", "calibration_error", "measure", "roc"]

METRICS = (
    "auc",
    "average_precision",
    "accuracy",
    "balanced_accuracy",
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
NO_THRESHOLD = "not defined: no validation threshold"
NO_PROBABILITY = "not defined: the detector gives no probability"
OF_PROBABILITY = ("accuracy_at_half", "accuracy_real", "accuracy_fake", "brier", "ece", "nll")


def measure(
    scores: Any,
    is_fake: Any,
    *,
    probability: Any = None,
    threshold: float | None = None,
    groups: Any = None,
    seed: int = 0,
    level: float = 0.95,
    only: tuple[str, ...] | None = None,
) -> pd.DataFrame:
    """Returns every metric of one cell with its interval.

    Accuracies are plain shares of images judged right (test sets are balanced as a rule); an image is called
    fake at a score of at least `threshold`, or at a probability of at least one half for `accuracy_at_half`,
    `accuracy_real` and `accuracy_fake`. `balanced_accuracy` is the mean of `tpr` and 1 - `fpr`. `tpr_at_fpr_*` and
    `eer` are read off the test ROC; `p_chance` is one-sided. Where there are fewer images or units than
    `smallest.SMALLEST` asks for, the value stands alone, and the note says "cannot tell" and why.

    Args:
        scores: float `(n,)`, higher means more likely fake.
        is_fake: bool `(n,)`.
        probability: float `(n,)` in [0, 1], of being fake. Defaults to `None`: what needs it is not defined.
        threshold: Chosen on validation. Defaults to `None`: what needs it is not defined.
        groups: `(n,)`, clusters of images that are not independent; missing ones (NaN, negative, "") stand
            alone. Defaults to `None`.
        seed: Of the bootstrap. Defaults to `0`.
        level: Coverage of the intervals, in (0, 1). Defaults to `0.95`.
        only: Some of `OF_CLASS`: no other is computed. Defaults to `None`, all of `METRICS`.

    Returns:
        A frame with columns metric, value, low, high, n_real, n_fake, note; one row for each.

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
    given = {"probability": probability, "threshold": threshold, "groups": groups, "seed": seed, "level": level}
    labels = np.asarray(is_fake).astype(bool)
    told = [(name, *row) for name, row in rows(scores, is_fake, **given, only=only).items()]
    frame = pd.DataFrame(told, columns=["metric", "value", "low", "high", "note"])
    frame.insert(4, "n_real", int((~labels).sum()))
    frame.insert(5, "n_fake", int(labels.sum()))
    return frame


def rows(
    scores: Any,
    is_fake: Any,
    *,
    probability: Any = None,
    threshold: float | None = None,
    groups: Any = None,
    seed: int = 0,
    level: float = 0.95,
    only: tuple[str, ...] | None = None,
    bounds: Bounds | None = None,
) -> dict[str, Row]:
    """Returns what `measure` puts into a frame: of each metric (value, low, high, note).

    Arguments as there; `bounds` of the same scores where they are known already.

    Example:
        >>> value, low, high, note = rows([0.1, 0.4, 0.8, 0.9], [0, 0, 1, 1])["auc"]
        >>> value, note
        (1.0, 'cannot tell: 2 real images; an interval needs 4')
    """
    ranking, labels = Ranking.of(scores, is_fake), np.asarray(is_fake).astype(bool)
    clusters, part = Clusters.of(groups, labels), components(ranking)
    found: dict[str, Row] = {"auc": ranked.auc(ranking, part, labels, clusters, level)}
    found |= _at_threshold(np.asarray(scores, float), labels, clusters, threshold, level)
    if only is None:
        rates_along = bounds or Bounds.of(ranking, clusters, level)
        found |= _others(ranking, part, labels, clusters, rates_along, probability, seed, level)
    return {name: _told(name, found[name], clusters, labels) for name in (METRICS if only is None else only)}


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
            units = None if groups is None else groups[mine]
            some = measure(scores[mine], is_fake[mine], threshold=threshold, groups=units, only=OF_CLASS)
        except ValueError as error:  # constant within the class
            n = {"n_real": int((mine & ~is_fake).sum()), "n_fake": int((mine & is_fake).sum())}
            some = pd.DataFrame({"metric": OF_CLASS, "value": np.nan, "note": f"not defined: {error}", **n})
        frames.append(some.assign(label=int(label)))
    return pd.concat(frames[1:], ignore_index=True) if frames[1:] else frames[0]


def _others(
    ranking: Ranking,
    part: Components,
    labels: np.ndarray,
    clusters: Clusters,
    bounds: Bounds,
    probability: Any,
    seed: int,
    level: float,
) -> dict[str, Row]:
    rows = ranked.curve(ranking, part, labels, clusters, seed, level)
    for percent in (1, 5):
        rows[f"tpr_at_fpr_{percent:02d}"] = tpr_at_fpr(ranking, bounds, percent / 100)
    if probability is None:
        rows |= {name: _missing(NO_PROBABILITY) for name in OF_PROBABILITY}
    else:
        rows |= probabilities.measured(probabilities.checked(probability, labels), labels, clusters, seed, level)
    note = "one-sided permutation test" if clusters.trivial else "one-sided, cluster-robust"
    rows["p_chance"] = (p_chance(ranking, clusters, seed=seed), np.nan, np.nan, note)
    return rows


def _at_threshold(
    scores: np.ndarray, labels: np.ndarray, clusters: Clusters, threshold: float | None, level: float
) -> dict[str, Row]:
    if threshold is None or np.isnan(threshold):
        return {name: _missing(NO_THRESHOLD) for name in ("accuracy", "balanced_accuracy", "fpr", "tpr")}
    called, everyone = scores >= threshold, np.ones(len(labels), dtype=bool)
    note = "at the validation threshold"
    fpr = rates.rate(called, ~labels, clusters, level, note)
    tpr = rates.rate(called, labels, clusters, level, note)
    return {
        "accuracy": rates.rate(called == labels, everyone, clusters, level, note),
        "balanced_accuracy": rates.balanced(fpr, tpr, clusters, note),
        "fpr": fpr,
        "tpr": tpr,
    }


def _told(name: str, row: Row, clusters: Clusters, labels: np.ndarray) -> Row:
    """Leaves an interval away that so few images or units do not give, and says so; the value stays."""
    reason = cannot_tell(name, clusters, labels) if np.isfinite(row[1]) else ""
    return (row[0], np.nan, np.nan, reason) if reason else row


def _missing(note: str) -> Row:
    return np.nan, np.nan, np.nan, note
