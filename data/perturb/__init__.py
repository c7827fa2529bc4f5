"""What images go through on their way, each really of the strength that it says: `apply(images, "jpeg-75")`.

Real and generated images go through the same function, by their name and nothing else, so that both end on the same
grid: the 256 whole grey levels. They are not moved to the levels of the image set afterwards: nobody does that to a
processed picture, and on a set of few levels it would undo what was done. Open `KINDS` first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from data.errors import UserError, shown, unknown
from data.perturb.files import jpeg, jpeg_file
from data.perturb.geometry import crop, cut, resize, scale
from data.perturb.levels import blur, brightness, contrast, noise, saturation
from data.perturb.social import social

__all__ = ["KINDS", "Step", "apply", "blur", "check", "joined", "jpeg", "jpeg_file", "keeps_size", "steps"]

THEN = "+"  # between the steps of a chain


class Kind(NamedTuple):
    """A perturbation of any strength.

    Attributes:
        function: Does it: `(images, strength)` -> images.
        strength: What the strength is.
        low: The least that it may be.
        high: The most.
        nothing: The strength that changes nothing; where none is, the one that changes least.
        whole: Whether it is a whole number.
        keeps_size: Whether images have the size that they had.
    """

    function: Callable[[np.ndarray, Any], np.ndarray]
    strength: str
    low: float
    high: float
    nothing: float
    whole: bool = False
    keeps_size: bool = True


KINDS: dict[str, Kind] = {
    "jpeg": Kind(jpeg, "the quality of JPEG", 1, 100, 100, whole=True),
    "blur": Kind(blur, "the sigma of a Gaussian, in pixels", 0, 20, 0),
    "noise": Kind(noise, "the sigma of Gaussian noise, in grey levels", 0, 100, 0),
    "resize": Kind(resize, "the share of each side that is left before images are scaled back", 0.1, 1, 1),
    "crop": Kind(crop, "the share of each side that is kept in the middle and scaled back", 0.1, 1, 1),
    "brightness": Kind(brightness, "the factor of all grey levels", 0.1, 4, 1),
    "contrast": Kind(contrast, "the factor of all distances from an image's mean grey", 0.1, 4, 1),
    "saturation": Kind(saturation, "the factor of all distances of colours from their grey", 0, 4, 1),
    "social": Kind(social, "how often images are shared on a social network", 0, 10, 0, whole=True),
    "cut": Kind(cut, "the share of each side that is kept in the middle", 0.1, 1, 1, keeps_size=False),
    "scale": Kind(scale, "the share of each side that is left", 0.1, 1, 1, keeps_size=False),
}


class Step(NamedTuple):
    """One step of a perturbation: its kind and its strength."""

    kind: str
    strength: float

    @property
    def name(self) -> str:
        """The one name that it has, such as `"blur-1"`, however its number was written."""
        return f"{self.kind}-{self.strength:.10g}"

    @property
    def distance(self) -> float:
        """How far its strength is from the one that changes nothing: of one kind, the larger the stronger."""
        return abs(self.strength - KINDS[self.kind].nothing)


def apply(images: np.ndarray, name: str) -> np.ndarray:
    """Returns images after what a name says: `"jpeg-75"` at quality 75, `"blur-1.5"` with a sigma of 1.5 pixels.

    Args:
        images: uint8 `(n, height, width, channels)` in [0, 255], 1 or 3 channels. They are not changed.
        name: The kind and its strength, see `KINDS`; several are done one after the other: `"resize-0.5+jpeg-75"`.

    Returns:
        uint8, a new array: of the same shape, but for `cut` and `scale`. What is done to an image depends on the image
        and the name, not on the others.

    Raises:
        UserError: For other images, an unknown kind, or a strength out of range.

    Example:
        >>> import numpy as np
        >>> grey = np.full((1, 8, 8, 1), 100, np.uint8)
        >>> int(apply(grey, "brightness-1.5")[0, 0, 0, 0])
        150
        >>> apply(grey, "noise-4+cut-0.75").shape
        (1, 6, 6, 1)
    """
    for kind, strength in steps(name):
        images = KINDS[kind].function(images, strength)
    return images


def check(name: str) -> None:
    """Checks the name of a perturbation, see `apply`.

    Raises:
        UserError: For an unknown kind, or a strength out of range.
    """
    steps(name)


def steps(name: str) -> list[Step]:
    """Returns the steps that a name says, see `apply`.

    Raises:
        UserError: For an unknown kind, or a strength out of range.

    Example:
        >>> [step.name for step in steps("resize-0.50+jpeg-75")]
        ['resize-0.5', 'jpeg-75']
    """
    return [_step(part, name) for part in name.split(THEN)]


def joined(*names: str) -> str:
    """Returns the name of several perturbations, one after the other, each number written one way.

    Example:
        >>> joined("jpeg-75", "blur-1.0")
        'jpeg-75+blur-1'
    """
    return THEN.join(step.name for name in names for step in steps(name))


def keeps_size(name: str) -> bool:
    """Says whether images have the size that they had."""
    return all(KINDS[step.kind].keeps_size for step in steps(name))


def _step(part: str, whole: str) -> Step:
    name, _, written = part.partition("-")
    if name not in KINDS:
        raise unknown("perturbation", name, KINDS)
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", written):
        raise UserError(f"A perturbation is a kind and its strength, such as jpeg-75. Received: '{shown(whole)}'.")
    kind, strength = KINDS[name], float(written)
    if not kind.low <= strength <= kind.high or (kind.whole and not strength.is_integer()):
        number = "a whole number" if kind.whole else "a number"
        raise UserError(
            f"The strength of '{name}', {kind.strength}, must be {number} from {kind.low:g} to {kind.high:g}. "
            f"Received: {written}."
        )
    return Step(name, int(strength) if kind.whole else strength)
