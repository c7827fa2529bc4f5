"""Hand-made features: pixels, cosine and Fourier coefficients, and the azimuthal mean of the spectrum.

Images are uint8 `(n, height, width, channels)` in [0, 255]. Planes are float64 `(n, planes, height, width)`
in [-1, 1]: one per colour channel, or the luminance alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import fft

Colour = Literal["channels", "grey"]
LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, the weights of JPEG and of Pillow's mode "L"
LOG_FLOOR = 1e-12
ROUNDING = 1e-10  # magnitudes below are what rounding leaves of a coefficient that vanishes


def grey(images: np.ndarray) -> np.ndarray:
    """Returns the luminance as float64 `(n, height, width)` in [0, 255], unrounded."""
    if images.shape[-1] == 1:
        return images[..., 0].astype(np.float64)
    red, green, blue = np.moveaxis(images, -1, 0)
    return LUMINANCE[0] * red + LUMINANCE[1] * green + LUMINANCE[2] * blue


def planes(images: np.ndarray, colour: Colour = "channels") -> np.ndarray:
    """Returns float64 `(n, planes, height, width)` in [-1, 1].

    Args:
        images: uint8 `(n, height, width, channels)`. colour: `"channels"` keeps each channel as a plane,
        `"grey"` takes the luminance. Defaults to `"channels"`.
    """
    values = grey(images)[:, None] if colour == "grey" else np.moveaxis(images, -1, 1).astype(np.float64)
    return values / 127.5 - 1.0


def dct(x: np.ndarray) -> np.ndarray:
    """Returns the two-dimensional orthonormal cosine transform (DCT-II) of planes, in their shape.

    Source: Frank et al., "Leveraging frequency analysis for deep fake image recognition" (2020), section 3.1.
    """
    return fft.dctn(x, type=2, norm="ortho", axes=(-2, -1))


def log_dct(x: np.ndarray) -> np.ndarray:
    """Returns `log(|dct(x)| + 1e-12)`. Source: Frank et al. (2020), section 4."""
    return _log(np.abs(dct(x)))


def fft_magnitude(x: np.ndarray) -> np.ndarray:
    """Returns the magnitudes of the orthonormal Fourier transform, `(n, planes, height, width // 2 + 1)`.

    The other half of a real image's spectrum mirrors this one.
    Source: Ricker et al., "Towards the detection of diffusion model deepfakes" (2022), section 5.
    """
    return np.abs(fft.rfft2(x, norm="ortho", axes=(-2, -1)))


def log_fft(x: np.ndarray) -> np.ndarray:
    """Returns `log(fft_magnitude(x) + 1e-12)`. Source: Ricker et al. (2022), section 5."""
    return _log(fft_magnitude(x))


def _log(magnitudes: np.ndarray) -> np.ndarray:
    return np.log(np.where(magnitudes < ROUNDING, 0.0, magnitudes) + LOG_FLOOR)


def pixels(x: np.ndarray) -> np.ndarray:
    """Returns the planes themselves."""
    return x


FEATURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "pixel": pixels,
    "dct": dct,
    "log-dct": log_dct,
    "fft": fft_magnitude,
    "log-fft": log_fft,
}


def extract(images: np.ndarray, kind: str, colour: Colour = "channels") -> np.ndarray:
    """Returns one row of features per image, float64 `(n, d)`.

    Args:
        images: uint8 `(n, height, width, channels)`.
        kind: A key of `FEATURES`.
        colour: As in `planes`. Defaults to `"channels"`.
    """
    values = FEATURES[kind](planes(images, colour))
    return np.ascontiguousarray(values.reshape(len(images), -1))


def log_spectrum(images: np.ndarray) -> np.ndarray:
    """Returns the luminance's spectrum in decibel, `(n, height, width)`, with the zero frequency central.

    It is `20 log10(|F| + 1e-8)` of the grey levels in [0, 255].

    Source: Durall et al., "Unmasking DeepFakes with simple features" (2019), section 3.1 (grey levels in [0,
    255]).
    """
    spectrum = fft.fftshift(fft.fft2(grey(images), axes=(-2, -1)), axes=(-2, -1))
    return 20 * np.log10(np.abs(spectrum) + 1e-8)


def whole_spectrum(half: np.ndarray, width: int) -> np.ndarray:
    """Returns the whole of what `fft_magnitude` gives half of, `(..., height, width)`, with the zero frequency central.

    Args:
        half: `(..., height, width // 2 + 1)`, zero frequency first.
        width: Of the image.
    """
    rows = -np.arange(half.shape[-2]) % half.shape[-2]
    mirrored = half[..., rows, 1 : (width + 1) // 2][..., ::-1]
    return fft.fftshift(np.concatenate([half, mirrored], axis=-1), axes=(-2, -1))


def radii(height: int, width: int) -> np.ndarray:
    """Returns the distance to the zero frequency, rounded down, int64 `(height, width)`.

    A non-square image's axes are scaled to the shorter side, so that a ring is one spatial frequency.
    """
    side = min(height, width)
    rows = (np.arange(height) - height // 2) * (side / height)
    columns = (np.arange(width) - width // 2) * (side / width)
    # 1e-9: a whole distance that rounding has made a little shorter stays in its ring
    return np.floor(np.hypot(rows[:, None], columns[None, :]) + 1e-9).astype(np.int64)


def azimuthal_mean(spectra: np.ndarray) -> np.ndarray:
    """Returns the mean over each ring of equal radius, float64 `(n, rings)`, zero frequency first.

    Source: Durall et al. (2019), section 3.2; Durall, Keuper and Keuper, "Watch your up-convolution" (2020),
    section 3.1.

    Args:
        spectra: float `(n, height, width)` with the zero frequency at `(height // 2, width // 2)`.
    """
    rings = radii(*spectra.shape[1:]).ravel()
    order = np.argsort(rings, kind="stable")
    starts = np.flatnonzero(np.diff(rings[order], prepend=-1))
    counts = np.diff(np.append(starts, len(rings)))
    ordered = np.ascontiguousarray(spectra.reshape(len(spectra), -1)[:, order])
    return np.add.reduceat(ordered, starts, axis=1) / counts
