"""The images of lessons and exams: of one generator's bank or of several in equal shares, cut, changed or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.stages.bank import DETECTOR_PARTS, Labelled, labelled
from data import perturb
from data.errors import UserError
from data.imageset import ImageSet
from data.ledger import Ledger


def lesson(
    inputs: dict[str, Path], images: ImageSet, ledger: Ledger, part: str, seed: int, *,
    n: int | None = None, draw: int = 0, perturbation: str | None = None,
) -> Labelled:  # fmt: skip
    """Returns the real and fake images of one part, reals first.

    From several banks (inputs `"bank 0"`, `"bank 1"` ...) comes an equal share each, drawn by the seed: together as
    many fakes as there are reals, so that the detector sees as many images as one that learns from a single generator.

    Args:
        inputs: The banks' folders, among others.
        images: The real images.
        ledger: Which of them are of the part.
        part: `"detector-train"` or `"detector-validation"`.
        seed: Of the shares.
        n: How many labelled images of each side a lesson has, training and validation together; each part gives of them
            in the proportion of their sizes. Of a side with fewer, such as the fakes of a small folder, all are taken.
            Defaults to `None`, all.
        draw: Which draw of `n`: in one, fewer are among more. Units come in a random order, the images of each behind
            one another, and the last is cut where `n` is reached. Defaults to `0`.
        perturbation: What is done to the images, see `data.perturb.apply`. Defaults to `None`, nothing.

    Raises:
        UserError: If there are fewer real images than `n`.
    """
    whole = (
        labelled(inputs["bank"], images, ledger, part)
        if "bank" in inputs
        else _shared(inputs, images, ledger, part, seed)
    )
    if n is not None:
        whole = _few(whole, dealt(n, ledger)[part], draw)
    return _changed(whole, perturbation)


def dealt(n: int, ledger: Ledger) -> dict[str, int]:
    """Returns how many of `n` labelled images each part that a detector learns from gives: both at least one.

    Raises:
        UserError: If there are fewer, or `n` is below 2.
    """
    train, validation = (len(ledger.parts[part]) for part in DETECTOR_PARTS[:2])
    if not 2 <= n <= train + validation:
        raise UserError(
            f"A lesson takes 2 to {train + validation:,} labelled images of each side: detector-train has {train:,} "
            f"and detector-validation {validation:,}. Received: {n:,}."
        )
    first = min(max(round(n * train / (train + validation)), 1), n - 1)
    return dict(zip(DETECTOR_PARTS, (first, n - first), strict=False))


def exam(folder: Path, images: ImageSet, ledger: Ledger, perturbation: str | None = None) -> Labelled:
    """Returns the test reals and the test fakes of a bank, reals first.

    Args:
        folder: The bank.
        images: The real images.
        ledger: Which of them are for testing.
        perturbation: What is done to all of them, see `data.perturb.apply`. Defaults to `None`, nothing.
    """
    return _changed(labelled(folder, images, ledger, "test"), perturbation)


def fakes(
    folder: Path, images: ImageSet, ledger: Ledger, part: str, perturbation: str | None = None
) -> Labelled:  # fmt: skip
    """Returns the fakes of one part of a bank; arguments as of `exam`."""
    whole = labelled(folder, images, ledger, part)
    at = np.flatnonzero(whole.is_fake)
    fakes = Labelled(whole.images[at], whole.is_fake[at], whole.index.iloc[at].reset_index(drop=True))
    return _changed(fakes, perturbation)


def _shared(inputs: dict[str, Path], images: ImageSet, ledger: Ledger, part: str, seed: int) -> Labelled:
    found = sorted((int(name[5:]), folder) for name, folder in inputs.items() if name[:5] == "bank ")
    banks = [labelled(folder, images, ledger, part) for _, folder in found]
    n_real = int((~banks[0].is_fake).sum())
    rng = np.random.default_rng([seed, 0xA11])
    pieces = [(banks[0].images[:n_real], banks[0].index.iloc[:n_real])]
    beyond = 0  # each bank counts the units of its own fakes from the number of reals on
    for i, bank in enumerate(banks):
        # cut from the whole, so that the shares add up to it
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


def _few(whole: Labelled, n: int, draw: int) -> Labelled:
    """Returns `n` images of each side, or all where there are fewer, in the order in which they stand.

    They are of as few units as may be, since images of one unit say less than as many others. A unit of both sides,
    such as the source of a swap and the swap, comes at the same place in both.
    """
    present, of = np.unique(whole.index["unit"].to_numpy(), return_inverse=True)
    place = np.random.default_rng([draw, 0xFE3]).permutation(len(present))[of]
    sides = [np.flatnonzero(whole.is_fake == side) for side in (False, True)]
    at = np.sort(np.concatenate([side[np.argsort(place[side], kind="stable")][:n] for side in sides]))
    return Labelled(whole.images[at], whole.is_fake[at], whole.index.iloc[at].reset_index(drop=True))


def _changed(whole: Labelled, perturbation: str | None) -> Labelled:
    if perturbation is None:
        return whole
    return Labelled(perturb.apply(whole.images, perturbation), whole.is_fake, whole.index)
