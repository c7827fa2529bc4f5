"""Pairs that may be copies: near by the magnitudes of their spectra, and then by the spectra at the best shift."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from data.copies import spectra as sp

LIKE = 0.7  # correlation of magnitudes; one in a thousand pairs of different photographs reaches it
NEAREST = 8  # pairs that each image may propose with each crop, so that sets of alike images stay bounded
ROWS, COLUMNS = 512, 2048  # images compared in one product: its results stay in the processor's cache
PAIRS = 2048  # pairs looked at together
REACH = 4  # pixels of 32: shifts that are tried
PEAK = 0.7  # correlation of spectra at the best shift
NEXT = 0.1  # orientations are tried that are so near to the best one


@dataclass(frozen=True)
class Proposed:
    """Pairs with how the second would lie on the first; all of length `m`.

    Attributes:
        first: Positions of the images of which the central `zoom` is compared.
        second: Positions of the images that are compared whole.
        zoom: Of the first, one of `spectra.ZOOMS`.
        code: Orientation of the second: bit 0 mirrors it left and right, bit 1 exchanges rows and columns before, bit 2
            turns it by 180 degrees.
        shift: `(m, 2)`, where the second then lies, down and right, in pixels.
        peak: The correlation of the spectra, in [-1, 1]; below 0 for a negative.
    """

    first: np.ndarray
    second: np.ndarray
    zoom: np.ndarray
    code: np.ndarray
    shift: np.ndarray
    peak: np.ndarray

    def __getitem__(self, at: np.ndarray | slice) -> Proposed:
        return Proposed(*(getattr(self, one.name)[at] for one in fields(self)))

    def __len__(self) -> int:
        return len(self.first)


def proposed(grey: np.ndarray, others: np.ndarray | None = None, *, zooms: tuple[float, ...] = sp.ZOOMS) -> Proposed:
    """Returns pairs of images that may be copies, the likeliest first.

    Args:
        grey: `(n, 32, 32)`.
        others: `(k, 32, 32)`, whose positions count from `n` on; pairs are then of one of each. Defaults to `None`,
            pairs among `grey`.
        zooms: How much of the width of one of the two is tried. Defaults to `spectra.ZOOMS`.
    """
    n = len(grey)
    if n < (2 if others is None else 1) or (others is not None and not len(others)):
        return _nothing()
    whole = _spectra(grey, 1.0)
    near = sp.magnitudes(whole)
    theirs = whole if others is None else _spectra(others, 1.0)
    far = near if others is None else sp.magnitudes(theirs)
    found = [_nothing()]
    for zoom in zooms:
        mine = whole if zoom == 1.0 else _spectra(grey, zoom)
        rows = near if zoom == 1.0 else sp.magnitudes(mine)
        if others is None:
            found += _looked_at(mine, theirs, _nearest(rows, near, zoom == 1.0, True), zoom)
            continue
        found += [_placed(one, 0, n) for one in _looked_at(mine, theirs, _nearest(rows, far), zoom)]
        if zoom < 1.0:
            close = _spectra(others, zoom)
            pairs = _nearest(sp.magnitudes(close), near)
            found += [_placed(one, n, 0) for one in _looked_at(close, whole, pairs, zoom)]
    return _once(Proposed(*(np.concatenate([getattr(one, f.name) for one in found]) for f in fields(Proposed))))


def _nothing() -> Proposed:
    at, none = np.empty(0, np.int64), np.empty(0)
    return Proposed(at, at, none, at, np.empty((0, 2), np.int64), none)


def _once(pairs: Proposed) -> Proposed:
    """Returns the pairs, the likeliest first, each only in the way that is likeliest."""
    pairs = pairs[np.argsort(-np.abs(pairs.peak), kind="stable")]
    ends = np.sort(np.stack([pairs.first, pairs.second], axis=1), axis=1)
    _, first = np.unique(ends, axis=0, return_index=True)
    return pairs[np.sort(first)]


def _placed(one: Proposed, first: int, second: int) -> Proposed:
    return Proposed(one.first + first, one.second + second, one.zoom, one.code, one.shift, one.peak)


def _spectra(grey: np.ndarray, zoom: float) -> np.ndarray:
    chunks = [sp.spectrum(grey[i : i + PAIRS].astype(np.float32), zoom) for i in range(0, len(grey), PAIRS)]
    return np.concatenate(chunks)


def _nearest(rows: np.ndarray, columns: np.ndarray, half: bool = False, same: bool = False) -> np.ndarray:
    """Returns int64 `(m, 2)`: for each row the columns that are nearest in the best orientation, if near enough.

    Args:
        rows: float32 `(n, m)`, of `spectra.magnitudes`.
        columns: `(k, m)`.
        half: Whether a pair is enough in one order. Defaults to `False`.
        same: Whether both are of the same images, of which none is its own copy. Defaults to `False`.
    """
    found = [np.empty((0, 2), np.int64)]
    for top in range(0, len(rows), ROWS):
        at, to, value = [], [], []
        for left in range(top - top % COLUMNS if half else 0, len(columns), COLUMNS):
            like = _best(rows[top : top + ROWS], columns[left : left + COLUMNS])
            if same and left < top + ROWS and top < left + COLUMNS:
                i, j = np.arange(top, top + len(like))[:, None], np.arange(left, left + like.shape[1])
                like[(j <= i) if half else (j == i)] = -1
            close = np.flatnonzero(like > LIKE)
            if len(close) > 4 * NEAREST * len(like):  # alike images: only the nearest are kept from here on
                k = min(NEAREST, like.shape[1] - 1)
                least = np.partition(like, -k, axis=1)[:, -k]
                close = np.flatnonzero(like >= np.maximum(least, LIKE)[:, None])
            i, j = np.divmod(close, like.shape[1])
            at.append(i + top)
            to.append(j + left)
            value.append(like.ravel()[close])
        row, column, near = np.concatenate(at), np.concatenate(to), np.concatenate(value)
        order = np.lexsort((column, -near, row))
        row, column = row[order], column[order]
        place = np.arange(len(row)) - np.searchsorted(row, row)
        found.append(np.stack([row, column], axis=1)[place < NEAREST])
    return np.concatenate(found)


def _best(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns float32 `(n, k)`: the correlation of magnitudes in the orientation that suits best."""
    p = [a[:, part] @ b[:, part].T for part in sp.symmetries()[1]]
    straight, turned = p[0] + p[1], p[0] - p[1]
    np.subtract(p[2], p[3], out=p[0])
    p[2] += p[3]
    straight += np.abs(p[2], out=p[2])
    turned += np.abs(p[0], out=p[0])
    return np.maximum(straight, turned, out=straight)


def _looked_at(first: np.ndarray, second: np.ndarray, pairs: np.ndarray, zoom: float) -> Iterator[Proposed]:
    """Yields those of the pairs whose spectra agree at some shift, with the orientation and the shift."""
    parts = sp.symmetries()[1]
    for start in range(0, len(pairs), PAIRS):
        i, j = pairs[start : start + PAIRS].T
        a, b = first[i], second[j]
        x, y = sp.magnitudes(a), sp.magnitudes(b)
        like = np.stack([np.einsum("np,np->n", x[:, part], y[:, part]) for part in parts], axis=1) @ sp.SIGNS.T
        tried = like >= np.maximum(LIKE - 1e-4, like.max(axis=1) - NEXT)[:, None]
        pair, code = np.nonzero(tried)
        moved = np.empty((len(pair), b.shape[1]), np.complex64)
        for one in range(4):
            at, conjugated = sp.orientation(one)
            here = code == one
            moved[here] = np.where(conjugated, b[pair[here]][:, at].conj(), b[pair[here]][:, at])
        # turned by 180 degrees a spectrum is its conjugate
        values = np.stack([_shifted(a[pair] * moved.conj()), _shifted(a[pair] * moved)], axis=1)
        flat = np.abs(values).reshape(len(pair), -1).argmax(axis=1)
        turned, place = np.divmod(flat, values.shape[2])
        peak = values[np.arange(len(pair)), turned, place]
        some = np.abs(peak) >= PEAK
        shift = np.stack(np.divmod(place, 2 * REACH + 1), axis=1)[some] - REACH
        yield Proposed(
            i[pair[some]], j[pair[some]], np.full(int(some.sum()), zoom), (code + 4 * turned)[some], shift, peak[some]
        )  # fmt: skip


@cache
def _waves() -> tuple[np.ndarray, np.ndarray]:
    steps = np.arange(-REACH, REACH + 1)
    down, right = (x.ravel() for x in np.meshgrid(steps, steps, indexing="ij"))
    angle = -2 * np.pi * sp.frequencies() @ np.stack([down, right]) / sp.SIDE
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _shifted(product: np.ndarray) -> np.ndarray:
    """Returns float32 `(m, 81)`: the correlation for each shift of the second, from the product of two spectra."""
    cosine, sine = _waves()
    return product.real @ cosine - product.imag @ sine
