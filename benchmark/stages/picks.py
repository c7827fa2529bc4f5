"""Test images worth a look: the mistakes that a detector is most sure of, and those it is least sure about.

They are chosen by their test scores, to be shown; nothing else depends on them.
"""

from __future__ import annotations

import numpy as np

KINDS = ("real called fake", "fake called real", "doubtful")
MOST = 8  # of each kind


def choose(scores: np.ndarray, is_fake: np.ndarray, threshold: float, most: int = MOST) -> dict[str, np.ndarray]:
    """Returns positions by kind, int64, the most telling image first; of equal ones the first of the set.

    A mistake is the worse the further its score lies beyond the threshold. Doubtful images have the scores nearest to
    the threshold, on either side, whether right or wrong.

    Args:
        scores: float `(n,)`, higher is more likely fake.
        is_fake: bool `(n,)`.
        threshold: An image at or above it is called fake.
        most: How many of each kind at most. Defaults to `8`.
    """
    beyond = scores - threshold
    called = beyond >= 0
    kinds = {
        KINDS[0]: (np.flatnonzero(~is_fake & called), -beyond),
        KINDS[1]: (np.flatnonzero(is_fake & ~called), beyond),
        KINDS[2]: (np.arange(len(scores)), np.abs(beyond)),
    }
    return {kind: at[np.argsort(order[at], kind="stable")[:most]] for kind, (at, order) in kinds.items()}
