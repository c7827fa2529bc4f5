"""What cells are compared by: the AUC, and what the detector decides at the threshold that validation has chosen.

A rate is the AUC of decisions: where every image that is called fake has 1 and every other 0, the AUC is the balanced
accuracy; with one half in place of all reals it is the share of the fakes that are found, with one half in place of all
fakes that of the reals that are left alone. So all of them have the tests and intervals of AUCs, paired, with units and
over trainings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import special

from benchmark.statistics.columns.column import Column, Difference
from benchmark.use.compare.opened import Scored
from benchmark.use.compare.row import Row

AUC, BALANCED, TPR, FPR = "auc", "balanced_accuracy", "tpr", "fpr"
OF_CELLS = (AUC, BALANCED, TPR, FPR)
NEITHER = 0.5  # what stands for the images that a rate is not of
Both = Callable[[Sequence[np.ndarray]], Column]  # from scores or decisions of all images to the column of the two


def of_cell(metric: str, scored: Scored, threshold: float | None) -> np.ndarray:
    """Returns what a metric is the AUC of, float `(n,)`: scores, or decisions at the threshold.

    Args:
        metric: One of `OF_CELLS`.
        scored: The cell's test images.
        threshold: An image at or above it is called fake; may be `None` for the AUC.
    """
    if metric == AUC:
        return scored.scores
    called = (scored.scores >= threshold).astype(float)
    if metric == BALANCED:
        return called
    return np.where(scored.is_fake == (metric == TPR), called, NEITHER)


def filled(row: Row, column: Column, paired_on: str, note: str = "") -> Row:
    """Fills in a row from a column of the later run and the reference, in this order."""
    later, first = map(float, column.values)
    told = column.difference(0, 1)
    if row.metric != FPR:
        return row.found(first, later, told, paired_on, note)
    # what is left alone is what is not called fake
    turned = Difference(-told.difference + 0.0, -told.high + 0.0, -told.low + 0.0, told.p)
    return row.found(1 - first, 1 - later, turned, paired_on, note)


def halves(row: Row, fakes: Column, reals: Column, paired_on: str, note: str = "") -> Row:
    """Fills in a balanced accuracy from what the columns of its two rates say.

    It is for decisions that are the same for all images, which have no ranking. The ends of the two intervals are
    added, whether or not the rates go together, which is long rather than short.
    """
    one, two = fakes.difference(0, 1), reals.difference(0, 1)
    gap, low, high = ((first + second) / 2 for first, second in zip(one[:3], two[:3], strict=True))
    later, first = ((fakes.values[at] + reals.values[at]) / 2 for at in (0, 1))
    return row.found(float(first), float(later), Difference(gap, low, high, p_of(gap, low, high)), paired_on, note)


def p_of(gap: float, low: float, high: float, level: float = 0.95) -> float:
    """Returns the two-sided p-value of equality that agrees with an interval: below 5 % where it leaves 0 out."""
    reach = gap - low if gap > 0 else high - gap
    z = special.ndtri((1 + level) / 2)
    return 1.0 if gap == 0 else float(2 * special.ndtr(-z * abs(gap) / max(reach, 1e-300)))
