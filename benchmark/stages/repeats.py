"""Whether a foreign plug-in does the same twice: what still differs when every seed is set cannot be made again.

Each check is a second call on a few images, with the same seeds. It is done on what is kept, beside the real work, and
says nothing about a second training, which `fauxbench check` tries.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

FEW = 8
CLOSE = 1e-6  # of the largest score: threads that add in another order differ by less, randomness by more


def check_samples(draw: Callable[[int], np.ndarray], most: int) -> None:
    """Checks that a generator gives equal images for equal seeds.

    Not one grey level may differ, since a bank is made again from its seed and compared byte by byte.

    Args:
        draw: Gives so many images, each time with the same seed.
        most: How many can be asked for at most.

    Raises:
        ValueError: If two calls differ.
    """
    n = min(FEW, most)
    first, second = draw(n), draw(n)
    differ = int((first != second).reshape(n, -1).any(axis=1).sum())
    if differ:
        raise ValueError(
            f"sample({n}) must give the same images each time for one seed, or a bank could not be made again. "
            "Expected all randomness from its keyword seed, random_state or rng, or from an attribute random_state. "
            f"Received: {differ} of {n} images differ at the second call."
        )


def check_scores(scores: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> None:
    """Checks that a detector gives equal images equal scores.

    Args:
        scores: Gives float64 `(n,)` for images.
        images: uint8 `(n, h, w, c)`, of which a few from everywhere are scored twice.

    Raises:
        ValueError: If two calls differ by more than the rounding of float32.
    """
    some = images[np.unique(np.linspace(0, len(images) - 1, FEW).astype(int))]
    first, second = scores(some), scores(some)
    apart = np.abs(first - second)
    if (apart > CLOSE * max(1e-300, float(np.abs(first).max()))).any():
        raise ValueError(
            "A detector must give an image the same score each time, or its figures could not be repeated. Expected "
            f"all randomness from its random_state. Received: scores of {len(some)} images that differ by up to "
            f"{apart.max():.4g} at the second call."
        )
