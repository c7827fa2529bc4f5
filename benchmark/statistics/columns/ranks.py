"""Who stands where in a column: rank intervals and tied groups, or that nothing can be ranked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmark.statistics import intervals
from benchmark.statistics.columns.column import Column

NEAR_THE_END = 0.9  # an AUC from which on a column without a difference is called saturated


class Ranks(NamedTuple):
    """The ranks of a column.

    Attributes:
        low: int `(k,)`, the best rank that each member may have; 1 is the highest AUC.
        high: int `(k,)`, the worst.
        groups: Of each, letters; two members that share one are not separated.
        note: Why nothing can be ranked, else "".
    """

    low: np.ndarray
    high: np.ndarray
    groups: list[str]
    note: str


def ranks(column: Column, *, level: float = 0.95) -> Ranks:
    """Returns the rank intervals of a column, which hold together with at least `level`.

    All pairs are tested, stepping down (`Column.p_adjusted`). A rank lies between 1 + the number of members that are
    significantly better and k minus the number that are significantly worse (Mogstad, Romano, Shaikh, Wilhelm,
    "Inference for ranks with applications to mobility across neighbourhoods and academic achievement across countries",
    Review of Economic Studies 2024). A column whose members all have so few images on the wrong side
    that only counts of them could tell members apart, and do not, is not ranked: it is saturated, or has few images.

    Args:
        column: Of detectors or of generators.
        level: Of all rank intervals together, in (0, 1). Defaults to `0.95`.

    Example:
        >>> import numpy as np
        >>> from benchmark.statistics.columns.column import of_detectors
        >>> rng = np.random.default_rng(0)
        >>> is_fake = np.arange(400) >= 200
        >>> scores = {name: rng.normal(size=400) + shift * is_fake for name, shift in (("a", 2), ("b", 2.1), ("c", 0))}
        >>> found = ranks(of_detectors(scores, is_fake))
        >>> found.low.tolist(), found.high.tolist(), found.groups
        ([1, 1, 3], [2, 2, 3], ['a', 'a', 'b'])
    """
    k = len(column.names)
    told = column.p_adjusted < 1 - level
    better = (told & (column.gap < 0)).sum(axis=1)
    worse = (told & (column.gap > 0)).sum(axis=1)
    note = _why_not(column) if k > 1 and not told.any() and column.few.all() else ""
    return Ranks(1 + better, k - worse, letters(told, column.values), note)


def _why_not(column: Column) -> str:
    why = f"fewer than {intervals.FEW} images (or units) of each are on the wrong side, and exact tests separate none"
    if (np.abs(column.values - 0.5) >= NEAR_THE_END - 0.5).all():
        return f"cannot rank: all {len(column.values)} are near the end of the scale, {why}"
    return f"cannot tell: of so few images {why}"


def letters(told: np.ndarray, values: np.ndarray) -> list[str]:
    """Returns letters such that two members share one exactly where they are not told apart.

    Insert and absorb (Piepho, "An algorithm for a letter-based representation of all-pairwise comparisons", Journal of
    Computational and Graphical Statistics 2004). The first letters go to the highest values.

    Args:
        told: bool `(k, k)`, symmetric, which pairs are told apart.
        values: `(k,)`.

    Example:
        >>> import numpy as np
        >>> told = np.zeros((3, 3), dtype=bool)
        >>> told[0, 2] = told[2, 0] = True  # the middle one is told from neither
        >>> letters(told, np.array([0.9, 0.8, 0.7]))
        ['a', 'ab', 'b']
    """
    order = np.argsort(-values, kind="stable")
    groups = [frozenset(order.tolist())]
    for at, one in enumerate(order.tolist()):
        for other in order[at + 1 :].tolist():
            if told[one, other]:
                split = [group - {gone} for group in groups if {one, other} <= group for gone in (one, other)]
                groups = [group for group in groups if not {one, other} <= group] + split
                groups = [group for group in set(groups) if not any(group < another for another in groups)]
    place = {member: at for at, member in enumerate(order.tolist())}
    groups.sort(key=lambda group: sorted(place[member] for member in group))
    named = {group: chr(ord("a") + at) if at < 26 else f"({at + 1})" for at, group in enumerate(groups)}
    return ["".join(name for group, name in named.items() if member in group) for member in range(len(values))]
