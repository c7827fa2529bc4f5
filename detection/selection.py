"""What detectors are chosen by on the validation images."""

from __future__ import annotations

import numpy as np
import scipy


def auc_of(scores: np.ndarray, is_fake: np.ndarray) -> float:
    """Returns the area under the ROC curve in [0, 1] of scores `(n,)`, ties counting half."""
    n_fake = int(is_fake.sum())
    n_real = len(is_fake) - n_fake
    # the fakes' rank sum less the least that it can be (Mann and Whitney 1947)
    return float((scipy.stats.rankdata(scores)[is_fake].sum() - n_fake * (n_fake + 1) / 2) / (n_fake * n_real))


def log_loss(logits: np.ndarray, is_fake: np.ndarray) -> float:
    """Returns the mean cross-entropy in nats of logits `(n,)` against bool labels `(n,)`."""
    return float(np.logaddexp(0.0, np.where(is_fake, -logits, logits)).mean())
