"""All measures of one set of fakes as a row of `generators.csv`, each beside two sets of real images."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.plugins import adapt
from benchmark.quality import closest, control, copying, frechet, kernel, memorisation, neighbours
from benchmark.quality.estimate import Estimate, normal
from benchmark.quality.fakes import Together
from benchmark.quality.lesson import EXTRACTOR, FEATURES
from benchmark.quality.references import FEWEST, References
from benchmark.statistics.deals import dealt_by_ledger
from data.imageset import ImageSet
from detection.frozen.extractor import Extractor

MEASURES = ("fd", "kd", "precision", "recall", "density", "coverage", "memorisation")
COLUMNS = [
    *(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high", "_floor")),
    "fd_train", "fd_gap", "fd_gap_low", "fd_gap_high",
    "n_quality", "extractor", "extractor_digest", "extractor_accuracy", "quality_note",
]  # fmt: skip


def measure(fakes: np.ndarray, folder: Path, groups: Together) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Measures fakes against the real images.

    Args:
        fakes: uint8 `(m, h, w, c)`; as many reals of each kind are taken.
        folder: What the stage `train_extractor` wrote.
        groups: Of these reals and of the fakes.

    Returns:
        The row, with the names in `COLUMNS`: a measure, the ends of its 95 % interval, and its floor, which is the
        measure of training images against held-out ones at the same n. The most copied training images, see
        `memorisation.most_copied`. And the fakes' features.
    """
    n = len(fakes)
    if n < FEWEST:
        return too_few(n), np.empty((0, 3), np.int64), np.empty((0, 0))
    extractor, held, trained = _opened(str(folder))
    fake = extractor.features(fakes)
    floors = _floors(str(folder), n)
    found, gap = _against(held[:n], trained[:n], fake, groups)
    row: dict[str, Any] = {}
    for name, estimate in found.items():
        row |= _columns(name, estimate) | {f"{name}_floor": floors[name]}
    facts = json.loads((folder / "facts.json").read_text())
    row |= {"fd_train": found["fd"].value - gap.value} | _columns("fd_gap", gap)
    row |= {"n_quality": n, "extractor": facts["extractor"], "extractor_digest": facts["digest"][:12]}
    row |= {"extractor_accuracy": facts["accuracy"], "quality_note": ""}
    return row, memorisation.most_copied(fake, trained, held, 8), fake


def copied(
    fake: np.ndarray, folder: Path, images: ImageSet, units: np.ndarray, against: References, own: np.ndarray | None
) -> dict[str, Any]:
    """Returns what features say of copies: FB015, against the training images that the extractor has not learned.

    Args:
        fake: The fakes' features.
        folder: What the stage `train_extractor` wrote.
        images: The real images.
        units: Of these, the ledger's.
        against: Which of them are held out and which were seen.
        own: Of each fake, the unit of the real image that it was made from, which is not looked at; `None` for fakes
            from nothing.
    """
    _, held, trained = _opened(str(folder))
    n = len(against.seen)
    at = np.concatenate([against.seen, against.held])
    pool = np.concatenate([trained[:n], held])
    near = closest.by_features(fake, pool, own, units[at])
    first = np.arange(len(at)) < n
    return copying.finding(
        near, first, units[at], images.labels[at],
        moved=dealt_by_ledger(images, at, first), by="features", covered=n / len(trained),
    )  # fmt: skip


def controlled(generator: Any, images: ImageSet, against: References, fakes: np.ndarray, folder: Path) -> Any:
    """Returns the table of `control.table` for a conditional generator; for one that cannot be judged, why, in words.

    Where an extractor of attributes judges classes, they are read from the attributes that make them. `None` for a
    generator that is not conditional, works on real images, or has one class.
    """
    extractor, *_ = _opened(str(folder))
    held = against.held[: len(fakes)]
    asked = adapt.requested(generator, images, held)
    chosen = tuple(getattr(generator, "requested_attributes", ()))
    if asked is None or adapt.wants_sources(generator) or extractor.task == "rotations":
        return None
    if not chosen and len(images.classes) < 2:
        return None
    if chosen and extractor.task != "attributes":
        return "no control score: the extractor knows classes, and the generator is asked for attributes"
    said = None
    if not chosen and extractor.task == "attributes":
        said = control.class_attributes(
            images.labels, np.asarray(images.attributes), images.attribute_names, images.classes
        )
        if said is None:
            return "no control score: the extractor knows attributes, and they do not make the classes"
    fake, real = (extractor.answers(part) for part in (fakes, np.array(images.images[held])))
    if said is not None:
        fake, real = (control.as_classes(part, said) for part in (fake, real))
        return control.table(asked, fake, real, images.classes, images.classes, attributes=False)
    known = json.loads((folder / "facts.json").read_text())["names"]
    return control.table(asked, fake, real, known, chosen or images.classes, attributes=bool(chosen))


def too_few(n: int) -> dict[str, Any]:
    """Returns the row that says that there are too few images."""
    return {"n_quality": n, "quality_note": f"{n} images on a side are too few: expected {FEWEST} or more"}


def _against(
    held: np.ndarray, seen: np.ndarray, fake: np.ndarray, groups: Together
) -> tuple[dict[str, Estimate], Estimate]:
    """Returns every measure, and how much farther the held-out images are from the fakes than the training images."""
    both = groups.held, groups.fake
    to_held, to_seen = frechet.distance(held, fake, both), frechet.distance(seen, fake)
    shared = to_held.second - to_seen.second  # the same fakes stand in both
    influences, all_groups = (to_held.first, -to_seen.first, shared), (groups.held, groups.seen, groups.fake)
    gap = normal(to_held.value - to_seen.value, *influences, groups=all_groups)
    return {
        "fd": to_held.estimate,
        "kd": kernel.distance(held, fake, both),
        **neighbours.overlap(held, fake, groups=both),
        "memorisation": memorisation.memorised(fake, seen, held, (groups.fake, groups.seen, groups.held)),
    }, gap


@lru_cache(maxsize=1)  # a store's folders never change, and every generator asks for the same one
def _opened(folder: str) -> tuple[Extractor, np.ndarray, np.ndarray]:
    with np.load(Path(folder) / FEATURES, allow_pickle=False) as file:
        held, trained = file["held"], file["trained"]
    return Extractor().load(Path(folder) / EXTRACTOR), held, trained


@lru_cache(maxsize=8)
def _floors(folder: str, n: int) -> dict[str, float]:
    _, held, trained = _opened(folder)
    seen = trained[:n]
    found = {
        "fd": frechet.distance(held[:n], seen).estimate,
        "kd": kernel.distance(held[:n], seen),
        **neighbours.overlap(held[:n], seen),
    }
    return {name: estimate.value for name, estimate in found.items()} | {"memorisation": memorisation.EXPECTED}


def _columns(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
