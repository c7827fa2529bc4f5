"""Spectra of windows: what little changes when a picture is shifted, mirrored, turned, inverted, framed or captioned.

The magnitudes of a Fourier transform do not see where in the window the picture lies, nor whether it is the negative or
turned by 180 degrees; a Hann window takes frames and captions out of it (Reddy and Chatterji, "An FFT-Based Technique
for Translation, Rotation, and Scale-Invariant Image Registration", IEEE TIP 1996, use both). What mirroring and turns
by 90 degrees do to them is a sign in a suitable basis, so that all eight orientations cost one product of matrices.
"""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np

SIDE = 32  # pixels; what images are reduced to
RADIUS = 9  # cycles in a window; finer ones change with every compression
POWER = 0.3  # of magnitudes: else the few largest decide alone
ZOOMS = (1.0, 0.93, 0.865, 0.8)  # of the picture's width; one finds crops of 0.965 to 1.035 of it
FLAT = 1.0  # grey levels of standard deviation; below there is no picture to compare


@cache
def frequencies() -> np.ndarray:
    """Returns int64 `(m, 2)`: the frequencies in one half of the plane, in cycles in a window, down and across."""
    every = np.arange(-RADIUS, RADIUS + 1)
    down, across = (x.ravel() for x in np.meshgrid(every, every, indexing="ij"))
    half = (across > 0) | ((across == 0) & (down > 0))
    return np.stack([down, across], axis=1)[half & (down**2 + across**2 <= RADIUS**2)]


@cache
def orientation(code: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns what an orientation does to a spectrum: where each frequency's value was, and whether it is conjugated.

    Args:
        code: 0 for none, bit 0 mirrors left and right, bit 1 exchanges rows and columns, before. Turned by 180 degrees
            the spectrum is its conjugate, which is not among them.
    """
    known = {tuple(f): i for i, f in enumerate(frequencies().tolist())}
    at, conjugated = [], []
    for down, across in frequencies().tolist():
        if code & 1:
            across = -across
        if code & 2:
            down, across = across, down
        at.append(known.get((down, across), known.get((-down, -across))))
        conjugated.append((down, across) not in known)
    return np.array(at), np.array(conjugated)


@cache
def symmetries() -> tuple[np.ndarray, tuple[slice, ...]]:
    """Returns an orthonormal basis, float32 `(m, m)`, and its four parts, in each of which every orientation is a sign.

    The signs of the parts are `SIGNS`, one row for each orientation.
    """
    moves = np.stack([orientation(code)[0] for code in range(4)])
    columns: list[list[np.ndarray]] = [[], [], [], []]
    for start in range(len(frequencies())):
        if start != moves[:, start].min():
            continue  # one of each orbit
        for part, signs in enumerate(SIGNS.T):
            vector = np.zeros(len(frequencies()))
            np.add.at(vector, moves[:, start], signs)
            if np.abs(vector).max() > 0:
                columns[part].append(vector / np.linalg.norm(vector))
    ends = np.cumsum([0, *(len(part) for part in columns)])
    parts = tuple(slice(a, b) for a, b in itertools.pairwise(ends.tolist()))
    return np.stack([vector for part in columns for vector in part], axis=1).astype(np.float32), parts


SIGNS = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])


@cache
def _window(zoom: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns complex64 `(2 R + 1, 32)`, a windowed transform of one axis, and the window, `(32,)`."""
    at = np.arange(SIDE) + 0.5 - SIDE / 2
    window = np.where(np.abs(at) < SIDE * zoom / 2, np.cos(np.pi * at / (SIDE * zoom)) ** 2, 0.0)
    waves = np.exp(-2j * np.pi * np.outer(np.arange(-RADIUS, RADIUS + 1), at) / (SIDE * zoom))
    return (waves * window).astype(np.complex64), window.astype(np.float32)


def spectrum(grey: np.ndarray, zoom: float = 1.0) -> np.ndarray:
    """Returns complex64 `(n, m)` of unit length: the spectrum of the central part, weighted by its frequency.

    Photographs have magnitudes that fall with the frequency (Field, "Relations between the statistics of natural images
    and the response properties of cortical cells", JOSA A 1987); the weight makes all count alike.

    Args:
        grey: float32 `(n, 32, 32)`.
        zoom: How much of the width the part has. Defaults to `1.0`.
    """
    waves, window = _window(zoom)
    weights = np.outer(window, window)
    centred = grey - (np.tensordot(grey, weights, 2) / weights.sum())[:, None, None]
    half = np.matmul(centred, waves.T)  # (n, 32, across)
    full = np.matmul(waves, half)  # (n, down, across)
    at = frequencies() + RADIUS
    chosen = full[:, at[:, 0], at[:, 1]] * np.hypot(*frequencies().T).astype(np.float32)
    return chosen / np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-6)


def magnitudes(spectra: np.ndarray) -> np.ndarray:
    """Returns float32 `(n, m)` of unit length: magnitudes of spectra, in the basis of `symmetries`."""
    values = np.abs(spectra) ** POWER
    values -= values.mean(axis=1, keepdims=True)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
    return values @ symmetries()[0]
