"""Two sentinels: detectors that are meant to fail, or to be beaten."""

from __future__ import annotations

import hashlib

import numpy as np

from detection.base import BaseDetector, Pair, Progress
from detection.features.content_cues import content_cues
from detection.features.format_cues import absent_levels, format_cues
from detection.logistic import Linear, fit_linear

PENALTIES = (1000.0, 100.0, 10.0, 1.0)  # a few cues need no weaker ones, and flags that separate need a bound
OUTLIER = 8.0  # robust standard deviations beyond which a cue counts no more
# far below what any cue changes: it orders equal scores only
TIE_BREAK = 1e-6


class SentinelFormat(BaseDetector):
    """Looks only at traces of unequal treatment that a generator itself does not cause.

    The cues are grey levels that the training reals leave out, frames around the image, border lines that
    repeat their neighbours, and the 8 x 8 grid of JPEG; `format_cues` defines them. If this detector beats
    chance, real and fake images went through different last steps, and no other detector's figure for them
    means much.

    It cannot see: image size and file format (arrays have none); fakes that use only some of the reals'
    levels; resizing or blurring of one side; a JPEG grid at an offset that differs between rows and columns,
    at a quality so high that hardly any coefficient vanishes, or in images of 8 pixels a side; a frame no
    steeper than the picture's own edges. A generator that itself draws sharp frames, or was trained on JPEG
    images and reproduces their grid, is judged by what its images show.

    Images without any trace are ranked by a hash of their pixels, so that they are ordered at random, not
    tied.

    Args:
        random_state: Only draws the validation images when none are given. Defaults to `None`.
    """

    sentinel = "format"

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        self._absent = absent_levels(images[~is_fake])
        cues, held = format_cues(images, self._absent), format_cues(validation[0], self._absent)
        # zero is "no trace" for every cue, so that is the centre; the unit is the cues' own
        scaling = (np.zeros(cues.shape[1]), np.full(cues.shape[1], 0.1))
        self._model = fit_linear(cues, is_fake, (held, validation[1]), penalties=PENALTIES, scaling=scaling)

    def _score(self, images: np.ndarray) -> np.ndarray:
        return self._model.score(format_cues(images, self._absent)) + TIE_BREAK * lots(images)

    def _state(self) -> dict[str, np.ndarray]:
        return {**self._model.state(), "absent": self._absent}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._absent, self._model = state["absent"], Linear.from_state(state)


class SentinelContent(BaseDetector):
    """Looks only at cheap statistics: colour, contrast, saturation, distinct values, PNG size.

    The cues are those of `content_cues`, and a generator may well differ in them. The figure says how much of
    a better detector's success needs no look at the picture at all. The cues are centred on the median and
    scaled by the interquartile range of the training images, since a few flat images would rule mean and
    deviation.

    Args:
        random_state: Only draws the validation images when none are given. Defaults to `None`.
    """

    sentinel = "content"

    def _fit(self, images: np.ndarray, is_fake: np.ndarray, validation: Pair, progress: Progress | None) -> None:
        cues = content_cues(images)
        self._centre, self._spread = robust_scaling(cues)
        held = self._standardised(content_cues(validation[0]))
        scaling = (np.zeros(cues.shape[1]), np.ones(cues.shape[1]))
        self._model = fit_linear(
            self._standardised(cues), is_fake, (held, validation[1]), penalties=PENALTIES, scaling=scaling
        )

    def _standardised(self, cues: np.ndarray) -> np.ndarray:
        return np.clip((cues - self._centre) / self._spread, -OUTLIER, OUTLIER)

    def _score(self, images: np.ndarray) -> np.ndarray:
        return self._model.score(self._standardised(content_cues(images)))

    def _state(self) -> dict[str, np.ndarray]:
        return {**self._model.state(), "centre": self._centre, "spread": self._spread}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._centre, self._spread = state["centre"], state["spread"]
        self._model = Linear.from_state(state)


def robust_scaling(cues: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the median and a robust standard deviation per column, `(k,)` each.

    The deviation is the interquartile range over 1.349; where that is zero the ordinary one; where that is
    zero too, 1.
    """
    low, centre, high = np.percentile(cues, [25, 50, 75], axis=0)
    # the interquartile range of a standard normal distribution is 1.349
    spread = (high - low) / 1.349
    spread = np.where(spread > 0, spread, cues.std(axis=0))
    return centre, np.where(spread > 0, spread, 1.0)


def lots(images: np.ndarray) -> np.ndarray:
    """Draws a number in [0, 1) for each image from a hash of its pixels, float64 `(n,)`."""
    # 6 bytes: float64 holds 48 bits exactly
    digests = [hashlib.blake2b(np.ascontiguousarray(image).tobytes(), digest_size=6).digest() for image in images]
    return np.array([int.from_bytes(digest, "little") for digest in digests]) / 2.0**48
