"""What an honest generator and a resized image have in common: little above a frequency, and enlargement's rhythm."""

from __future__ import annotations

import numpy as np

from detection.features.frequency import grey
from detection.features.traces.found import Found, best_cut

HIGH = 0.35  # cycles per pixel: above it is what an image loses that was reduced by a third or more and enlarged again
LOW = 0.05  # below it is what the picture shows
LEAST = 1e-3  # grey levels squared: rounding leaves more


class CutOff:
    """Little energy above a frequency."""

    def find(self, reals: np.ndarray, fakes: np.ndarray) -> Found | None:
        """Looks for the level of energy that differs most."""
        if min(reals.shape[1:3]) < 8:
            return None
        cut = best_cut(high_energy(reals), high_energy(fakes))
        return Found(
            f"{-cut:.0f} dB or more below the rest above {HIGH} cycles/px",
            lambda images: (high_energy(images) <= cut).astype(float),
        )


class Resampled:
    """A rhythm of two pixels in how well each is predicted by those beside it, as enlargement leaves it."""

    def find(self, reals: np.ndarray, fakes: np.ndarray) -> Found | None:
        """Looks for the strength of the rhythm that differs most."""
        if min(reals.shape[1:3]) < 8:
            return None
        cut = best_cut(-rhythm(reals), -rhythm(fakes))
        return Found("enlarged twofold", lambda images: (-rhythm(images) <= cut).astype(float))


def high_energy(images: np.ndarray) -> np.ndarray:
    """Returns the mean energy above `HIGH` relative to that between `LOW` and it, in decibel, float64 `(n,)`."""
    light = grey(images)
    height, width = light.shape[1:]
    # a window, so that the jump from one border to the other is no high frequency
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    energy = np.abs(np.fft.rfft2((light - light.mean(axis=(1, 2), keepdims=True)) * window)) ** 2
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    high, rest = energy[:, radius > HIGH], energy[:, (radius > LOW) & (radius <= HIGH)]
    return 10 * np.log10((high.mean(axis=1) + LEAST) / (rest.mean(axis=1) + LEAST))


def rhythm(images: np.ndarray) -> np.ndarray:
    """Returns how much the error of predicting pixels from both neighbours alternates, in [0, 1], float64 `(n,)`.

    Source: Gallagher, "Detection of linear and cubic interpolation in JPEG compressed images" (2005).
    """
    light = grey(images)
    found = np.zeros(len(images))
    for lines in (light, light.swapaxes(1, 2)):
        error = np.abs(np.diff(lines, n=2, axis=2)).mean(axis=1)
        even, odd = error[:, ::2].mean(axis=1), error[:, 1::2].mean(axis=1)
        found = np.maximum(found, np.abs(even - odd) / (even + odd + 0.1))
    return found
