"""One image moved onto another, and how far their pixels then agree.

The motion is a shift, a turn and a change of size, found by Gauss-Newton steps on the squared difference under a window
(Lucas and Kanade, "An Iterative Image Registration Technique with an Application to Stereo Vision", IJCAI 1981; with
gain and offset as in Evangelidis and Psarakis, "Parametric Image Alignment Using Enhanced Correlation Coefficient
Maximization", IEEE TPAMI 2008).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter

from data.copies.propose import Proposed
from data.copies.spectra import SIDE

CHUNK = 512  # pairs moved together
STEPS = 6
LARGEST = np.array([[-0.1, -0.1, -2.0, -2.0], [0.1, 0.1, 2.0, 2.0]])  # of a step: size, turn in radians, pixels
STRANGE = 0.5  # standard deviations; pixels that differ by more hardly count (Cauchy's weights), as those of captions
RIM = 4  # pixels of 32, as wide as frames may be
BLURRED = 0.7  # pixels, so that gradients mean something
FINE = BLURRED, 1.5  # pixels; what is smoother is left away: skies, lawns and backgrounds are alike everywhere
COARSE = 1.4, 4.0  # pixels, of images that have nothing finer
SMOOTH = 16.0  # squared grey levels that no block's fine details reach in such an image
BLOCKS = 4  # on a side
CAUTION = 1.5  # standard errors by which a correlation is lowered, as if each block that has details were one value;
# twice as many for coarse details, of which a block has fewer
FAINT = 4.0  # squared grey levels of details; weaker ones are noise, and get no more weight
KEPT = 0.75  # of the blocks; the others may be a frame, a caption or something that moved
FEWEST = 0.5  # of a block's pixels, and of the blocks, must lie on both images


def agreement(grey: np.ndarray, others: np.ndarray, pairs: Proposed) -> np.ndarray:
    """Returns `(m,)`: how far the pixels of pairs agree once they lie on each other, in [-1, 1].

    It is the correlation of the details of both images, over the three quarters of their blocks that agree best.

    Args:
        grey: `(n, 32, 32)`.
        others: `(k, 32, 32)`, of the positions from `n` on.
        pairs: The pairs, and how they lie.
    """
    values = [np.empty(0)]
    for start in range(0, len(pairs), CHUNK):
        some = pairs[start : start + CHUNK]
        first, second = (_taken(grey, others, at) for at in (some.first, some.second))
        still = np.zeros((len(some), 4), np.float32)
        still[:, 0] = some.zoom - 1
        first = _sampled(first, _places(_grid(), still))[0].reshape(first.shape)
        second = oriented(second, some.code) * np.where(some.peak < 0, -1, 1)[:, None, None].astype(np.float32)
        moved, inside = _moved(first, second, some.shift)
        moved, inside = moved.reshape(first.shape), inside.reshape(first.shape)
        whole = _seen(first, moved, inside)
        inner = (x[:, RIM:-RIM, RIM:-RIM] for x in (first, moved, inside))  # without what may be a frame
        values.append(np.maximum(whole, _seen(*inner)))
    return np.concatenate(values)


def _seen(first: np.ndarray, second: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Returns how far details agree: the fine ones, and the coarse ones of images that have none but noise."""
    a, b = (_details(x, FINE) for x in (first, second))
    value = _agree(a, b, inside, CAUTION)
    strongest = np.maximum(*((_blocks(x) ** 2).mean(axis=2).max(axis=1, initial=0) for x in (a, b)))
    smooth = np.flatnonzero(strongest < SMOOTH)
    a, b = (_details(x[smooth], COARSE) for x in (first, second))
    value[smooth] = np.maximum(value[smooth], _agree(a, b, inside[smooth], 2 * CAUTION))
    return value


def _taken(grey: np.ndarray, others: np.ndarray, at: np.ndarray) -> np.ndarray:
    taken = np.empty((len(at), SIDE, SIDE), np.float32)
    mine = at < len(grey)
    taken[mine] = grey[at[mine]]
    taken[~mine] = others[at[~mine] - len(grey)]
    return taken


def oriented(images: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Returns images as `Proposed.code` turns and mirrors them."""
    out = images.copy()
    for bit in (2, 1, 4):
        at = np.flatnonzero(code & bit)
        out[at] = {1: out[at][:, :, ::-1], 2: out[at].transpose(0, 2, 1), 4: out[at][:, ::-1, ::-1]}[bit]
    return out


@cache
def _grid(side: int = SIDE) -> np.ndarray:
    """Returns float32 `(2, side * side)`: where the points of a grid lie, down and right, in [-1, 1]."""
    line = ((np.arange(side) + 0.5) / side * 2 - 1).astype(np.float32)
    return np.stack([x.ravel() for x in np.meshgrid(line, line, indexing="ij")])


def _sampled(images: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns `(m, p)`: images at places `(m, 2, p)`, in pixels from the middle, and whether these lie on the image."""
    y, x = at[:, 0] + (SIDE - 1) / 2, at[:, 1] + (SIDE - 1) / 2
    inside = (y > -0.75) & (y < SIDE - 0.25) & (x > -0.75) & (x < SIDE - 0.25)
    y, x = np.clip(y, 0, SIDE - 1.001), np.clip(x, 0, SIDE - 1.001)
    top, left = y.astype(np.int32), x.astype(np.int32)
    y, x = y - top, x - left
    corner = top * SIDE + left + (np.arange(len(images), dtype=np.int32) * SIDE * SIDE)[:, None]
    flat = images.ravel()
    upper = flat[corner] * (1 - x) + flat[corner + 1] * x
    lower = flat[corner + SIDE] * (1 - x) + flat[corner + SIDE + 1] * x
    return upper * (1 - y) + lower * y, inside


def _moved(first: np.ndarray, second: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns `second` moved onto `first`, from where a shift has it, and which pixels it then covers."""
    grid = _grid(SIDE // 2)  # every other pixel is enough to find the motion
    y, x = grid
    window = (np.cos(np.pi * y / 2) * np.cos(np.pi * x / 2)) ** 2
    window /= window.sum()
    smooth = gaussian_filter(second, (0, BLURRED, BLURRED))
    still = np.zeros((len(first), 4), np.float32)
    goal = _scaled(_sampled(gaussian_filter(first, (0, BLURRED, BLURRED)), _places(grid, still))[0], window)
    motion = np.concatenate([np.zeros((len(shift), 2)), shift], axis=1).astype(np.float32)
    best, score = motion.copy(), np.full(len(shift), -1.0)
    for step in range(STEPS + 1):
        now = _scaled(_sampled(smooth, _places(grid, motion))[0], window)
        like = (now * goal) @ window
        better = like > score
        best[better], score[better] = motion[better], like[better]
        if step < STEPS:
            motion = motion + _step(now, goal, grid, window)
    return _sampled(second, _places(_grid(), best))


def _step(now: np.ndarray, goal: np.ndarray, grid: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Returns `(m, 4)`, by how much to change size, turn and shift so that `now` comes nearer to `goal`."""
    y, x = grid * (SIDE / 2)
    side = SIDE // 2
    down, right = (
        slope.reshape(len(now), -1) / 2 for slope in np.gradient(now.reshape(-1, side, side), axis=(1, 2))
    )  # in pixels, of which the grid has every other
    slopes = np.stack([down * y + right * x, down * x - right * y, down, right], axis=1)
    slopes -= (slopes @ window)[:, :, None]
    weighted = slopes * (window / (1 + ((goal - now) / STRANGE) ** 2))[:, None]
    normal = weighted @ slopes.transpose(0, 2, 1)
    damping = 1e-3 * normal[:, range(4), range(4)] + 1e-6
    normal[:, range(4), range(4)] += damping
    delta = np.linalg.solve(normal, weighted @ (goal - now)[:, :, None])[:, :, 0]
    return np.clip(delta, *LARGEST).astype(np.float32)


def _places(grid: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Returns `(m, 2, p)`: where points of a grid come from, for changes of size and turns, and shifts in pixels."""
    grid = grid * (SIDE / 2)
    size, turn = 1 + motion[:, 0, None], motion[:, 1, None]
    return np.stack(
        [size * grid[0] + turn * grid[1] + motion[:, 2, None], size * grid[1] - turn * grid[0] + motion[:, 3, None]],
        axis=1,
    )


def _scaled(values: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Returns `(m, p)` of mean 0 and variance 1 under a window that sums to 1."""
    centred = values - (values @ window)[:, None]
    return centred / np.sqrt(np.maximum((centred * centred) @ window, 1e-6))[:, None]


def _details(images: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    # mode nearest: beyond the rim nothing shines in
    fine, coarse = (gaussian_filter(images, (0, sigma, sigma), mode="nearest") for sigma in band)
    return fine - coarse


def _agree(first: np.ndarray, second: np.ndarray, inside: np.ndarray, caution: float) -> np.ndarray:
    """Returns the correlation of details over the blocks that agree best; -1 where images hardly overlap.

    No block counts for more than the middle one does: else a dark ship on a bright sea is every dark ship.
    """
    a, b = (_blocks(np.where(inside, x, 0)) for x in (first, second))
    used = _blocks(inside).mean(axis=2) >= FEWEST
    squares, products, theirs = (a * a).mean(axis=2), (a * b).mean(axis=2), (b * b).mean(axis=2)
    # both get one strength, so that what is left over in a block can be told
    strength = (squares * used).sum(axis=1) / np.maximum((theirs * used).sum(axis=1), 1e-9)
    products, theirs = products * np.sqrt(strength)[:, None], theirs * strength[:, None]
    power = (squares + theirs) / 2
    middle = np.median(np.where(used, power, -1.0), axis=1)[:, None]
    weight = used * np.minimum(1, np.maximum(middle, FAINT) / np.maximum(power, 1e-9))
    lack = np.where(used, weight * (squares + theirs - 2 * products), np.inf)
    place = np.argsort(np.argsort(lack, axis=1, kind="stable"), axis=1, kind="stable")
    weight = weight * (place < np.ceil(KEPT * used.sum(axis=1))[:, None])
    together, mine, other = ((weight * x).sum(axis=1) for x in (products, squares, theirs))
    value = together / np.sqrt(np.maximum(mine * other, 1e-9))
    kept = (weight > 0) * power
    blocks = kept.sum(axis=1) ** 2 / np.maximum((kept**2).sum(axis=1), 1e-9)
    bound = np.tanh(np.arctanh(np.clip(value, -0.9999, 0.9999)) - caution / np.sqrt(np.maximum(blocks, 1.0)))
    return np.where(used.mean(axis=1) >= FEWEST, bound, -1.0)


def _blocks(values: np.ndarray) -> np.ndarray:
    """Returns `(m, blocks, pixels)`."""
    side = values.shape[1] // BLOCKS
    split = values.reshape(len(values), BLOCKS, side, BLOCKS, side).transpose(0, 1, 3, 2, 4)
    return split.reshape(len(values), BLOCKS * BLOCKS, side * side)
