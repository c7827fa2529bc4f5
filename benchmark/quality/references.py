"""The real images that quality is measured against: some that the generator was trained on, and some held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FEWEST = 32  # images; below, no measure means anything
HELD_PARTS = ("detector-train", "detector-validation")  # not test: quality may be used to choose a checkpoint
SEED = 2018  # of the choice; any constant would do
FILE = "references.npz"


@dataclass(frozen=True)
class References:
    """Positions in the image set, all int64; the first m of `held` or `seen` are a random sample of m.

    Attributes:
        held: `(n,)` images that the generator never saw, from the detectors' training and validation parts.
        seen: `(n,)` images of the generator's part, which the extractor does not see.
        rest: The other images of the generator's part, which the extractor may learn from.
    """

    held: np.ndarray
    seen: np.ndarray
    rest: np.ndarray

    @property
    def n(self) -> int:
        """How many images each side has."""
        return len(self.held)

    @property
    def trained(self) -> np.ndarray:
        """All images of the generator's part, those of `seen` first."""
        return np.concatenate([self.seen, self.rest])

    def save(self, folder: Path) -> None:
        """Writes the positions into a folder."""
        with open(folder / FILE, "wb") as file:
            np.savez(file, allow_pickle=False, held=self.held, seen=self.seen, rest=self.rest)

    @classmethod
    def load(cls, folder: Path) -> References:
        """Reads what `save` wrote."""
        with np.load(folder / FILE, allow_pickle=False) as file:
            return cls(file["held"], file["seen"], file["rest"])


def choose(parts: Mapping[str, np.ndarray], limit: int) -> References:
    """Chooses equally many images on both sides.

    The extractor has learned the images it was trained on by heart, in part: their features are not drawn like those
    of other images. So half of the generator's part at most is measured against, and the extractor gets the rest.

    Args:
        parts: The ledger's parts.
        limit: Most images on a side.
    """
    held = np.concatenate([parts[part] for part in HELD_PARTS])
    trained = parts["generator-train"]
    n = min(limit, len(held), len(trained) // 2)
    rng = np.random.default_rng(SEED)
    held, trained = rng.permutation(held), rng.permutation(trained)
    return References(held[:n], trained[:n], trained[n:])
