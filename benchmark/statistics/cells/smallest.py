"""Below which size an interval is not printed, and which intervals are longer than they need be: one table.

`metrics.measure` reads it, `docs/protocol.md` prints it, and `tests/statistics/simulate_intervals.py` counts coverage
from these sizes on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.statistics.clusters import Clusters

REAL, FAKE = (False,), (True,)
BOTH = (False, True)


@dataclass(frozen=True)
class Smallest:
    """What an interval needs.

    Attributes:
        images: Fewest images of each class that the metric is about.
        units: Fewest units of each such class, counted as the number of equal ones that they amount to (Kish).
        sides: The classes, `False` for reals.
        conservative: Why it may hold the truth more often than its level says; empty where it holds it as often.
    """

    images: int
    units: float
    sides: tuple[bool, ...] = BOTH
    conservative: str = ""


_RATE = "exact near 0 and 1 and with units, where it cannot be shorter"
_SQUARED = "put together of two exact intervals"
_UNITS = "with few mistakes, few images or units"
_BOUND = "holds whatever the distribution of the losses, which few images do not show"
_BRACKET = "two exact intervals, of the threshold and of the rate there"
BAND = "the two exact intervals of FPR and TPR, squared and added; at few reals the whole way to 0 or 1"
SMALLEST = {
    "auc": Smallest(4, 3.0, conservative=_UNITS),
    "average_precision": Smallest(10, 5.0, conservative=_UNITS),
    "accuracy": Smallest(4, 3.0, conservative=_RATE),
    "balanced_accuracy": Smallest(4, 3.0, conservative=_SQUARED),
    "fpr": Smallest(4, 3.0, REAL, conservative=_RATE),
    "tpr": Smallest(4, 3.0, FAKE, conservative=_RATE),
    "accuracy_at_half": Smallest(4, 3.0, conservative=_RATE),
    "accuracy_real": Smallest(4, 3.0, REAL, conservative=_RATE),
    "accuracy_fake": Smallest(4, 3.0, FAKE, conservative=_RATE),
    "tpr_at_fpr_01": Smallest(4, 5.0, conservative=_BRACKET),
    "tpr_at_fpr_05": Smallest(4, 5.0, conservative=_BRACKET),
    "eer": Smallest(10, 5.0, conservative=_UNITS),
    "brier": Smallest(2, 3.0, conservative=_BOUND),
    "nll": Smallest(2, 3.0, conservative=_BOUND),
}


def cannot_tell(metric: str, clusters: Clusters, is_fake: np.ndarray) -> str:
    """Returns why the interval of a metric is not printed, or an empty text where it is.

    Args:
        metric: One of `SMALLEST`; others have no interval.
        clusters: Of the test images.
        is_fake: bool `(n,)`.

    Example:
        >>> import numpy as np
        >>> is_fake = np.array([False, False, False, True, True, True, True])
        >>> cannot_tell("auc", Clusters.of(None, is_fake), is_fake)
        'cannot tell: 3 real images; an interval needs 4'
        >>> cannot_tell("tpr", Clusters.of(None, is_fake), is_fake)
        ''
    """
    needed = SMALLEST.get(metric)
    if needed is None:
        return ""
    for side in needed.sides:
        mine, name = is_fake == side, "fake" if side else "real"
        if mine.sum() < needed.images:
            return f"cannot tell: {mine.sum()} {name} images; an interval needs {needed.images}"
        # 1e-9: equal units may come out a rounding below their number
        if not clusters.trivial and (units := clusters.effective(mine)) < needed.units - 1e-9:
            return f"cannot tell: the {name} images count as {units:.1f} units; an interval needs {needed.units:g}"
    return ""
