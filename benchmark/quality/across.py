"""Copies across parts, looked for by another method than that of the ledger, and tried on planted ones.

The ledger compares spectra and details of grey values. Here the directions of edges are compared, whatever their
strength and sign (Fitch, Kadyrov, Christmas and Kittler, "Orientation Correlation", BMVC 2002), first of neighbourhoods
and then pixel by pixel at the best small shift. It sees fewer kinds of copies, and says how many of known ones it saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from scipy.ndimage import gaussian_filter

from benchmark.findings.finding import found
from benchmark.quality.planted import SMALL, needed, plant
from data.imageset import ImageSet
from data.ledger import Ledger
from data.near_duplicates import SIDE, reduced

PROBES = 1000  # images of the detector parts that are looked for among all other parts
PLANTED = 12  # copies of each kind of change, at most: one for each 50 images, and at least three
POOL = 500  # images that these are made of
NEAREST = 8  # neighbours that are looked at
EDGE = 1.5  # grey levels a pixel; weaker slopes have no direction
FEWEST = 60  # pixels with a direction, as if there were no fewer
SHIFT = 3  # pixels of 32
AGREE = (
    0.7  # correlation of directions; the limit was set on training images of CIFAR-10, other classes than dog and cat
)
OFF = 0.1  # of the range: below 32 pixels no pixel of a copy is off by more
ROOM = 40  # pixels, room for the shifts
TOLERATED = 0.002  # of the images: what the ledger leaves at its limit, and different pictures of one thing
NAMED = 3  # pairs are named


@dataclass(frozen=True)
class Across:
    """What was seen.

    Attributes:
        pairs: `(m, 2)`, positions of images of two parts that look like copies.
        n: How many images were looked for.
        planted: How many copies were planted.
        found: How many of them were seen.
        missed: The kinds of change of which less than half was seen.
    """

    pairs: np.ndarray
    n: int
    planted: int
    found: int
    missed: tuple[str, ...]

    @property
    def smallest(self) -> float:
        """The share of copies among the images that would have shown at least one, in 95 of 100 draws."""
        return min(1.0, needed(self.found, self.planted) / max(1, self.n))

    @property
    def share(self) -> tuple[float, float, float]:
        """The share of images with a copy in another part, and its exact 95 % interval."""
        seen = len(np.unique(self.pairs[:, 0]))
        low, high = scipy.stats.binomtest(seen, max(1, self.n)).proportion_ci(method="exact")
        return seen / max(1, self.n), float(low), float(high)


def finding(images: ImageSet, ledger: Ledger) -> dict[str, Any]:
    """Returns the finding of copies across parts; what was planted and seen is in its words."""
    seen = across(images, ledger)
    if not seen.n or not seen.found:
        advice = f"Copies across parts could not be looked for: {seen.found} of {seen.planted} planted ones were seen."
        return found("FB002", "cannot tell", advice=advice)
    value, low, high = seen.share
    small = SMALL if min(images.shape[:2]) < SIDE else ""
    tried = f"Of {seen.planted} planted copies {seen.found} were seen{small}"
    tried += f", of these kinds less than half: {', '.join(seen.missed)}." if seen.missed else "."
    facts: dict[str, Any] = {"value": value, "low": low, "high": high, "smallest": seen.smallest}
    if not len(seen.pairs):
        return found("FB002", "pass", advice=tried, **facts)
    some = "; ".join(f"{images.ids[i]} and {images.ids[j]}" for i, j in seen.pairs[:NAMED])
    said = f"{round(value * seen.n)} of {seen.n} images look like copies of some of another part, such as {some}."
    return found("FB002", "alarm" if low > TOLERATED else "note", advice=f"{said} {tried}", **facts)


def across(images: ImageSet, ledger: Ledger) -> Across:
    """Looks for copies of images of the detector parts in other parts."""
    rng = np.random.default_rng([ledger.seed, len(images.images)])
    part = np.full(images.n, -1)
    for code, at in enumerate(ledger.parts.values()):
        part[at] = code
    used = np.flatnonzero(part >= 0)
    generator = list(ledger.parts).index("generator-train")
    probes = np.flatnonzero((part >= 0) & (part != generator))
    probes = np.sort(rng.permutation(probes)[:PROBES])
    every, textured = reduced(images.images)
    serves = np.isin(textured, used)
    grey, at = every[serves], np.searchsorted(used, textured[serves])
    known = {one: place for place, one in enumerate(used[at].tolist())}
    if len(at) < 2:
        return Across(np.empty((0, 2), np.int64), 0, 0, 0, ())
    look = Look(grey, small=min(images.shape[:2]) < SIDE)
    here = np.array([known[one] for one in probes.tolist() if one in known], np.int64)
    pairs = look.near(grey[here], part[used[at]][here], part[used[at]])
    positions = np.stack([used[at][here[pairs[:, 0]]], used[at][pairs[:, 1]]], axis=1)
    planted, found, missed = 0, 0, []
    many = min(PLANTED, max(3, len(at) // 50))
    pool = np.sort(rng.permutation(len(at))[:POOL])
    for name, drawn, made in plant(np.asarray(images.images[used[at[pool]]]), many, rng, small=look.small):
        source = pool[drawn]
        copies, kept = reduced(made)
        seen = look.near(copies)
        own = len(np.unique(seen[source[kept][seen[:, 0]] == seen[:, 1], 0]))
        planted, found = planted + len(source), found + own
        if own < len(source) / 2:
            missed.append(name)
    return Across(positions, len(here), planted, found, tuple(missed))


class Look:
    """Looks for copies among images.

    Args:
        grey: `(n, 32, 32)`, where to look.
        small: Whether they were smaller than 32 pixels, where only nearly equal pixels count.
    """

    def __init__(self, grey: np.ndarray, *, small: bool) -> None:
        self.grey, self.small = grey, small
        self.fields = np.concatenate([_pooled(_directions(one)) for one in _chunks(grey)])

    def near(self, probes: np.ndarray, mine: np.ndarray | None = None, theirs: np.ndarray | None = None) -> np.ndarray:
        """Returns int64 `(m, 2)`: probes and where there is a copy of them.

        Args:
            probes: `(k, 32, 32)`.
            mine: The part of each probe, and
            theirs: that of each image: one in the same part is not looked for. Defaults to `None`, all are.
        """
        k = min(NEAREST, len(self.grey))
        found = [np.empty((0, 2), np.int64)]
        for start in range(0, len(probes), 256):
            for way in _ways(probes[start : start + 256].astype(np.float32)):
                like = _pooled(_directions(way)) @ self.fields.T
                if mine is not None:
                    like[mine[start : start + len(way), None] == theirs] = -2
                i, j = np.repeat(np.arange(len(way)), k), np.argpartition(-like, k - 1, axis=1)[:, :k].ravel()
                there = like[i, j] > -2
                i, j = i[there], j[there]
                if not len(i):
                    continue
                once, which = np.unique(j, return_inverse=True)
                others = self.grey[once].astype(np.float32)
                same = _equal(way[i], others[which]) if self.small else _agreement(way, others, i, which) >= AGREE
                found.append(np.stack([i[same] + start, j[same]], axis=1))
        return np.unique(np.concatenate(found), axis=0)


def _chunks(grey: np.ndarray) -> list[np.ndarray]:
    return [grey[start : start + 1024].astype(np.float32) for start in range(0, len(grey), 1024)]


def _ways(grey: np.ndarray) -> list[np.ndarray]:
    """Returns images in all eight orientations."""
    turned = [np.rot90(grey, turn, (1, 2)) for turn in range(4)]
    return [*turned, *(one[:, :, ::-1] for one in turned)]


def _directions(grey: np.ndarray) -> np.ndarray:
    """Returns complex64 `(n, 32, 32)`: the direction of each edge, the angle doubled, which has no sign."""
    smooth = gaussian_filter(grey, (0, 0.8, 0.8), mode="nearest")
    down, right = np.gradient(smooth, axis=(1, 2))
    slope = right + 1j * down
    strength = np.abs(slope)
    field = (slope / np.maximum(strength, 1e-6)) ** 2
    field[strength < EDGE] = 0
    field[:, [0, -1]] = field[:, :, [0, -1]] = 0
    return field.astype(np.complex64)


def _pooled(field: np.ndarray) -> np.ndarray:
    """Returns float32 `(n, 128)` of unit length: the directions of 8 x 8 neighbourhoods."""
    parts = [gaussian_filter(x, (0, 2, 2))[:, 2::4, 2::4].reshape(len(field), -1) for x in (field.real, field.imag)]
    both = np.concatenate(parts, axis=1)
    return (both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-6)).astype(np.float32)


def _agreement(first: np.ndarray, second: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Returns `(m,)`: the correlation of directions of `first[i]` and `second[j]`, at the best shift."""
    a, b = _directions(first), _directions(second)
    product = np.fft.fft2(a, s=(ROOM, ROOM))[i] * np.fft.fft2(b, s=(ROOM, ROOM)).conj()[j]
    steps = np.arange(-SHIFT, SHIFT + 1) % ROOM
    best = np.fft.ifft2(product).real[:, steps][:, :, steps].max(axis=(1, 2), initial=-1.0)
    counts = [(x != 0).sum(axis=(1, 2)) for x in (a, b)]
    return best / np.maximum(np.sqrt(counts[0][i] * counts[1][j]), FEWEST)


def _equal(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns bool `(m,)`: whether no pixel is off by more than a tenth of the range, but for gain and offset."""
    a, b = (x.reshape(len(x), -1) - x.mean(axis=(1, 2))[:, None] for x in (first, second))
    gain = (a * b).sum(axis=1) / np.maximum((b * b).sum(axis=1), 1e-6)
    return np.abs(a - gain[:, None] * b).max(axis=1, initial=0) <= OFF * np.ptp(a, axis=1)
