"""Principal components of images, in bounded time and memory."""

from __future__ import annotations

import numpy as np

MOST = 256  # components that a share of the variance may ask for: more would take minutes


def principal(images: np.ndarray, components: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Finds the principal components of images.

    Args:
        images: uint8 `(n, ...)`, at least one.
        components: Their number as an int, or the share of the variance that they hold as a float in (0, 1).
        seed: Of the randomised decomposition of large sets.

    Returns:
        The mean `(d,)` and the basis `(k, d)`, in grey levels, and the scores `(n, k)`, all float64. `k` is 0 if the
        images do not differ.
    """
    from sklearn.decomposition import PCA

    flat = images.reshape(len(images), -1).astype(np.float32)
    # Sums in float64: a float32 sum of many thousand grey levels loses digits.
    mean = flat.mean(axis=0, dtype=np.float64)
    flat -= mean.astype(np.float32)
    total = float(np.einsum("ij,ij->", flat, flat, dtype=np.float64))
    possible = min(len(flat) - 1, flat.shape[1])
    wanted = min(possible, MOST if isinstance(components, float) else components)
    if wanted < 1 or total == 0:  # one image, or the same image again and again: the mean is all there is to draw
        return mean, np.zeros((0, flat.shape[1])), np.zeros((len(flat), 0))
    solver = "full" if min(flat.shape) <= 2 * MOST else "randomized"
    model = PCA(wanted, svd_solver=solver, iterated_power=3, random_state=seed, copy=False)
    scores = model.fit_transform(flat)  # which overwrites the images: a copy would take as much memory again
    variance = model.explained_variance_.astype(np.float64)
    if isinstance(components, float):
        # scikit-learn divides by n - 1, and the total here is a sum
        held = np.cumsum(variance) * (len(flat) - 1) / total
        wanted = min(wanted, int(np.searchsorted(held, components)) + 1)
    kept = max(1, int((variance[:wanted] > 1e-7 * variance[0]).sum()))  # float32 knows no smaller ones
    return mean, model.components_[:kept].astype(np.float64), scores[:, :kept].astype(np.float64)
