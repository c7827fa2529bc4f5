"""How unlike an image is what a detector was trained on: its distance to the nearest training images of each class."""

from __future__ import annotations

import numpy as np

from detection.features.content_cues import content_cues
from detection.features.frequency import azimuthal_mean, log_spectrum
from detection.limits import LEVEL, Limit, sure_calls_for, upper_limit
from detection.logistic import standardisation

RATE = 0.01  # of images like the training images that are called unlike, at most, with a probability of 95 %
NEIGHBOURS = 5
MOST = 2000  # images of each class and part that are looked at: more cost time and change little
SHRINKAGE = 0.05  # of the covariance towards its diagonal, so that few images give no direction without spread


class Unfamiliar:
    """Warns of images that are unlike what a detector was trained on, so that its score means little.

    An image is described by cheap statistics of its content (colour, contrast, saturation, distinct values, PNG size)
    and by the azimuthal mean of its log spectrum. These are whitened on the training images. Its distance to a class is
    the mean Euclidean distance to the five nearest training images of that class. A limit for each class is set by the
    order of the distances of that class's validation images, so low a one of them that of new images of the class at
    most 1 % lie beyond, with a probability of 95 % over what validation images there are (`detection.limits`). The
    value of an image is the smaller one of its two distances, each divided by its limit; above 1 it is unlike both
    classes.

    A limit that keeps 1 % on average only (the `ceil((n + 1) 0.99)`-th smallest) warns of more than 2 % once in 11 with
    200 validation images. Fewer than 299 cannot promise 1 % at all: the largest distance is then the limit, and `rate`
    says what that promises. Images that are no independent draws (copies, one person) count once, by `units`. It finds
    what has other colours, contrast, sharpness or grain, and hardly sees what an image shows: at 32 px noise and
    blurred images are found, and of photographs of dogs that are given to a detector of faces about one in four. An
    image that is not warned of may still be of a kind that the detector has never seen.

    Source: Laxhammar and Falkman, "Conformal prediction for distribution-independent anomaly detection in streaming
    vessel data" (2010), section 3.2, the mean distance to the nearest neighbours as the measure of nonconformity, with
    limits from held-out images (inductive) and one for each class (Vovk, "Conditional validity of inductive conformal
    predictors", 2012, section 4). The statistics are ours.
    """

    def fit(
        self,
        images: np.ndarray,
        is_fake: np.ndarray,
        *,
        validation: tuple[np.ndarray, np.ndarray],
        units: np.ndarray | None = None,
    ) -> Unfamiliar:
        """Learns the training images, and the limits from the validation images.

        Args:
            images: uint8 `(n, height, width, channels)`; of more than 2,000 of a class, so many at equal steps.
            is_fake: bool `(n,)`.
            validation: The same pair for images that the detector was not trained on.
            units: int `(m,)`, of the validation images: equal for those that are no independent draws. Defaults to
                `None`, each is its own.

        Raises:
            ValueError: If either lacks a class.
        """
        sides = [describe(_some(images[is_fake == fake])) for fake in (False, True)]
        held = [describe(_some(validation[0][validation[1] == fake])) for fake in (False, True)]
        alone = np.arange(len(validation[1])) if units is None else units
        owners = [_some(alone[validation[1] == fake]) for fake in (False, True)]
        if not all(len(side) for side in (*sides, *held)):
            raise ValueError("Real and fake images are needed, to learn from and to set limits with.")
        together = np.concatenate(sides)
        self._mean, scale = standardisation(together)
        self._whiten = _whitening((together - self._mean) / scale) / scale[:, None]
        self._sides = [self._white(side) for side in sides]
        distances = [nearest(self._white(side), reference) for side, reference in zip(held, self._sides, strict=True)]
        self.limits = [_limit(*pair) for pair in zip(distances, owners, strict=True)]
        self.rate = max(RATE, *(1 - (1 - LEVEL) ** (1 / limit.n) for limit in self.limits))
        return self

    def score(self, images: np.ndarray) -> np.ndarray:
        """Returns how unlike images `(n, height, width, channels)` are, float64 `(n,)`: above 1 they are unlike."""
        if not len(images):
            return np.zeros(0)
        white = self._white(describe(images))
        sides = zip(self._sides, self.limits, strict=True)
        return np.min([nearest(white, side) / max(limit.value, 1e-12) for side, limit in sides], axis=0)

    def _white(self, features: np.ndarray) -> np.ndarray:
        return (features - self._mean) @ self._whiten


def describe(images: np.ndarray) -> np.ndarray:
    """Returns the statistics of uint8 images `(n, h, w, c)`, float64 `(n, d)`: content cues, then spectrum."""
    if not len(images):
        return np.zeros((0, 0))
    return np.hstack([content_cues(images), azimuthal_mean(log_spectrum(images))])


def nearest(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Returns the mean distance from points `(n, d)` to their five nearest of `reference` `(m, d)`, float64 `(n,)`."""
    from scipy.spatial.distance import cdist

    k = min(NEIGHBOURS, len(reference))
    blocks = np.array_split(points, max(1, len(points) // 256))
    return np.concatenate([np.partition(cdist(b, reference), k - 1, axis=1)[:, :k].mean(axis=1) for b in blocks])


def _limit(distances: np.ndarray, units: np.ndarray) -> Limit:
    n = len(np.unique(units))
    return upper_limit(distances, max(1, sure_calls_for(n, RATE)), units)


def _whitening(standard: np.ndarray) -> np.ndarray:
    """Returns the matrix `(d, d)` that makes standardised features `(n, d)` uncorrelated, but for the shrinkage."""
    covariance = standard.T @ standard / len(standard)
    values, vectors = np.linalg.eigh((1 - SHRINKAGE) * covariance + SHRINKAGE * np.eye(len(covariance)))
    return vectors / np.sqrt(values)


def _some(images: np.ndarray) -> np.ndarray:
    if len(images) <= MOST:
        return images
    return images[np.linspace(0, len(images) - 1, MOST).astype(int)]
