"""What the feature extractor learns from, and its training."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.quality.references import References
from data.duplicates import find_copies
from data.imageset import ImageSet
from detection.frozen.extractor import Extractor

SMOKE_IMAGES, SMOKE_PASSES = 256, 1
CHECK = 1000  # images at most that show how well it has learned
SEED = 2018
FEATURES = "features.npz"
EXTRACTOR = "extractor"


@dataclass(frozen=True)
class Lesson:
    """What is learned from, and what shows how well.

    Attributes:
        images: uint8 `(n, h, w, c)`.
        targets: Their classes, their attributes, or `None`.
        check: Other images.
        check_targets: Theirs.
        names: Of the classes or attributes.
    """

    images: np.ndarray
    targets: np.ndarray | None
    check: np.ndarray
    check_targets: np.ndarray | None
    names: tuple[str, ...]


def lesson(images: ImageSet, chosen: References, wider: ImageSet | None, *, smoke: bool) -> Lesson:
    """Chooses what the extractor learns from; no image that quality or a detector is measured on is among it.

    Args:
        images: The run's image set.
        chosen: What quality is measured against.
        wider: The images of all classes, where the run uses some only. Its training images are then taken but for the
            run's own outside `chosen.rest`, and for copies and near copies of these. Otherwise `chosen.rest` is taken.
        smoke: Whether a few images are enough.
    """
    if wider is not None:
        at = _allowed(images, chosen, wider, SMOKE_IMAGES if smoke else None)
        held_back = min(CHECK, len(at) // 5)
        at, check = at[held_back:], at[:held_back]
        return Lesson(
            np.array(wider.images[at]), wider.labels[at], wider.images[check], wider.labels[check], wider.classes
        )
    targets = images.labels if images.attributes is None else images.attributes
    at, check = chosen.rest[:SMOKE_IMAGES] if smoke else chosen.rest, chosen.held[:CHECK]
    names = images.classes if images.attributes is None else images.attribute_names
    return Lesson(np.array(images.images[at]), targets[at], np.array(images.images[check]), targets[check], names)


def learn(folder: Path, images: ImageSet, chosen: References, taken: Lesson, *, smoke: bool, progress: Any) -> dict:
    """Trains the extractor, and writes it and the features of the real images into a folder; returns facts."""
    started = time.perf_counter()
    passes = {"passes": SMOKE_PASSES} if smoke else {}
    extractor = Extractor(random_state=SEED, **passes).fit(taken.images, taken.targets, progress=progress)
    seconds = time.perf_counter() - started
    extractor.save(folder / EXTRACTOR)
    sides = {"held": chosen.held, "trained": chosen.trained}
    features: dict[str, Any] = {name: extractor.features(np.array(images.images[at])) for name, at in sides.items()}
    with open(folder / FEATURES, "wb") as file:
        np.savez(file, allow_pickle=False, **features)
    return {
        "extractor": extractor.name, "digest": extractor.digest, "images": len(taken.images),
        "accuracy": extractor.accuracy(taken.check, taken.check_targets), "seconds": seconds,
        "names": list(taken.names),
    }  # fmt: skip


def _allowed(images: ImageSet, chosen: References, wider: ImageSet, most: int | None) -> np.ndarray:
    """Returns the positions in `wider` that may be learned from, in random order."""
    kept = np.zeros(images.n, bool)
    kept[chosen.rest] = True
    fit = ~np.isin(wider.ids, images.ids[~kept])
    if wider.official is not None:
        fit &= wider.official == "train"
    at = np.random.default_rng(SEED).permutation(np.flatnonzero(fit))[:most]
    kept_out = np.array(images.images[~kept])
    copies = find_copies(np.concatenate([kept_out, wider.images[at]]), alike=images.groups is not None)
    return at[copies.near[len(kept_out) :] >= len(kept_out)]
