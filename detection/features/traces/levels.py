"""Grey levels: one that one class leaves out between others, and the ends of the range."""

from __future__ import annotations

import numpy as np

from detection.features.traces.found import FEWEST, Found, best_cut, far_apart

REACH = 3  # levels of the grid to either side that say how often a level is to be expected
FEWEST_BESIDE = 6  # pixels that they must have on each side: the level is then expected about twice
STEEPEST = 4  # times that one side may have the pixels of the other: on the edge of a peak nobody can say what is due
END = 4  # levels from 0 and 255 that an honest generator may miss


# in so few pixels or levels nobody can say that one is left out
NOWHERE = Found("none", lambda images: np.full(len(images), np.nan))


class MissingLevel:
    """A level that an image leaves out though it uses the levels on both sides of it.

    So it is where a level was moved to its neighbour, or where values were rounded to fewer levels. The ends of the
    range do not count: a generator may well miss them. Images whose neighbouring levels are rare show nothing, nor do
    those in which they are common on one side only: MNIST has 26 times as many pixels at 253 as at 250, and what is due
    at 251 lies anywhere between.
    """

    def find(self, reals: np.ndarray, fakes: np.ndarray) -> Found:
        """Looks for the level that differs most; see the room's docstring."""
        counts = [level_counts(side) for side in (reals, fakes)]
        grid = np.flatnonzero(counts[0].sum(axis=0) + counts[1].sum(axis=0))
        inner = np.flatnonzero((grid >= END) & (grid <= 255 - END))
        if len(grid) < 2 * REACH + 1 or not len(inner):
            return NOWHERE
        seen = [_absent(side[:, grid]) for side in counts]
        able = [np.isfinite(side[:, inner]).sum(axis=0) for side in seen]
        both = np.minimum(*able)
        if both.max() < FEWEST:
            return NOWHERE
        apart = far_apart([np.nansum(side[:, inner], axis=0) for side in seen], able)
        at = int(inner[np.lexsort((both, apart))[-1]])  # of levels that differ equally, the one that most images show
        return Found(f"level {grid[at]}", lambda images: _absent(level_counts(images)[:, grid])[:, at])


class EndLevels:
    """No value near one end of the range: an image's brightest or darkest value."""

    def find(self, reals: np.ndarray, fakes: np.ndarray) -> Found:
        """Looks for the end, and the level there, by which the two differ most."""
        ends = [[_brightest(side), _darkest(side)] for side in (reals, fakes)]
        cuts = [best_cut(ends[0][end], ends[1][end]) for end in (0, 1)]
        gaps = [abs(float((ends[0][end] <= cuts[end]).mean() - (ends[1][end] <= cuts[end]).mean())) for end in (0, 1)]
        if gaps[0] >= gaps[1]:
            return Found(f"no value above {cuts[0]:.0f}", lambda images: (_brightest(images) <= cuts[0]).astype(float))
        return Found(f"no value below {255 - cuts[1]:.0f}", lambda images: (_darkest(images) <= cuts[1]).astype(float))


def level_counts(images: np.ndarray) -> np.ndarray:
    """Returns how many values of each image are at each of the 256 levels, int64 `(n, 256)`."""
    flat = images.reshape(len(images), -1).astype(np.int64)
    flat = flat + 256 * np.arange(len(flat))[:, None]
    return np.bincount(flat.ravel(), minlength=256 * len(images)).reshape(len(images), 256)


def _absent(counts: np.ndarray) -> np.ndarray:
    """Says of each image and level of a grid whether it is left out, float64 `(n, levels)`; NaN where nobody can say.

    Larger images must use the levels beside it more often: their values lie in fewer places together.
    """
    total = np.pad(np.cumsum(np.pad(counts, ((0, 0), (REACH, REACH))), axis=1), ((0, 0), (1, 0)))
    n = counts.shape[1]
    before = total[:, REACH : REACH + n] - total[:, :n]
    after = total[:, 2 * REACH + 1 : 2 * REACH + 1 + n] - total[:, REACH + 1 : REACH + 1 + n]
    needed = np.maximum(FEWEST_BESIDE, counts.sum(axis=1, keepdims=True) // 256)
    few, many = np.minimum(before, after), np.maximum(before, after)
    return np.where((few >= needed) & (many <= STEEPEST * few), (counts == 0).astype(float), np.nan)


def _brightest(images: np.ndarray) -> np.ndarray:
    return images.max(axis=(1, 2, 3)).astype(float)


def _darkest(images: np.ndarray) -> np.ndarray:
    return 255.0 - images.min(axis=(1, 2, 3))  # so that both ends grow towards the end
