"""The fakes that quality is measured on: from one seed for every checkpoint, on the value grid of the real images.

And which of the images belong together: those of one unit of the ledger are not independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmark.plugins import adapt
from benchmark.quality.references import References
from data.imageset import ImageSet, snap
from data.ledger import Ledger

SEED = 2018  # not that of any bank: no detector is trained or tested on these fakes


def draw(generator: Any, images: ImageSet, against: References) -> np.ndarray:
    """Returns fakes, uint8 `(m, h, w, c)`: as many as there are held-out images, or as the generator has.

    A conditional generator is asked for what the held-out images show, and one that works on real images gets them.
    """
    available = getattr(generator, "n_available", None)
    n = against.n if available is None else min(against.n, available)
    held = against.held[:n]
    sources = np.array(images.images[held]) if adapt.wants_sources(generator) else None
    labels = adapt.requested(generator, images, held)
    fakes = adapt.sample(generator, n, seed=SEED, sources=sources, shape=images.shape, labels=labels)
    return snap(fakes, images.value_grid)


@dataclass(frozen=True)
class Together:
    """Units of images that are not independent, int `(n,)`, or `None` where all are.

    Attributes:
        held: Of real images that were held out.
        seen: Of as many that the generator was trained on.
        fake: Of the fakes: the units of the real images that they were made from, or their own.
    """

    held: np.ndarray | None = None
    seen: np.ndarray | None = None
    fake: np.ndarray | None = None


def together(generator: Any, ledger: Ledger, against: References, n: int) -> Together:
    """Returns what belongs together of the first `n` images that `draw` gives and of as many real ones of each kind."""
    held, seen = ledger.units[against.held[:n]], ledger.units[against.seen[:n]]
    if adapt.wants_sources(generator):
        return Together(held, _several(seen), held)  # each fake is of one unit with its source, if with no other
    if callable(drawn := getattr(generator, "units_drawn", None)):  # finished images, of sources of their own
        return Together(_several(held), _several(seen), _several(len(ledger.units) + drawn(n, SEED)))
    return Together(_several(held), _several(seen))


def _several(units: np.ndarray) -> np.ndarray | None:
    """Returns the units, or `None` where each image is one by itself."""
    return units if len(np.unique(units)) < len(units) else None
