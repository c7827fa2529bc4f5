"""Probabilities from scores: Platt scaling, kept finite on data that a threshold separates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, xlogy

from data.errors import UserError

MAX_STEPS = 200


@dataclass(frozen=True)
class Platt:
    """The map from a score to a probability: `sigmoid(slope * score + intercept)`, with `slope >= 0`."""

    slope: float
    intercept: float

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """Returns the probability of being fake, float64 `(n,)` in [0, 1], for scores `(n,)`."""
        return expit(self.slope * np.asarray(scores, dtype=np.float64) + self.intercept)


def fit_platt(scores: np.ndarray, is_fake: np.ndarray) -> Platt:
    """Fits Platt's sigmoid to scores of images whose class is known.

    The targets are not 0 and 1 but `1 / (n_real + 2)` and `(n_fake + 1) / (n_fake + 2)`, which is the
    method's own regularisation: the best slope is finite even when a threshold separates the classes. A
    negative slope would turn the detector's ranking round, so the slope is held at 0 or above; at 0 every
    image gets the same probability, which is the honest answer for scores that know nothing.

    Source: Platt, "Probabilistic outputs for support vector machines" (1999), section 2.2; the minimisation
    in a form that cannot overflow follows Lin, Lin and Weng, "A note on Platt's probabilistic outputs"
    (2007).

    Args:
        scores: Finite scores `(n,)`, higher means more likely fake.
        is_fake: bool `(n,)`, with both classes present.

    Raises:
        UserError: When a class is missing or a score is not finite.
    """
    scores = np.asarray(scores, dtype=np.float64)
    is_fake = np.asarray(is_fake, dtype=bool)
    n_fake, n_real = int(is_fake.sum()), int((~is_fake).sum())
    if not n_fake or not n_real:
        raise UserError(f"Calibration needs real and fake images. Received: {n_real} real, {n_fake} fake.")
    if not np.isfinite(scores).all():
        raise UserError("Calibration needs finite scores. Received: NaN or infinity.")
    targets = np.where(is_fake, (n_fake + 1) / (n_fake + 2), 1 / (n_real + 2))
    centre, spread = float(scores.mean()), float(scores.std())
    base = float(np.log(targets.mean() / (1 - targets.mean())))
    if spread <= 1e-12 * max(1.0, abs(centre)) and np.ptp(scores) <= 1e-12 * max(1.0, abs(centre)):
        return Platt(0.0, base)
    # Standardised, so that Newton's first steps fit whatever the unit of the scores is.
    slope, intercept = _minimise((scores - centre) / spread, targets, base)
    if slope <= 0:
        return Platt(0.0, base)
    return Platt(slope / spread, intercept - slope * centre / spread)


def _minimise(x: np.ndarray, targets: np.ndarray, base: float) -> tuple[float, float]:
    """Newton's method, with halved steps, on the cross-entropy of `sigmoid(a * x + b)`, convex in (a, b)."""
    design = np.column_stack([x, np.ones_like(x)])
    point = np.array([0.0, base])
    value = _cross_entropy(design @ point, targets)
    for _ in range(MAX_STEPS):
        p = expit(design @ point)
        gradient = design.T @ (p - targets)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        gain = gradient @ step  # twice what a full step would win if the function were quadratic
        if gain < 1e-12:
            break
        size = 1.0
        while size > 1e-10:
            candidate = _cross_entropy(design @ (point - size * step), targets)
            # Armijo's rule: a step must win a share of what its slope promises
            if candidate <= value - 1e-4 * size * gain:
                break
            size /= 2
        point, value = point - size * step, candidate
    return float(point[0]), float(point[1])


def _cross_entropy(logits: np.ndarray, targets: np.ndarray) -> float:
    # less the entropy of the targets, so that small differences near the optimum survive
    entropy = xlogy(targets, targets) + xlogy(1 - targets, 1 - targets)
    return float(np.sum(np.logaddexp(0.0, logits) - targets * logits + entropy))
