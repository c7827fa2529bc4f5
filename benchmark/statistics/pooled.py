"""Sets of images of one source: how well they are told apart by the mean of their scores.

What is asked is about sets that could be drawn: the mean over m images, each drawn alone from all that the source
makes. The images at hand stand for that source, and the distribution of a sum of m of them is computed, on a grid of
scores, instead of being drawn: m at once multiply its Fourier transform. So no set is drawn by chance, none shares
images with another in a way that an interval would have to know, and every image is used.

What an image adds to the AUC of sets is the chance that a set of it and m - 1 others is ranked right. With m = 1 these
are DeLong's components, and for any m they are put together as those are, over units where images come in units. The
interval is symmetrical on the probit scale, on which the AUC of sets grows with the root of m.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import scipy
from scipy import special

from benchmark.statistics import intervals
from benchmark.statistics.cells.ranked import sides
from benchmark.statistics.cells.rates import Row
from benchmark.statistics.clusters import Clusters
from benchmark.statistics.delong import Components, differences
from benchmark.statistics.ranking import Ranking

FINE = 24  # steps of the grid in a standard deviation of the narrower side
MOST = 512  # steps in all
SURE = 1e-6  # a chance of a wrong order below which it is taken from mean and variance
BEYOND = "conservative bound: few images are on the wrong side"


@dataclass(frozen=True)
class Grid:
    """Where scores may lie: from `low` on, `steps` steps of `width`. A score outside counts as the nearer end.

    The ends are those of the validation images, so that no image counts for more than was known before the test.

    Example:
        >>> grid = Grid.of(np.array([0.0, 1.0, 3.0, 4.0]), np.array([False, False, True, True]))
        >>> grid.low, grid.steps, grid.places(np.array([-9.0, 2.0, 9.0])).tolist()
        (0.0, 192, [0.0, 96.0, 192.0])
    """

    low: float
    width: float
    steps: int

    @classmethod
    def of(cls, scores: np.ndarray, is_fake: np.ndarray) -> Grid:
        """Returns the grid of validation scores `(n,)`."""
        low, high = float(scores.min()), float(scores.max())
        spread = min(float(scores[is_fake == side].std()) for side in (False, True))
        steps = int(np.clip(np.ceil((high - low) / max(spread / FINE, (high - low) / MOST, 1e-300)), 16, MOST))
        return cls(low, max(high - low, 1e-300) / steps, steps)

    def places(self, scores: np.ndarray) -> np.ndarray:
        """Returns where scores lie, in steps from the lower end."""
        return np.clip((scores - self.low) / self.width, 0, self.steps)


class Pool:
    """The images of the two sides of a cell.

    Args:
        scores: float `(n,)`, higher is more likely fake.
        is_fake: bool `(n,)`.
        groups: The units of the images, as `metrics.measure` takes them. Defaults to `None`, each alone.
        grid: Defaults to `None`, that of these scores.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> is_fake = np.repeat([False, True], 400)
        >>> pool = Pool(rng.normal(size=800) + is_fake, is_fake)
        >>> [round(pool.auc(m)[0], 2) for m in (1, 4, 16)]
        [0.77, 0.93, 1.0]
    """

    def __init__(self, scores: Any, is_fake: Any, groups: Any = None, grid: Grid | None = None) -> None:
        self.scores, self.is_fake = np.asarray(scores, float), np.asarray(is_fake, bool)
        self.clusters = Clusters.of(groups, self.is_fake)
        self.grid = grid or Grid.of(self.scores, self.is_fake)
        self.places = self.grid.places(self.scores)
        self.most = min(self.clusters.touched(self.is_fake), self.clusters.touched(~self.is_fake))
        # of each number of images several things are asked, all of which follow from these
        self._ranks = lru_cache(maxsize=None)(lambda m: self._ranked(m, *self.masses))
        self._probits = lru_cache(maxsize=None)(self._bounded)

    @cached_property
    def masses(self) -> tuple[np.ndarray, np.ndarray]:
        """How likely a real image, and a fake, is at each step of the grid."""
        return _mass(self.places[~self.is_fake], self.grid.steps), _mass(self.places[self.is_fake], self.grid.steps)

    @cached_property
    def _few_wrong(self) -> bool:
        ranking = Ranking.of(self.scores, self.is_fake)
        return self.clusters.touched(ranking.wrong_at_cut()) < intervals.FEW

    def auc(self, m: int, level: float = 0.95) -> Row:
        """Returns the AUC of sets of `m` images, its interval, and a note."""
        _, low, high = self.probit(m, level)
        value = self._ranks(m)[0]
        note = BEYOND if self._few_wrong else ""
        return value, min(float(special.ndtr(low)), value), max(float(special.ndtr(high)), value), note

    def probit(self, m: int, level: float = 0.95) -> tuple[float, float, float]:
        """Returns the probit of the AUC of sets of `m` images and the ends of its interval, which have no bounds."""
        return self._probits(m, level)

    def _bounded(self, m: int, level: float) -> tuple[float, float, float]:
        z, chances = self._probit(m, self._ranks(m), *self.masses)
        if chances is None:
            parts = self._far(m, z)
        else:
            slope = m / float(scipy.stats.norm.pdf(z))
            value = float(special.ndtr(z))
            parts = [z + slope * (self._at(side, chance) - value) for side, chance in enumerate(chances)]
        low, high = self._interval(z, Components(0.5, parts[1], parts[0]), level)
        unseen = self._unseen(z >= 0, level)
        end = self._probit(m, self._ranked(m, *unseen), *unseen)[0]  # as of few images the worst are not seen
        return (z, min(low, end), high) if z >= 0 else (z, low, max(high, end))

    def rate(self, m: int, cut: float, fake: bool, level: float = 0.95) -> Row:
        """Returns how often a set of `m` images of one side is called fake: its mean is `cut` or more."""
        at, mass = m * (cut - self.grid.low) / self.grid.width, self.masses[fake]
        value = float(_above(mass, m, at))
        chances = _above(mass, m - 1, at - np.arange(self.grid.steps + 1))
        called = self.scores[self.is_fake == fake] >= cut
        z = float(special.ndtri(np.clip(value, SURE, 1 - SURE)))
        parts = z + m / float(scipy.stats.norm.pdf(z)) * (self._at(int(fake), chances) - value)
        ends = special.ndtr(self._interval(z, Components(0.5, parts, np.zeros(2)), level, of=fake))
        # a few images far out decide how wide the sums are, and where they happen to be missing nothing else tells
        unseen, n = -np.log((1 - level) / 2), self.clusters.effective(self.is_fake == fake)
        least, most = (float(_above(_with(mass, n, unseen, top), m, at)) for top in (False, True))
        few = min(called.sum(), (~called).sum()) < intervals.FEW
        return value, min(float(ends[0]), value, least), max(float(ends[1]), value, most), BEYOND if few else ""

    def cut(self, m: int) -> float:
        """Returns the mean score from which on a set of `m` images is called fake, by the largest balanced accuracy.

        To be asked of validation images.
        """
        real, fake = (_tails(_sum(mass, m)) for mass in self.masses)
        gain = fake - real
        best = np.flatnonzero(gain >= gain.max() - 1e-9)
        return self.grid.low + self.grid.width * float(best[len(best) // 2]) / m

    def _ranked(self, m: int, real: np.ndarray, fake: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Returns the AUC of sets, and by the place of one of its images the chance that a set is ranked right."""
        steps = len(real) - 1
        n = scipy.fft.next_fast_len(2 * m * steps + 1, real=True)
        of_real, of_fake = np.conj(np.fft.rfft(real, n)), np.fft.rfft(fake, n)
        without = of_real ** (m - 1), of_fake ** (m - 1)
        less = np.fft.irfft(without[0] * of_fake**m, n)  # a set of fakes less all but one image of a set of reals
        more = np.fft.irfft(np.conj(of_real**m * without[1]), n)  # a set of reals less all but one image of fakes
        top = m * steps + 1
        by_real = np.clip(_tails(less[:top])[: steps + 1], 0, 1)
        by_fake = np.clip(1 - _tails(more[:top])[: steps + 1], 0, 1)
        value = float(np.clip(by_fake @ fake, 0, 1))
        return value, by_real, by_fake

    def _probit(
        self, m: int, ranked: tuple[float, np.ndarray, np.ndarray], real: np.ndarray, fake: np.ndarray
    ) -> tuple[float, tuple[np.ndarray, np.ndarray] | None]:
        """Returns the probit of the AUC, and the chances of `_ranked`; none where it is that of normal sums."""
        value, *chances = ranked
        if min(value, 1 - value) >= SURE:
            return float(special.ndtri(value)), (chances[0], chances[1])
        (one, spread), (other, wide) = _moments(real), _moments(fake)
        return float(np.sqrt(m) * (other - one) / np.sqrt(max(spread + wide, 1e-12))), None

    def _far(self, m: int, z: float) -> list[np.ndarray]:
        """Returns what each image adds to the probit where sets are hardly ever ranked wrong: that of normal sums."""
        (one, spread), (other, wide) = (_moments(mass) for mass in self.masses)
        both = max(spread + wide, 1e-12)
        parts = []
        for fake, (mean, variance) in enumerate(((one, spread), (other, wide))):
            off = self.places[self.is_fake == bool(fake)] - mean
            shift = (1 if fake else -1) * off / np.sqrt(both) - (other - one) * (off**2 - variance) / (2 * both**1.5)
            parts.append(z + np.sqrt(m) * shift)
        return parts

    def _at(self, side: int, chances: np.ndarray) -> np.ndarray:
        places = self.places[self.is_fake == bool(side)]
        return np.interp(places, np.arange(len(chances)), chances)

    def _interval(self, z: float, part: Components, level: float, of: bool | None = None) -> tuple[float, float]:
        groups = sides(self.is_fake, self.clusters)
        if of is not None and groups[0] is not None and groups[1] is not None:
            groups = groups[0] if of else groups[1], self.clusters.count + np.arange(2)
        variance, df = differences([part], groups_fake=groups[0], groups_real=groups[1])
        half = special.stdtrit(df[0], (1 + level) / 2) * np.sqrt(max(variance[0], 0.0))
        return float(z - half), float(z + half)

    def _unseen(self, separated: bool, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Returns the masses with the worst images that may be among those that nobody has seen.

        With the shares p and q of such reals and fakes, n of each show none with a chance of (1 - p)^n (1 - q)^n: both
        together may be as many as `-log(1 - level)` images. It is the bound of the AUC at a perfect separation.
        """
        unseen = -np.log(1 - level) / 2
        n = [self.clusters.effective(self.is_fake == fake) for fake in (False, True)]
        real, fake = self.masses
        return _with(real, n[0], unseen, separated), _with(fake, n[1], unseen, not separated)


def smallest(reaches: Callable[[int], bool], most: int) -> int | None:
    """Returns the smallest number of images from 1 to `most` that reaches something, `None` if `most` does not.

    Example:
        >>> smallest(lambda m: m * m >= 50, 64)
        8
    """
    if not reaches(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def _mass(places: np.ndarray, steps: int) -> np.ndarray:
    """Shares each image between the two steps beside it, which keeps the mean."""
    below = np.minimum(places.astype(int), steps - 1)
    share = places - below
    mass = np.bincount(below, 1 - share, steps + 1) + np.bincount(below + 1, share, steps + 1)
    return np.asarray(mass / len(places))


def _moments(mass: np.ndarray) -> tuple[float, float]:
    """Returns mean and variance, in steps."""
    at = np.arange(len(mass))
    mean = float(mass @ at)
    return mean, float(mass @ (at - mean) ** 2)


def _with(mass: np.ndarray, n: float, unseen: float, top: bool) -> np.ndarray:
    more = mass * n
    more[-1 if top else 0] += unseen
    return np.asarray(more / (n + unseen))


def _sum(mass: np.ndarray, m: int) -> np.ndarray:
    """Returns the distribution of the sum of `m` draws."""
    length = m * (len(mass) - 1) + 1
    n = scipy.fft.next_fast_len(length, real=True)
    return np.asarray(np.fft.irfft(np.fft.rfft(mass, n) ** m, n)[:length])


def _tails(mass: np.ndarray) -> np.ndarray:
    """Returns the chance of more than each step, and half of that of the step itself."""
    return np.asarray(np.cumsum(mass[::-1])[::-1] - mass / 2)


def _above(mass: np.ndarray, m: int, at: Any) -> np.ndarray:
    """Returns the chance that the sum of `m` draws is at or above places."""
    tails = np.clip(_tails(_sum(mass, m)), 0, 1) if m else np.array([0.5])
    return np.interp(at, np.arange(-1, len(tails) + 1), np.r_[1.0, tails, 0.0])
