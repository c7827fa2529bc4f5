"""How often intervals hold what they are for, from draws of everything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Coverage:
    """Over draws: the mean, its spread, the mean standard error that the intervals stand for, and how many hold it."""

    measure: str
    mean: float
    spread: float
    error: float
    held: float


def counted(measure: str, draws: list[tuple[float, float, float]], target: float | None = None) -> Coverage:
    """Counts the intervals of draws, each a value with its ends, that hold the target.

    Args:
        measure: Its name.
        draws: Values and the ends of their intervals.
        target: What they are for. Defaults to `None`, the mean of the draws.
    """
    values, lows, highs = np.array(draws).T
    aim = float(values.mean()) if target is None else target
    held = float(((lows <= aim) & (aim <= highs)).mean())
    return Coverage(measure, aim, float(values.std()), float((highs - lows).mean() / 3.92), held)
