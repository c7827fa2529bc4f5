"""Five linear detectors: logistic regression on pixels, cosine coefficients and Fourier coefficients."""

from __future__ import annotations

import numpy as np

from detection.base import BaseDetector, Pair, Progress
from detection.features import Colour, extract
from detection.logistic import Linear, fit_linear


class LinearDetector(BaseDetector):
    """Logistic regression on standardised features, the L2 penalty chosen by log-loss on validation images.

    The penalties tried are 10^6 to 10^-4, a decade apart. Nothing is resized or cropped: what upsampling
    leaves behind sits in the highest frequencies.

    Source: Ricker et al., "Towards the detection of diffusion model deepfakes" (2022), section 5: the same
    classifier on five features, where the gain over pixels says how much the frequency domain helps.

    Args:
        colour: `"channels"` uses every colour channel, `"grey"` the luminance alone (as the source does).
            Defaults to `"channels"`.
        random_state: Only draws the validation images when none are given. Defaults to `None`.
    """

    paper = "Ricker et al., Towards the detection of diffusion model deepfakes (2022), section 5"
    feature = "pixel"

    def __init__(self, *, random_state: int | None = None, colour: Colour = "channels") -> None:
        super().__init__(random_state=random_state)
        self.colour = colour

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        held, held_fake = validation
        self._model = fit_linear(self._features(images), is_fake, (self._features(held), held_fake))

    def _features(self, images: np.ndarray) -> np.ndarray:
        return extract(images, self.feature, self.colour)

    def _score(self, images: np.ndarray) -> np.ndarray:
        return self._model.score(self._features(images))

    def _state(self) -> dict[str, np.ndarray]:
        return self._model.state()

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._model = Linear.from_state(state)


class LinearPixel(LinearDetector):
    """Logistic regression on pixels: the rung that the others are measured against."""

    feature = "pixel"


class LinearDCT(LinearDetector):
    """Logistic regression on the coefficients of the cosine transform (Frank et al. 2020)."""

    feature = "dct"


class LinearLogDCT(LinearDetector):
    """Logistic regression on the logarithm of the cosine coefficients' magnitude (Frank et al. 2020)."""

    feature = "log-dct"


class LinearFFT(LinearDetector):
    """Logistic regression on the magnitudes of the Fourier transform (Ricker et al. 2022)."""

    feature = "fft"


class LinearLogFFT(LinearDetector):
    """Logistic regression on the logarithm of the Fourier magnitudes (Ricker et al. 2022)."""

    feature = "log-fft"
