"""The azimuthal mean of the spectrum, classified by logistic regression or a support vector machine."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.spatial.distance import cdist

from detection.base import BaseDetector, Pair, Progress
from detection.features.frequency import azimuthal_mean, log_spectrum
from detection.logistic import Linear, fit_linear, standardisation
from detection.selection import auc_of

COSTS = (0.1, 1.0, 10.0, 100.0)  # the machine's C, from the softest margin to the hardest
DARKEST = 1.0  # decibel: the divisor of an all but black image must not pass through zero


class Spectrum(BaseDetector):
    """How much energy each spatial frequency holds: one number per ring of the spectrum of grey levels.

    The luminance's Fourier spectrum in decibel is averaged over rings of equal frequency and divided by its
    first entry, the zero frequency. Up-convolution cannot reproduce the decay towards high frequencies. The
    numbers are standardised on the training images.

    Source: Durall et al., "Unmasking DeepFakes with simple features" (2019), section 3, and Durall, Keuper
    and Keuper, "Watch your up-convolution" (2020), section 3.1. There the profile is interpolated to a common
    length; images of one size need no interpolation.

    Args:
        classifier: `"logistic"`, its penalty chosen by log-loss on the validation images, or `"svm"`, a
        machine
            with radial basis functions of width 1 / (number of features), its C chosen by AUC on the
            validation images from 0.1, 1, 10, 100. Defaults to `"logistic"`.
        random_state: Only draws the validation images when none are given. Defaults to `None`.
    """

    paper = "Durall et al., Unmasking DeepFakes with simple features (2019), section 3"

    def __init__(self, *, random_state: int | None = None, classifier: Literal["logistic", "svm"] = "logistic") -> None:
        super().__init__(random_state=random_state)
        self.classifier = classifier
        self._model: Linear | Machine

    @property
    def parameters(self) -> int | None:
        """How many numbers it has learned, support vectors too; `None` before `fit` or `load`."""
        return None if self._shape is None else self._model.parameters

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        features, held = profile(images), profile(validation[0])
        if self.classifier == "svm":
            self._model = fit_machine(features, is_fake, (held, validation[1]))
        else:
            self._model = fit_linear(features, is_fake, (held, validation[1]))

    def _score(self, images: np.ndarray) -> np.ndarray:
        return self._model.score(profile(images))

    def _state(self) -> dict[str, np.ndarray]:
        return self._model.state()

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._model = Machine(**state) if self.classifier == "svm" else Linear.from_state(state)


class Machine:
    """A trained support vector machine with radial basis functions, as plain arrays.

    Args:
        mean: Mean per feature, `(d,)`.
        scale: Standard deviation per feature, `(d,)`.
        vectors: Standardised support vectors, `(k, d)`.
        weights: Their dual coefficients, positive for fakes, `(k,)`.
        numbers: Intercept, gamma and C, `(3,)`.
    """

    def __init__(
        self,
        mean: np.ndarray,
        scale: np.ndarray,
        vectors: np.ndarray,
        weights: np.ndarray,
        numbers: np.ndarray,
    ) -> None:
        self.mean, self.scale, self.vectors, self.weights, self.numbers = (
            mean,
            scale,
            vectors,
            weights,
            numbers,
        )

    def score(self, features: np.ndarray) -> np.ndarray:
        """Returns the signed margin, float64 `(n,)`, of features `(n, d)`."""
        intercept, gamma, _ = self.numbers
        distances = cdist((features - self.mean) / self.scale, self.vectors, "sqeuclidean")
        return (np.exp(-gamma * distances) * self.weights).sum(axis=1) + intercept

    @property
    def parameters(self) -> int:
        """How many numbers it has learned: the support vectors, their coefficients, and the intercept."""
        return int(self.vectors.size + self.weights.size) + 1

    def state(self) -> dict[str, np.ndarray]:
        """Returns everything as arrays, to be saved."""
        return dict(vars(self))


def profile(images: np.ndarray) -> np.ndarray:
    """Returns the azimuthal mean of the log spectrum over its first entry, float64 `(n, rings)`."""
    rings = azimuthal_mean(log_spectrum(images))
    return rings / np.maximum(rings[:, :1], DARKEST)


def fit_machine(features: np.ndarray, is_fake: np.ndarray, validation: Pair) -> Machine:
    """Fits a machine for each C and keeps the highest AUC on validation, the softest margin of equals."""
    from sklearn.svm import SVC

    mean, scale = standardisation(features)
    x, gamma = (features - mean) / scale, 1 / features.shape[1]
    best, best_auc = None, -1.0
    for cost in COSTS:
        svc = SVC(C=cost, kernel="rbf", gamma=gamma).fit(x, is_fake)
        numbers = np.array([svc.intercept_[0], gamma, cost])
        machine = Machine(mean, scale, svc.support_vectors_, np.asarray(svc.dual_coef_)[0], numbers)
        auc = auc_of(machine.score(validation[0]), validation[1])
        if best is None or auc > best_auc:
            best, best_auc = machine, auc
    assert best is not None  # noqa: S101  there is at least one C
    return best
