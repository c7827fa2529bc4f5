"""Latent vectors for sampling: seeded, the same on every backend, and the paths between them. No Keras."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from data.errors import UserError


def draw(n: int, dim: int, seed: int, kind: str = "normal", truncation: float | None = None) -> np.ndarray:
    """Returns the first `n` latent vectors of a seed, float32 `(n, dim)`.

    Args:
        n: How many; the first ones do not depend on it.
        dim: Their length.
        seed: Of `numpy.random.default_rng`.
        kind: `"normal"`, standard normal, or `"uniform"` in [-1, 1).
        truncation: Draws from the normal distribution cut at this distance from 0, or from [-truncation, truncation)
            for a uniform one: less varied, more typical images. Defaults to `None`, no cut.

    Raises:
        UserError: For a truncation that `check_truncation` refuses.

    References:
        Brock, Donahue, Simonyan (2019), Large scale GAN training for high fidelity natural image synthesis, sec. 3.1.
    """
    check_truncation(kind, truncation)
    rng = np.random.default_rng(seed)
    if kind == "uniform":
        return (2 * rng.random((n, dim), np.float32) - 1) * np.float32(truncation or 1.0)
    if truncation is None:
        return rng.standard_normal((n, dim), np.float32)
    # the inverse of the distribution function, between its values at the two cuts
    low, high = ndtr(-truncation), ndtr(truncation)
    return ndtri(low + (high - low) * rng.random((n, dim))).astype(np.float32)


def check_truncation(kind: str, truncation: float | None) -> None:
    """Checks that a truncation cuts: beyond 1, uniform latent vectors would lie where the generator never learned.

    Raises:
        UserError: If it does not.
    """
    if truncation is None or 0 < truncation <= (1.0 if kind == "uniform" else np.inf):
        return
    allowed = "above 0 and at most 1, the range of the training," if kind == "uniform" else "above 0"
    raise UserError(f"truncation must be {allowed} with latent='{kind}'. Received: truncation={truncation:g}.")


def path(corners: np.ndarray, steps: int, kind: str = "normal") -> np.ndarray:
    """Returns latent vectors on a closed way through corners, `steps` for each side, float32 `(corners * steps, dim)`.

    Normal vectors are turned rather than mixed, since a mixture of two is shorter than the vectors that the generator
    knows; uniform ones are mixed.

    Args:
        corners: `(n, dim)`, at least two.
        steps: At least 1.

    References:
        White (2016), Sampling generative networks, section 2.1.
    """
    sides = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        share = np.arange(steps, dtype=np.float64)[:, None] / steps
        if kind == "uniform":
            sides.append(start + share * (end - start))
            continue
        cosine = start @ end / max(float(np.linalg.norm(start) * np.linalg.norm(end)), 1e-12)
        angle = np.arccos(np.clip(cosine, -1.0, 1.0))
        if np.sin(angle) < 1e-6:  # on one line: there is no plane to turn in
            sides.append(start + share * (end - start))
        else:
            sides.append((np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle))
    return np.concatenate(sides).astype(np.float32)
