"""Banks: the fakes of one checkpoint, one array per part, with what regenerates them bit for bit."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.machine import seeds
from benchmark.plugins import adapt
from benchmark.stages import bank_audit, repeats
from benchmark.stages.shortcuts import audit as shortcuts
from data.errors import UserError
from data.imageset import ImageSet, snap
from data.ledger import Ledger

DETECTOR_PARTS = ("detector-train", "detector-validation", "test")
BESIDE = "exam-validation"  # the validation fakes of an exam that the lesson does not know, in tables of scores


@dataclass(frozen=True)
class Labelled:
    """Real and fake images of one part: uint8 `(n, h, w, c)`, bool `(n,)`, and an index frame for the score table.

    Its column `unit` is the ledger's for reals, and for a fake that of the real image that it was made from; other
    fakes have units of their own, from the number of real images on.
    """

    images: np.ndarray
    is_fake: np.ndarray
    index: pd.DataFrame


def write(
    folder: Path, generator: Any, images: ImageSet, ledger: Ledger, *, seed: int, checkpoint: str, traced: bool = True
) -> None:
    """Samples and writes the banks of every detector part.

    A generator of its own makes all parts' fakes in one call, which is then cut, so that a finite one gives no image
    twice; one of finished images with `parts` deals them itself, so that the frames of one video stay in one part. One
    that works on real images gets those of the part; `real-copy` calls half of them fake, and the other half is then
    all that the cell keeps as real.

    Traces of processing are looked for unless `traced` is false.
    """
    reals = {part: ledger.parts[part] for part in DETECTOR_PARTS}
    if adapt.wants_sources(generator):
        drawn, facts = _from_sources(folder, generator, images, ledger, seed)
    elif hasattr(generator, "parts"):
        drawn, facts = _from_finished(folder, generator, images, reals, seed)
    else:
        drawn, facts = _from_nothing(generator, images, reals, seed)
    files, came = facts.pop("files", None), facts.pop("came", None)
    first = images.n  # of the fakes' own units, which are none of the reals'
    for part, fakes in drawn.items():
        path = folder / f"{part}.units.npy"
        if not path.exists():  # made from nothing: each fake is alone
            np.save(path, np.arange(first, first + len(fakes)))
            first += len(fakes)
    for part, labels in facts.pop("labels").items():
        np.save(folder / f"{part}.labels.npy", labels)
    levels = images.value_grid
    snapped = {part: snap(fakes, levels) for part, fakes in drawn.items()}
    moved = {part: float((snapped[part] != drawn[part]).mean()) if len(drawn[part]) else 0.0 for part in drawn}
    for part, fakes in snapped.items():
        np.save(folder / f"{part}.npy", fakes)
    digests = {part: hashlib.sha256(fakes.tobytes()).hexdigest() for part, fakes in snapped.items()}
    record = {"checkpoint": checkpoint, "seed": seed, "levels": len(levels), "snapped": moved, "digests": digests}
    audit = _audit(folder, generator, images, ledger, snapped, files)
    traces = _traces(folder, generator, images, ledger, drawn, came) if traced else []
    (folder / "bank.json").write_text(json.dumps(record | facts | {"audit": audit, "traces": traces}, indent=1))


def labelled(folder: Path, images: ImageSet, ledger: Ledger, part: str) -> Labelled:
    """Returns the real and fake images of one part, reals first."""
    at = ledger.parts[part]
    kept = folder / f"{part}.real.npy"
    if kept.exists():
        at = at[np.load(kept)]
    fakes = np.load(folder / f"{part}.npy")
    is_fake = np.repeat([False, True], [len(at), len(fakes)])
    names = [f"fake/{part}/{i:06d}" for i in range(len(fakes))]
    path = folder / f"{part}.labels.npy"
    asked = np.load(path) if path.exists() else np.full(len(fakes), np.nan)
    made = folder / f"{part}.groups.npy"  # whom a swap was made from; a fake from noise is of nobody
    own = np.load(made) if made.exists() else np.full(len(fakes), np.nan)
    reals = np.full(len(at), -1.0) if images.groups is None else images.groups[at].astype(float)
    groups = np.concatenate([reals, own])
    index = pd.DataFrame(
        {
            "part": part,
            "image_id": np.concatenate([images.ids[at].astype(object), np.array(names, dtype=object)]),
            "label": np.concatenate([images.labels[at].astype(float), asked]),
            "group": np.where(groups < 0, np.nan, groups),  # empty for an image of none: a name, for a reader
            "unit": np.concatenate([ledger.units[at], np.load(folder / f"{part}.units.npy")]),
            "is_fake": is_fake,
        }
    )
    return Labelled(np.concatenate([np.array(images.images[at]), fakes]), is_fake, index)


def _audit(
    folder: Path, generator: Any, images: ImageSet, ledger: Ledger, fakes: dict[str, np.ndarray],
    files: pd.DataFrame | None,
) -> list[dict[str, Any]]:  # fmt: skip
    if getattr(generator, "control", None) == "real-copy":
        return []  # its fakes are reals: that is the control
    alike = images.groups is not None
    units = ledger.units, np.concatenate([np.load(folder / f"{part}.units.npy") for part in fakes])
    every = np.concatenate(list(fakes.values()))
    rows = [
        bank_audit.copies(images.images, every, alike=alike, units=units, base=near_reals(images, ledger)),
        bank_audit.repeats(fakes, alike=alike),
    ]
    if files is not None:
        at = np.concatenate([ledger.parts[part] for part in DETECTOR_PARTS])
        rows.append(bank_audit.file_facts(None if images.facts is None else images.facts.iloc[at], files))
    return rows


def near_reals(images: ImageSet, ledger: Ledger) -> tuple[int, int]:
    """Returns how many real images have a copy among the real ones, and how many there are."""
    of = ledger.table["copy_of"].to_numpy(str)
    copies = of != ""
    return int((copies | np.isin(images.ids, of[copies])).sum()), images.n


def _traces(
    folder: Path, generator: Any, images: ImageSet, ledger: Ledger, drawn: dict, came: dict | None
) -> list[dict[str, Any]]:
    """Returns what the shortcut audit saw of the fakes before they were moved to the reals' levels.

    What only files leave is looked for in images as they came, and what depends on scale after they were reduced.
    """
    if getattr(generator, "control", None) is not None:
        return []  # its answer is known
    units = {part: np.load(folder / f"{part}.units.npy") for part in drawn}

    def sides(reals: np.ndarray, fakes: dict, parts: tuple[str, ...]) -> tuple[shortcuts.Side, shortcuts.Side]:
        at = np.concatenate([ledger.parts[part] for part in parts])
        both = [np.concatenate([of[part] for part in parts]) for of in (fakes, units)]
        return (np.asarray(reals[at]), ledger.units[at]), (both[0], both[1])

    originals = images.images if images.originals is None else images.originals
    records = []
    for graver, reals, fakes in (("alarm", originals, came or drawn), ("note", images.images, drawn)):
        train, test = (sides(reals, fakes, parts) for parts in (DETECTOR_PARTS[:2], DETECTOR_PARTS[2:]))
        records += shortcuts.traces(train, test, graver=graver)
    return records


def _from_nothing(generator: Any, images: ImageSet, reals: dict, seed: int) -> tuple[dict, dict]:
    counts = {part: len(at) for part, at in reals.items()}
    available = getattr(generator, "n_available", None)
    if available is not None and available < sum(counts.values()):
        share = available / sum(counts.values())
        counts = {part: int(count * share) for part, count in counts.items()}
    _check_counts(counts, f"{available} images")
    n = sum(counts.values())
    bank_seed = _seed(seed, "all")
    asked = np.concatenate([at[: counts[part]] for part, at in reals.items()])
    wanted = adapt.requested(generator, images, asked)

    def draw(few: int) -> np.ndarray:
        labels = None if wanted is None else wanted[:few]
        return adapt.sample(generator, few, seed=bank_seed, sources=None, shape=images.shape, labels=labels)

    fakes = draw(n)
    if not seeds.is_ours(generator):
        repeats.check_samples(draw, n)
    cuts = np.cumsum(list(counts.values()))[:-1]
    drawn = dict(zip(counts, np.split(fakes, cuts), strict=True))
    labels = (
        {} if wanted is None else dict(zip(counts, np.split(images.labels[asked].astype(float), cuts), strict=True))
    )
    facts = {"n": n, "counts": counts, "seeds": {"all": bank_seed}, "labels": labels}
    if hasattr(generator, "facts_of"):
        facts["files"] = pd.DataFrame(generator.facts_of(n, bank_seed))
    return drawn, facts


def _from_finished(folder: Path, generator: Any, images: ImageSet, reals: dict, seed: int) -> tuple[dict, dict]:
    bank_seed = _seed(seed, "all")
    at = generator.parts({part: len(index) for part, index in reals.items()}, seed=bank_seed)
    counts = {part: len(positions) for part, positions in at.items()}
    _check_counts(counts, f"{getattr(generator, 'n_available', 'too few')} images")
    sources, units = getattr(generator, "groups_of", None), None
    if sources is not None:
        beyond = 0 if images.groups is None else max(0, int(images.groups.max()) + 1)  # none of the reals' own
        named = np.where(sources < 0, np.nan, beyond + sources.astype(float))
        for part, positions in at.items():
            np.save(folder / f"{part}.groups.npy", named[positions])
        alone = beyond + np.arange(len(sources)) + int(sources.max()) + 1
        units = np.where(sources < 0, alone, sources)
    units = getattr(generator, "units_of", units)
    if units is not None:
        for part, positions in at.items():
            np.save(folder / f"{part}.units.npy", images.n + units[positions])
    facts = {"n": sum(counts.values()), "counts": counts, "seeds": {"all": bank_seed}, "labels": {}}
    facts["files"] = generator.facts_at(np.concatenate(list(at.values())))
    if hasattr(generator, "came"):
        facts["came"] = {part: generator.came(positions) for part, positions in at.items()}
    return {part: generator.take(positions) for part, positions in at.items()}, facts


def _check_counts(counts: dict[str, int], received: str) -> None:
    if min(counts.values()) < 2:
        raise UserError(f"Every part needs at least 2 fakes. Received: {received} for {counts}.")


def _from_sources(folder: Path, generator: Any, images: ImageSet, ledger: Ledger, seed: int) -> tuple[dict, dict]:
    drawn: dict[str, np.ndarray] = {}
    part_seeds: dict[str, int] = {}
    for part in DETECTOR_PARTS:
        at = ledger.parts[part]
        part_seeds[part] = _seed(seed, part)
        if getattr(generator, "consumes_sources", False):
            fake, real = generator.split(len(at), seed=part_seeds[part])
            np.save(folder / f"{part}.real.npy", np.sort(real))
            drawn[part], owners = np.array(images.images[at])[fake], at[fake]
        else:
            drawn[part], owners = _swapped(generator, images, at, part_seeds[part]), at
        np.save(folder / f"{part}.units.npy", ledger.units[owners])  # those of the sources
        if images.groups is not None:
            np.save(folder / f"{part}.groups.npy", images.groups[owners].astype(float))
    return drawn, {"counts": {part: len(fakes) for part, fakes in drawn.items()}, "seeds": part_seeds, "labels": {}}


def _swapped(generator: Any, images: ImageSet, at: np.ndarray, seed: int) -> np.ndarray:
    """Returns what a generator makes of the real images at some positions."""
    sources, wanted = np.array(images.images[at]), adapt.requested(generator, images, at)

    def draw(n: int) -> np.ndarray:
        labels = None if wanted is None else wanted[:n]
        return adapt.sample(generator, n, seed=seed, sources=sources[:n].copy(), shape=images.shape, labels=labels)

    fakes = draw(len(at))
    if not seeds.is_ours(generator):
        repeats.check_samples(draw, len(at))
    return fakes


def _seed(seed: int, part: str) -> int:
    """Returns a seed of its own for each part, the same on every machine."""
    entropy = int.from_bytes(hashlib.sha256(f"bank {part} {seed}".encode()).digest()[:8], "little")
    return entropy % 2**31
