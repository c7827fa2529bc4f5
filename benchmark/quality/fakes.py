"""The fakes that quality is measured on: from one seed for every checkpoint, on the value grid of the real images."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmark import adapt, bank
from benchmark.quality.references import References
from data.imageset import ImageSet, snap

SEED = 2018  # not that of any bank: no detector is trained or tested on these fakes


def draw(generator: Any, images: ImageSet, against: References) -> np.ndarray:
    """Returns fakes, uint8 `(m, h, w, c)`: as many as there are held-out images, or as the generator has.

    A conditional generator is asked for what the held-out images show, and one that works on real images gets them.
    """
    available = getattr(generator, "n_available", None)
    n = against.n if available is None else min(against.n, available)
    held = against.held[:n]
    sources = np.array(images.images[held]) if bank.wants_sources(generator) else None
    labels = adapt.requested(generator, images, held)
    fakes = adapt.sample(generator, n, seed=SEED, sources=sources, shape=images.shape, labels=labels)
    return snap(fakes, images.value_grid)
