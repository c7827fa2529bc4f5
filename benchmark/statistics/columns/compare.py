"""Which detectors are separable, and what two configurations that share their real test images differ by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmark.statistics.columns.column import Column, Difference, of_detectors
from benchmark.statistics.columns.column_of_runs import of_runs
from benchmark.statistics.columns.configuration import compare_configurations, configuration_interval
from benchmark.statistics.columns.shared import Run

__all__ = [
    "Difference",
    "compare_configurations",
    "configuration_interval",
    "paired",
    "separable_from_best",
    "shared_reals",
    "told_from_best",
]


def paired(first: Any, second: Any, is_fake: Any, *, groups: Any = None, level: float = 0.95) -> Difference:
    """Returns the difference of the AUCs of two detectors on the same images.

    DeLong's paired test, against a t distribution, since images that the two rank differently may be few. Where one of
    them has fewer than `intervals.FEW` images on the wrong side of its best cut, that variance rests on too little:
    the p-value is then at least that of the exact McNemar test between the images that only the one and only the other
    has on the wrong side, and the interval is put together from the two single ones (Newcombe, Statistics in Medicine
    1998). Two perfect detectors have p = 1.

    Args:
        first: float `(n,)`, scores.
        second: float `(n,)`, scores of the same images.
        is_fake: bool `(n,)`.
        groups: `(n,)` as in `metrics.measure`. Defaults to `None`.
        level: Of the interval. Defaults to `0.95`.

    Example:
        >>> is_fake = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> found = paired([1, 2, 3, 4, 5, 6, 7, 8], [1, 5, 2, 6, 3, 7, 4, 8], is_fake)
        >>> found.difference, found.p  # eight images do not tell 1 from 0.75
        (0.25, 0.5)
    """
    return of_detectors({"first": first, "second": second}, is_fake, groups=groups).difference(0, 1, level)


def separable_from_best(
    scores: Mapping[str, Any], is_fake: Any, *, groups: Any = None, level: float = 0.95
) -> pd.DataFrame:
    """Returns for each detector whether the images tell it from the best one.

    The best is chosen on the same images, so every pair counts in the correction (`family.step_down`), not only those
    with the best.

    Args:
        scores: From detector to float `(n,)`, all of the same images.
        is_fake: bool `(n,)`.
        groups: `(n,)` as in `metrics.measure`. Defaults to `None`.
        level: Of the intervals, which are not adjusted, and of `separable`, which is. Defaults to `0.95`.

    Returns:
        A frame with columns detector, best, difference (best minus detector), low, high, p, p_holm,
        separable. The row of the best has difference 0 and no p-value.

    Example:
        >>> scores = {"cnn": [1, 2, 3, 4, 5, 6, 7, 8], "linear-pixel": [1, 5, 2, 6, 3, 7, 4, 8]}
        >>> table = separable_from_best(scores, [0, 0, 0, 0, 1, 1, 1, 1])
        >>> table[["detector", "best", "difference", "separable"]].values.tolist()
        [['cnn', 'cnn', 0.0, False], ['linear-pixel', 'cnn', 0.25, False]]
    """
    column = of_detectors(scores, is_fake, groups=groups)
    return told_from_best(column, level=level)


def told_from_best(column: Column, *, among: Any = None, level: float = 0.95) -> pd.DataFrame:
    """Returns the frame of `separable_from_best` for a column.

    Args:
        column: Of detectors.
        among: bool `(k,)`, which may be the best. Defaults to `None`, all.
        level: As there.

    Example:
        >>> is_fake = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> column = of_detectors({"a": [1, 2, 3, 4, 5, 6, 7, 8], "b": [1, 5, 2, 6, 3, 7, 4, 8]}, is_fake)
        >>> told_from_best(column, among=[False, True])[["detector", "best", "difference"]].values.tolist()
        [['a', 'b', -0.25], ['b', 'b', 0.0]]
    """
    columns = ["detector", "best", "difference", "low", "high", "p", "p_holm", "separable"]
    return pd.DataFrame(rows_from_best(column, among=among, level=level), columns=columns)


def rows_from_best(column: Column, *, among: Any = None, level: float = 0.95) -> list[tuple[Any, ...]]:
    """Returns the rows of `told_from_best`, whose arguments it takes.

    Example:
        >>> column = of_detectors({"a": [1, 2, 3, 4], "b": [1, 3, 2, 4]}, [0, 0, 1, 1])
        >>> [row[:3] for row in rows_from_best(column)]
        [('a', 'a', 0.0), ('b', 'a', 0.25)]
    """
    allowed = np.ones(len(column.names), dtype=bool) if among is None else np.asarray(among, dtype=bool)
    best = int(np.argmax(np.where(allowed, column.values, -np.inf)))
    low, high = column.bounds(level)
    rows: list[tuple[Any, ...]] = []
    for at, name in enumerate(column.names):
        if at == best:
            rows.append((name, name, 0.0, np.nan, np.nan, np.nan, np.nan, False))
            continue
        numbers = [float(table[best, at]) for table in (column.gap, low, high, column.p, column.p_adjusted)]
        rows.append((name, column.names[best], *numbers, bool(numbers[-1] < 1 - level)))
    return rows


def shared_reals(first: Run, second: Run, *, level: float = 0.95) -> Difference:
    """Returns the difference of two AUCs with the same real test images and different fakes.

    The reals' structural components are paired, the fakes' are not. Where one of the two has few images on
    the wrong side of its best cut, the p-value is at least that of Fisher's exact test of these numbers
    (conservative, since the reals are the same), and the interval is put together from the two single ones. With units,
    both are of units instead of images; those that hold a real image are paired.

    Args:
        first: (scores, is_fake) or (scores, is_fake, units), float, bool and as `groups` of `metrics.measure`, `(n,)`;
            the reals in the same order in both.
        second: Likewise.
        level: Of the interval. Defaults to `0.95`.

    Example:
        >>> is_fake = [0, 0, 0, 0, 1, 1, 1, 1]
        >>> found = shared_reals(([1, 2, 3, 4, 5, 6, 7, 8], is_fake), ([1, 2, 3, 4, 1, 2, 3, 4], is_fake))
        >>> found.difference, round(found.p, 3)
        (0.5, 0.077)
    """
    return of_runs({"first": [first], "second": [second]}).difference(0, 1, level)
