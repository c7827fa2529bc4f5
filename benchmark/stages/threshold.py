"""The decision threshold, fixed on the validation part and applied unchanged to the test part."""

from __future__ import annotations

import numpy as np


def best_threshold(scores: np.ndarray, is_fake: np.ndarray) -> float:
    """Returns the threshold with the largest balanced accuracy (Youden 1950); an image at or above it is called fake.

    It lies halfway between two neighbouring scores, so that a small shift of the scores flips no image; of several best
    ones, the middle one is taken.

    Args:
        scores: float `(n,)`, higher is more likely fake.
        is_fake: bool `(n,)`.
    """
    values = np.unique(scores)
    cuts = np.concatenate([[values[0]], (values[1:] + values[:-1]) / 2])
    fakes, reals = np.sort(scores[is_fake]), np.sort(scores[~is_fake])
    # searchsorted counts the scores below a cut: one that equals it is called fake
    tpr = 1 - np.searchsorted(fakes, cuts) / len(fakes)
    fpr = 1 - np.searchsorted(reals, cuts) / len(reals)
    balanced = tpr - fpr
    best = np.flatnonzero(balanced >= balanced.max() - 1e-12)
    return float(cuts[best[len(best) // 2]])
