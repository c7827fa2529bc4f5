"""Mean spectra of real and fake images, as maps and as profiles over the spatial frequency."""

from __future__ import annotations

import numpy as np
import pandas as pd

from detection.base import block_size
from detection.features.frequency import azimuthal_mean, log_spectrum

COLUMNS = ["radius", "frequency", "real", "fake", "difference", "real_se", "fake_se", "n_real", "n_fake"]


def mean_spectrum(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean spectrum in decibel `(height, width)`, and each image's azimuthal profile `(n, rings)`.

    Both are of `detection.features.frequency.log_spectrum`, the zero frequency central.

    Args:
        images: uint8 `(n, height, width, channels)`.
    """
    size = block_size(images.shape[1:])
    total, profiles = np.zeros(images.shape[1:3]), []
    for start in range(0, len(images), size):
        spectra = log_spectrum(images[start : start + size])
        total += spectra.sum(axis=0)
        profiles.append(azimuthal_mean(spectra))
    return total / len(images), np.concatenate(profiles)


def profile_table(reals: np.ndarray, fakes: np.ndarray, side: int) -> pd.DataFrame:
    """Returns one row per ring: means in decibel with their standard errors over images, and fake minus real.

    `frequency` is the ring's inner radius in cycles per pixel of an image whose shorter side is `side` pixels; 0.5 is
    the highest along an axis, and what lies beyond is in the corners of the spectrum.

    Args:
        reals: Profiles `(n, rings)`.
        fakes: Profiles `(m, rings)`.
        side: In pixels.
    """
    radius = np.arange(reals.shape[1])
    real, fake = reals.mean(axis=0), fakes.mean(axis=0)
    columns = [radius, radius / side, real, fake, fake - real, _error(reals), _error(fakes)]
    counts = {"n_real": len(reals), "n_fake": len(fakes)}
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=False)) | counts, columns=COLUMNS)


def _error(profiles: np.ndarray) -> np.ndarray:
    if len(profiles) < 2:
        return np.full(profiles.shape[1], np.nan)
    deviation: np.ndarray = profiles.std(axis=0, ddof=1)
    return deviation / np.sqrt(len(profiles))
