"""Five linear detectors: logistic regression on pixels, cosine coefficients and Fourier coefficients."""

from __future__ import annotations

import numpy as np

from data.errors import UserError
from detection.base import BaseDetector, Pair, Progress, in_blocks
from detection.features.frequency import Colour, extract, whole_spectrum
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
        self._model: Linear

    @property
    def parameters(self) -> int | None:
        """How many numbers it has learned; `None` before `fit` or `load`."""
        return None if self._shape is None else self._model.parameters

    def weights_image(self) -> np.ndarray:
        """Returns what a unit of each feature adds to the score, float64 `(planes, height, width)`.

        Larger means more evidence for "fake" per unit of the feature as it is before standardisation. There is one
        plane per colour channel, or one of the luminance. Pixels, whose unit is half of the range of grey levels,
        lie as in the image. Of cosine coefficients the zero frequency is in the upper left corner. Of Fourier
        coefficients it is at `(height // 2, width // 2)`, and a feature, which stands for a pair of coefficients that
        mirror each other, is at the places of both.

        Raises:
            UserError: If the detector is not trained.
        """
        if self._shape is None:
            raise UserError(f"{type(self).__name__} is not trained. Expected a call of fit or load before.")
        height, width, channels = self._shape
        flat = self._model.weights / self._model.scale
        image = flat.reshape(1 if self.colour == "grey" else channels, height, -1)
        return whole_spectrum(image, width) if self.feature.endswith("fft") else image

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

    def explain(self, images: np.ndarray) -> np.ndarray:
        """Returns what each pixel adds to the score, float64 `(n, height, width)`; larger is more evidence for "fake".

        It is weight times the value's distance to the training mean, summed over channels; all pixels and the
        intercept add up to the score.
        """
        images = self._checked_as_trained(images, "explained")
        return in_blocks(self._contributions, images).reshape(images.shape[:3])

    def _contributions(self, images: np.ndarray) -> np.ndarray:
        model = self._model
        parts = (self._features(images) - model.mean) / model.scale * model.weights
        return parts.reshape(len(images), -1, *images.shape[1:3]).sum(axis=1)


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
