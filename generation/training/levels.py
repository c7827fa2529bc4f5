"""From a network's output to grey levels. No Keras."""

from __future__ import annotations

import numpy as np


def levels(output: np.ndarray, kind: str) -> np.ndarray:
    """Rounds a network's output to the nearest of 256 grey levels, halves to even: uint8 of the same shape."""
    scaled = (output + 1.0) * 127.5 if kind == "tanh" else output * 255.0
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
