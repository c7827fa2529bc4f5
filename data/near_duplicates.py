"""Near-duplicates: a perceptual hash proposes pairs of images, the distance of their pixels decides.

The thresholds were set by eye on CIFAR-10, where duplicates with nearly equal pixels had been taken out by its makers
and what is left are other crops, brightnesses and compressions of a picture (Barz and Denzler, "Do We Train on Test
Data?", J. Imaging 2020). Each test alone merges different pictures (ships on a sea, planes in a sky); both together
hardly do.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from PIL import Image

from data.chains import join

SIDE = 32  # pixels; larger images are averaged down to it for both tests
BITS = 10  # of 63 may differ; the next step, 12, adds as many wrong pairs as right ones
CORRELATION = 0.9  # at the best shift; at 0.85 to 0.9 about one pair in four shows different things
ALIKE = 0.95  # for aligned faces: 127 of 128 such pairs of CelebA are of one person, at 0.9 to 0.92 two in three
SHIFT = 3  # pixels of 32
FLAT = 1.0  # grey levels of standard deviation
PADDED = 36  # pixels, room for the shifts
CHUNK = 512  # images or pairs handled together
BATCH = 2**20  # pairs kept in memory before they are decided

RULE = (
    "Copies have equal pixels, or are near: averaged to {side} x {side}, a hash of 63 low DCT frequencies (above their "
    "median or not) differs in at most {bits} bits, and at the best shift of up to {shift} pixels the values, each "
    "channel's mean removed, correlate at {limit} or more. Near copies are chained."
)


def rule(alike: bool) -> str:
    """Returns the rule in words, see `near_duplicates`."""
    return RULE.format(side=SIDE, bits=BITS, shift=SHIFT, limit=ALIKE if alike else CORRELATION)


def near_duplicates(images: np.ndarray, *, alike: bool = False) -> np.ndarray:
    """Returns int64 `(m, 2)`: pairs of images that show the same picture, enough to chain all that belong together.

    Args:
        images: uint8 `(n, height, width, channels)`, at least 32 pixels high and wide.
        alike: Whether different images look much alike, as aligned faces do; then nearer ones only count. Defaults to
            `False`.
    """
    chunks = [_hash(_reduce(images[start : start + CHUNK])) for start in range(0, len(images), CHUNK)]
    hashes, textured = (np.concatenate(part) for part in zip(*chunks, strict=True))
    at = np.flatnonzero(textured)  # flat images have no picture to compare: equal pixels alone make them copies
    found = np.empty((0, 2), np.int64)
    for proposed in _proposed(hashes[at]):
        pairs = at[proposed]
        while len(pairs):
            part, pairs = pairs[:CHUNK], pairs[CHUNK:]
            near = _correlation(_reduce(images[part[:, 0]]), _reduce(images[part[:, 1]]))
            found = np.concatenate([found, part[near >= (ALIKE if alike else CORRELATION)]])
            chained = join(len(images), found)  # pairs that are chained already, as the frames of a film, need no look
            pairs = pairs[chained[pairs[:, 0]] != chained[pairs[:, 1]]]
    return found


def _hash(small: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns, for 32x32 images, uint64 `(n,)` hashes and bool `(n,)`: whether there is anything to hash.

    The bits say which of the 63 lowest frequencies of the grey image, but for its mean, exceed their median.
    The low-frequency DCT hash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010.
    """
    from scipy.fft import dct

    grey = small.mean(axis=3)
    low = dct(dct(grey, axis=1, norm="ortho")[:, :8], axis=2, norm="ortho")[:, :, :8].reshape(len(small), 64)[:, 1:]
    bits = low > np.median(low, axis=1, keepdims=True)
    hashes = np.packbits(np.pad(bits, ((0, 0), (0, 1))), axis=1).view(np.uint64).ravel()
    return hashes, grey.std(axis=(1, 2)) >= FLAT


def _proposed(hashes: np.ndarray) -> Iterator[np.ndarray]:
    """Yields, in batches, int64 `(m, 2)`: the pairs whose hashes differ in at most `BITS` bits, without trying all.

    Of four bands of 16 bits at least one differs in two bits or less if the whole differs in 11 or less, so it is
    enough to look up each band, and every variation of it in up to two bits, among the others (multi-index hashing:
    Norouzi, Punjani and Fleet, CVPR 2012).
    """
    flips = [0, *(1 << i for i in range(16)), *((1 << i) | (1 << j) for i, j in itertools.combinations(range(16), 2))]
    waiting, size = [np.empty((0, 2), np.int64)], 0
    for band in range(4):
        key = ((hashes >> np.uint64(16 * band)) & np.uint64(0xFFFF)).astype(np.int64)
        order = np.argsort(key, kind="stable")
        start = np.searchsorted(key[order], np.arange(2**16 + 1))
        for flip in flips:
            for pairs in _same_key(key ^ flip, order, start):
                close = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]) <= BITS
                waiting.append(pairs[close])
                size += int(close.sum())
                if size > BATCH:
                    yield np.unique(np.concatenate(waiting), axis=0)
                    waiting, size = [], 0
    yield np.unique(np.concatenate(waiting), axis=0) if waiting else np.empty((0, 2), np.int64)


def _same_key(wanted: np.ndarray, order: np.ndarray, start: np.ndarray) -> Iterator[np.ndarray]:
    """Yields `(m, 2)`: each position with the later ones in the bucket it wants, at most about `BATCH` at a time."""
    count = start[wanted + 1] - start[wanted]
    block = np.cumsum(count) // BATCH
    for rows in np.split(np.arange(len(wanted)), np.flatnonzero(np.diff(block)) + 1):
        left = np.repeat(rows, count[rows])
        before = np.repeat(np.cumsum(count[rows]) - count[rows], count[rows])
        right = order[np.repeat(start[wanted[rows]], count[rows]) + np.arange(len(left)) - before]
        yield np.stack([left, right], axis=1)[left < right]


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns `(m,)`: the correlation of images `(m, 32, 32, c)` at the best shift, over the pixels that then overlap.

    Each channel's mean over the overlap is removed. 0 where an image is flat.
    """
    from scipy.fft import irfft2, rfft2

    a, b = (x - x.mean(axis=(1, 2), keepdims=True, dtype=float) for x in (first, second))
    spectra = rfft2(a, s=(PADDED, PADDED), axes=(1, 2)) * rfft2(b, s=(PADDED, PADDED), axes=(1, 2)).conj()
    products = irfft2(spectra.sum(axis=3), s=(PADDED, PADDED), axes=(1, 2))  # of all shifts at once
    sums = [_integral(x) for x in (a, b, (a * a).sum(axis=3, keepdims=True), (b * b).sum(axis=3, keepdims=True))]
    best = np.zeros(len(a))
    for dy, dx in itertools.product(range(-SHIFT, SHIFT + 1), repeat=2):
        pixels = (SIDE - abs(dy)) * (SIDE - abs(dx))
        sum_a, square_a = _overlap(sums[0], dy, dx), _overlap(sums[2], dy, dx)[:, 0]
        sum_b, square_b = _overlap(sums[1], -dy, -dx), _overlap(sums[3], -dy, -dx)[:, 0]
        together = products[:, dy, dx] - (sum_a * sum_b).sum(axis=1) / pixels
        spread_a = square_a - (sum_a**2).sum(axis=1) / pixels
        spread_b = square_b - (sum_b**2).sum(axis=1) / pixels
        best = np.maximum(best, together / np.sqrt(np.maximum(spread_a, 1.0) * np.maximum(spread_b, 1.0)))
    return best


def _integral(values: np.ndarray) -> np.ndarray:
    return np.pad(values, ((0, 0), (1, 0), (1, 0), (0, 0))).cumsum(axis=1).cumsum(axis=2)


def _overlap(integral: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Returns `(m, c)`, the sums over what is left of an image that the other is shifted against by `dy`, `dx`."""
    top, bottom, left, right = max(dy, 0), SIDE + min(dy, 0), max(dx, 0), SIDE + min(dx, 0)
    inner = integral[:, bottom, right] - integral[:, top, right]
    return inner - integral[:, bottom, left] + integral[:, top, left]


def _reduce(images: np.ndarray) -> np.ndarray:
    """Returns float32 `(n, 32, 32, c)`, each value the mean of the area it stands for."""
    n, height, width, channels = images.shape
    if (height, width) == (SIDE, SIDE):
        return images.astype(np.float32)
    if height % SIDE == 0 and width % SIDE == 0:
        blocks = images.reshape(n, SIDE, height // SIDE, SIDE, width // SIDE, channels)
        return blocks.mean(axis=(2, 4), dtype=np.float32)
    small = np.empty((n, SIDE, SIDE, channels), np.float32)
    for i, image in enumerate(images):
        pixels = Image.fromarray(image if channels == 3 else image[:, :, 0])
        small[i] = np.asarray(pixels.resize((SIDE, SIDE), Image.Resampling.BOX)).reshape(SIDE, SIDE, channels)
    return small
