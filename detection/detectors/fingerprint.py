"""What a generator leaves in the noise of every image, found by correlation with its mean."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter, median_filter, uniform_filter

from detection.base import BaseDetector, Pair, Progress, block_size

Denoiser = Literal["wiener", "gaussian", "median"]
WINDOW = 3  # pixels a side, of the Wiener and the median filter
SIGMA = 1.0  # pixels, of the Gaussian


class Fingerprint(BaseDetector):
    """Correlates an image's noise with the mean noise of fakes and of reals.

    The residual of an image is the image less its denoised self. The fingerprint of a source is the mean residual of
    its training images: scenes average out, what the source puts into every image stays. The score is the normalised
    correlation of an image's residual with the fakes' fingerprint less that with the reals' fingerprint. The source
    attributes an image to the fingerprint that it correlates with most, and with two fingerprints that is the sign of
    this difference; it also cancels what both share, such as the denoiser's own behaviour at borders or the outline of
    aligned faces. Nothing is resized or shifted: a fingerprint is bound to the pixels' places. It takes hundreds of
    images to become stable.

    Source: Marra, Gragnaniello, Verdoliva and Poggi, "Do GANs leave artificial fingerprints?" (2019), section 2. The
    residual's mean as a camera's fingerprint is of Lukas, Fridrich and Goljan, "Digital camera identification from
    sensor pattern noise" (2006). Stronger denoisers than these exist; none of those here looks farther than a few
    pixels, so that images of 8 pixels a side have a residual.

    Args:
        denoiser: `"wiener"`, the adaptive filter on 3 x 3 pixels that keeps edges, the noise's variance estimated from
            each channel of each image as the mean of its local variances; `"gaussian"`, of standard deviation 1 pixel;
            or `"median"` of 3 x 3 pixels. Channels are filtered each by itself, and images continue mirrored beyond
            their borders. Defaults to `"wiener"`.
        random_state: Only draws the validation images when none are given. Defaults to `None`.
    """

    paper = "Marra et al., Do GANs leave artificial fingerprints? (2019), section 2"

    def __init__(self, *, random_state: int | None = None, denoiser: Denoiser = "wiener") -> None:
        super().__init__(random_state=random_state)
        self.denoiser = denoiser

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        self._of_fakes = mean_residual(images[is_fake], self.denoiser)
        self._of_reals = mean_residual(images[~is_fake], self.denoiser)

    def _score(self, images: np.ndarray) -> np.ndarray:
        found = residual(images, self.denoiser)
        return normalised_correlation(found, self._of_fakes) - normalised_correlation(found, self._of_reals)

    def _state(self) -> dict[str, np.ndarray]:
        return {"fakes": self._of_fakes, "reals": self._of_reals}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._of_fakes, self._of_reals = state["fakes"], state["reals"]


def residual(images: np.ndarray, denoiser: Denoiser) -> np.ndarray:
    """Returns images less their denoised selves, float64 `(n, h, w, c)` in grey levels, of uint8 `(n, h, w, c)`."""
    x = images.astype(np.float64)
    if denoiser == "gaussian":
        return x - gaussian_filter(x, (0, SIGMA, SIGMA, 0))
    if denoiser == "median":
        return x - median_filter(x, (1, WINDOW, WINDOW, 1))
    return x - wiener(x)


def wiener(x: np.ndarray) -> np.ndarray:
    """Returns float64 `(n, h, w, c)` filtered by Wiener's adaptive filter, each channel of each image by itself.

    `mean + max(variance - noise, 0) / max(variance, noise) * (x - mean)`, with mean and variance of the 3 x 3
    neighbourhood and the noise's variance the mean of all local ones. Where nothing varies, nothing changes.

    Source: Lim, "Two-dimensional signal and image processing" (1990), page 548.
    """
    window = (1, WINDOW, WINDOW, 1)
    mean = uniform_filter(x, window)
    centred = x - x.mean(axis=(1, 2), keepdims=True)  # a difference of large squares would lose small variances
    variance = np.maximum(uniform_filter(centred**2, window) - uniform_filter(centred, window) ** 2, 0)
    noise = variance.mean(axis=(1, 2), keepdims=True)
    larger = np.maximum(variance, noise)
    kept = np.maximum(variance - noise, 0) / np.where(larger > 0, larger, 1)
    return mean + kept * (x - mean)


def mean_residual(images: np.ndarray, denoiser: Denoiser) -> np.ndarray:
    """Returns the fingerprint of images, float64 `(h, w, c)`; only one block of residuals is held at a time."""
    total, size = np.zeros(images.shape[1:]), block_size(images.shape[1:])
    for start in range(0, len(images), size):
        total += residual(images[start : start + size], denoiser).sum(axis=0)
    return total / len(images)


def normalised_correlation(residuals: np.ndarray, fingerprint: np.ndarray) -> np.ndarray:
    """Returns float64 `(n,)` in [-1, 1]: the cosine between each residual and a fingerprint, both less their means.

    0 where either does not vary: nothing then points anywhere.

    Args:
        residuals: float64 `(n, h, w, c)`.
        fingerprint: float64 `(h, w, c)`.
    """
    rows, pattern = _unit(residuals.reshape(len(residuals), -1)), _unit(fingerprint.reshape(1, -1))
    return np.clip((rows * pattern).sum(axis=1), -1, 1)


def _unit(rows: np.ndarray) -> np.ndarray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    still = lengths <= 1e-9 * np.sqrt(rows.shape[1])  # rounding, a billionth of a grey level
    return np.where(still, 0.0, centred / np.where(still, 1.0, lengths))
