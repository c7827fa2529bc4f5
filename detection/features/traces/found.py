"""What a trace is once it has been found in training images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

FEWEST = 8  # images of each side that must be able to show a trace before a place is chosen by them


@dataclass(frozen=True)
class Found:
    """Where a trace may be, and who carries it.

    Attributes:
        where: In a few words, such as `"level 128"`.
        of: From uint8 images `(n, h, w, c)` to float64 `(n,)`: 1 for an image that carries the trace, 0 for one that
            does not, NaN for one that cannot show it.
        looked: What `of` says of the reals and of the fakes that were looked at, where finding it has told that
            already. Defaults to `None`.
    """

    where: str
    of: Callable[[np.ndarray], np.ndarray]
    looked: tuple[np.ndarray, np.ndarray] | None = None


def share(carried: np.ndarray) -> float:
    """Returns the share of images that carry a trace, of those that can show it; 0 if none can."""
    shown = carried[~np.isnan(carried)]
    return float(shown.mean()) if len(shown) else 0.0


def best_cut(reals: np.ndarray, fakes: np.ndarray) -> float:
    """Returns the number at or below which the shares of two samples differ most (Kolmogorov, Smirnov)."""
    cuts = np.unique(np.concatenate([reals, fakes]))
    below = [np.searchsorted(np.sort(side), cuts, side="right") / len(side) for side in (reals, fakes)]
    return float(cuts[np.abs(below[0] - below[1]).argmax()])


def far_apart(carriers: list[np.ndarray], able: list[np.ndarray]) -> np.ndarray:
    """Returns by how many standard errors the shares of carriers differ at each place, float64 `(places,)`.

    Args:
        carriers: Of reals and of fakes, how many carry the trace at each place, `(places,)` each.
        able: How many could show it there; places where fewer than `FEWEST` of a side could get 0.
    """
    first, second = (np.maximum(n, 1).astype(float) for n in able)
    pooled = (carriers[0] + carriers[1]) / (first + second)
    # a place where none or all carry it has no spread of its own: that of half an image stands in
    pooled = np.clip(pooled, 0.5 / (first + second), 1 - 0.5 / (first + second))
    error = np.sqrt(pooled * (1 - pooled) * (1 / first + 1 / second))
    apart = np.abs(carriers[0] / first - carriers[1] / second) / error
    return np.where((able[0] >= FEWEST) & (able[1] >= FEWEST), apart, 0.0)
