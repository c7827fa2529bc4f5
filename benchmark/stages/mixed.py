"""The images of one part that a detector learns from: of one generator's bank, or of several in equal shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.stages.bank import Labelled, labelled
from data.imageset import ImageSet
from data.ledger import Ledger


def lesson(inputs: dict[str, Path], images: ImageSet, ledger: Ledger, part: str, seed: int) -> Labelled:
    """Returns the real and fake images of one part, reals first.

    From several banks (inputs `"bank 0"`, `"bank 1"` ...) comes an equal share each, drawn by the seed: together as
    many fakes as there are reals, so that the detector sees as many images as one that learns from a single generator.
    """
    if "bank" in inputs:
        return labelled(inputs["bank"], images, ledger, part)
    banks = [labelled(folder, images, ledger, part) for name, folder in sorted(inputs.items()) if name[:5] == "bank "]
    n_real = int((~banks[0].is_fake).sum())
    rng = np.random.default_rng([seed, 0xA11])
    pieces = [(banks[0].images[:n_real], banks[0].index.iloc[:n_real])]
    beyond = 0  # each bank counts the units of its own fakes from the number of reals on
    for i, bank in enumerate(banks):
        share = n_real * (i + 1) // len(banks) - n_real * i // len(banks)
        fakes = np.flatnonzero(bank.is_fake)
        at = np.sort(rng.permutation(fakes)[:share])
        names = bank.index.iloc[at].assign(image_id=[f"bank {i}/{name}" for name in bank.index["image_id"].iloc[at]])
        own = bank.index["unit"].to_numpy() >= images.n
        names["unit"] += beyond * own[at]
        beyond += int(bank.index["unit"][own].max()) + 1 - images.n if own.any() else 0
        pieces.append((bank.images[at], names))
    index = pd.concat([piece[1] for piece in pieces], ignore_index=True)
    return Labelled(np.concatenate([piece[0] for piece in pieces]), index["is_fake"].to_numpy(bool), index)
