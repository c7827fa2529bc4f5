"""One sort per set of scores; every curve and rank statistic is read off it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


def checked(scores: Any, is_fake: Any) -> tuple[np.ndarray, np.ndarray]:
    """Returns scores as float64 `(n,)` and labels as bool `(n,)`, or says why they cannot be measured.

    Args:
        scores: `(n,)`, higher means more likely fake.
        is_fake: `(n,)`, bool or 0/1.

    Raises:
        ValueError: If the lengths differ, a class is missing, or the scores are NaN, infinite or all equal.

    Example:
        >>> scores, labels = checked([1, 2], [0, 1])
        >>> scores.tolist(), labels.tolist()
        ([1.0, 2.0], [False, True])
        >>> checked([1, 1], [0, 1])
        Traceback (most recent call last):
        ValueError: Scores must differ between images. Received: 2 times 1.0.
    """
    scores = np.asarray(scores, dtype=np.float64)
    labels = np.asarray(is_fake)
    if scores.ndim != 1 or labels.shape != scores.shape:
        raise ValueError(
            "Scores and labels must be two arrays of shape (n,). "
            f"Received: scores {scores.shape}, is_fake {labels.shape}."
        )
    if labels.dtype != bool and not np.isin(labels, (0, 1)).all():
        raise ValueError(f"Labels must be bool or 0/1. Received: dtype {labels.dtype}.")
    labels = labels.astype(bool)
    n_fake = int(labels.sum())
    if n_fake == 0 or n_fake == len(labels):
        raise ValueError(
            "Scores of at least one real and one fake image are needed. "
            f"Received: {len(labels) - n_fake} real, {n_fake} fake."
        )
    broken = int((~np.isfinite(scores)).sum())
    if broken:
        raise ValueError(
            f"Scores must be finite. Received: {broken} of {len(scores)} NaN or infinite "
            f"({int(np.isnan(scores).sum())} NaN)."
        )
    if scores.min() == scores.max():
        raise ValueError(f"Scores must differ between images. Received: {len(scores)} times {float(scores[0])!r}.")
    return scores, labels


@dataclass(frozen=True)
class Ranking:
    """Images sorted by falling score; equal scores form one block.

    Attributes:
        order: int `(n,)`, positions of the sorted images in the arrays as given.
        is_fake: bool `(n,)`, sorted.
        block: int `(n,)`, the block of each sorted image.
        ends: int `(t,)`, position of the last image of each block.
        thresholds: float `(t,)`, score of each block, falling.

    Example:
        >>> ranking = Ranking.of([0.1, 0.4, 0.3, 0.8], [0, 0, 1, 1])
        >>> ranking.thresholds.tolist(), ranking.is_fake.tolist()
        ([0.8, 0.4, 0.3, 0.1], [True, False, True, False])
        >>> reals, fakes = ranking.counts()
        >>> reals.tolist(), fakes.tolist()
        ([0, 1, 1, 2], [1, 1, 2, 2])
        >>> int(ranking.wrong_at_cut().sum())  # without one image a single cut tells the rest apart
        1
    """

    order: np.ndarray
    is_fake: np.ndarray
    block: np.ndarray
    ends: np.ndarray
    thresholds: np.ndarray

    @classmethod
    def of(cls, scores: Any, is_fake: Any) -> Ranking:
        """Returns the ranking of checked scores; see `checked` for the errors."""
        scores, labels = checked(scores, is_fake)
        order = np.argsort(-scores, kind="stable")
        falling = scores[order]
        last = np.ones(len(falling), dtype=bool)
        np.not_equal(falling[1:], falling[:-1], out=last[:-1])
        ends = np.flatnonzero(last)
        return cls(order, labels[order], np.cumsum(last) - last, ends, falling[ends])

    @property
    def n_fake(self) -> int:
        return int(self.is_fake.sum())

    @property
    def n_real(self) -> int:
        return len(self.is_fake) - self.n_fake

    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the numbers of reals and of fakes that score at least each threshold, int `(t,)` each."""
        fakes = np.cumsum(self.is_fake)[self.ends]
        return self.ends + 1 - fakes, fakes

    def wrong_at_cut(self, *, reverse: bool = False) -> np.ndarray:
        """Returns bool `(n,)`, in the order as given: the images on the wrong side of the best single cut.

        They are the fewest images whose removal leaves a perfect separation, and their number is the largest
        number of disjoint misordered pairs (Koenig): how many independent mistakes an AUC below 1 rests on.

        Args:
            reverse: Whether reals are to score higher: the mistakes that keep an AUC above 0. Defaults to
                `False`.
        """
        reals, fakes = self.counts()
        gain = reals - fakes if reverse else fakes - reals  # over no image above the cut
        best = int(gain.argmax())
        wrong = ~self.is_fake if reverse else self.is_fake.copy()
        if gain[best] > 0:
            above = wrong[: int(self.ends[best]) + 1]
            np.logical_not(above, out=above)
        result = np.empty(len(self.order), dtype=bool)
        result[self.order] = wrong
        return result
