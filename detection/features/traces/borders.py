"""Borders: outermost lines of one colour, or that repeat other lines; and a pixel that is the same in all images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from detection.features.format_cues import four_sides
from detection.features.traces.found import Found, far_apart

EVEN = 2  # grey levels that a line of one colour may vary by: what saving it adds
STEP = 12.0  # grey levels by which the picture must differ from a frame where it ends
APART = 8  # grey levels by which a constant pixel must differ from the mean of those beside it
FAR = 48  # and at 0 and 255, where filters overshoot
CONTRAST = 0.12  # share of images by which a constant pixel must be commoner than the same value beside it
SIDES = ("top", "bottom", "left", "right")
REPEATS = {1: "the next line", 2: "the third line", 3: "the fourth line", -1: "the other side"}


class Frame:
    """A border of one colour that ends in a step, and that is not the commonest level of the picture inside.

    A dark ground behind a digit ends in nothing and is what the picture is made of: no frame.
    """

    def find(self, reals: np.ndarray, fakes: np.ndarray) -> Found | None:
        """Looks for the side that differs most."""
        return _where(reals, fakes, _framed, list(SIDES))


class Repeat:
    """A border line that is exactly one of the next three, or the one on the other side, as padding leaves it.

    Lines of one colour do not count, nor images that repeat lines further in as well, as enlarged ones do.
    """

    def find(self, reals: np.ndarray, fakes: np.ndarray) -> Found | None:
        """Looks for the side and the line that differ most."""
        names = [f"{side} repeats {words}" for side in SIDES for words in REPEATS.values()]
        return _where(reals, fakes, _repeated, names)


class ConstantPixel:
    """A value at one place that stands out from the pixels beside it, the same from image to image."""

    def find(self, reals: np.ndarray, fakes: np.ndarray) -> Found | None:
        """Looks for the place and the value that differ most."""
        _, height, width, channels = reals.shape
        best, place = CONTRAST, None
        for channel in range(channels):
            shares = [_places(side[..., channel]) / len(side) for side in (reals, fakes)]
            gaps = np.abs(shares[0] - shares[1]).reshape(height, width, 256)
            # what differs at the places beside it as well is the picture's own: how sharp it is, or what it shows
            wide = np.pad(gaps, ((1, 1), (1, 1), (0, 0)))
            beside = np.max([wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]], axis=0)
            at = int((gaps - beside).argmax())
            if (gaps - beside).flat[at] > best:
                best, place = (
                    float((gaps - beside).flat[at]),
                    (channel, at // 256 // width, at // 256 % width, at % 256),
                )
        if place is None:
            return Found("none", lambda images: np.zeros(len(images)))
        channel, row, column, level = place

        def of(images: np.ndarray) -> np.ndarray:
            plane = images[..., channel]
            return (_alone(plane)[:, row, column] & (plane[:, row, column] == level)).astype(float)

        return Found(f"value {level} at row {row}, column {column}", of)


def _where(
    reals: np.ndarray, fakes: np.ndarray, flags: Callable[[np.ndarray], np.ndarray], names: list[str]
) -> Found | None:
    """Chooses the place that differs most by flags `(n, places)`."""
    if min(reals.shape[1:3]) < 8:
        return None
    seen = [flags(side) for side in (reals, fakes)]
    able = [np.full(seen[0].shape[1], len(side)) for side in seen]
    at = int(far_apart([side.sum(axis=0) for side in seen], able).argmax())
    return Found(names[at], lambda images: flags(images)[:, at].astype(float), (seen[0][:, at], seen[1][:, at]))


def _framed(images: np.ndarray) -> np.ndarray:
    """Says of each side whether it has a frame, bool `(n, 4)`."""
    n, height, width, _ = images.shape
    deep = max(1, min(height, width) // 8)
    usual = _usual(images[:, deep : height - deep, deep : width - deep])
    flags = []
    for lines in four_sides(images):
        colour = lines[:, 0].astype(int).mean(axis=1, keepdims=True)
        gaps = np.abs(lines[:, : deep + 1].astype(int) - colour[:, None])
        even = gaps.max(axis=(2, 3)) <= EVEN
        depth = np.logical_and.accumulate(even, axis=1).sum(axis=1)
        ends = (depth >= 1) & (depth <= deep)
        step = gaps.mean(axis=2).max(axis=2)[np.arange(n), np.minimum(depth, deep)]
        other = (np.abs(colour[:, 0] - usual) > EVEN).any(axis=1)
        flags.append(ends & (step >= STEP) & other)
    return np.stack(flags, axis=1)


def _usual(images: np.ndarray) -> np.ndarray:
    """Returns the commonest level of each channel, int `(n, c)`."""
    n, *_, channels = images.shape
    planes = np.moveaxis(images, -1, 1).reshape(n * channels, -1).astype(np.int64)
    at = planes + 256 * np.arange(n * channels)[:, None]
    counts = np.bincount(at.ravel(), minlength=256 * n * channels).reshape(n, channels, 256)
    return counts.argmax(axis=2)


def _repeated(images: np.ndarray) -> np.ndarray:
    """Says of each side and of each line of `REPEATS` whether the border is that line, bool `(n, 16)`."""
    flags = []
    for lines in four_sides(images):
        flat = lines.reshape(*lines.shape[:2], -1)
        first = lines[:, 0].astype(int)
        varied = np.ptp(first, axis=1).max(axis=1) > EVEN
        varied &= (np.diff(np.sort(flat[:, 0], axis=1), axis=1) > 0).sum(axis=1) >= 3
        inside = (flat[:, 3:-4] == flat[:, 4:-3]).all(axis=2).any(axis=1)
        flags += [varied & ~inside & (flat[:, 0] == flat[:, at]).all(axis=1) for at in REPEATS]
    return np.stack(flags, axis=1)


def _alone(planes: np.ndarray) -> np.ndarray:
    """Says of each pixel whether it stands out from the mean of the four beside it and equals none of them.

    A ground of one level that a figure leaves free is no constant pixel.
    """
    values = planes.astype(np.float32)
    other = np.ones(planes.shape, bool)
    beside, count = np.zeros_like(values), np.zeros(planes.shape[1:], np.float32)
    for here, there in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[:, :, 1:], np.s_[:, :, :-1])):
        for first, second in ((here, there), (there, here)):
            beside[first] += values[second]
            other[first] &= planes[first] != planes[second]
            count[first[1:]] += 1
    clipped = (planes == 0) | (planes == 255)  # where a filter overshoots, a faint hollow is cut off at an end
    alone: np.ndarray = other & (np.abs(values - beside / count) >= np.where(clipped, FAR, APART))
    return alone


def _places(planes: np.ndarray) -> np.ndarray:
    """Counts the images in which each value stands out at each place, int64 `(h * w * 256,)`."""
    _, height, width = planes.shape
    _, row, column = at = np.nonzero(_alone(planes))
    places = (row * width + column) * 256 + planes[at]
    return np.bincount(places, minlength=256 * height * width)
