"""What a stage gets, and how it opens what lies in there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.machine import seeds
from benchmark.plugins import adapt, nested
from benchmark.plugins import resolve as plugins
from data.imageset import ImageSet
from data.ledger import Ledger

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Job:
    """What a stage gets: `params` and `where` of the plan, its `inputs`' folders, its own `folder`, `progress`."""

    params: dict[str, Any]
    where: dict[str, Any]
    inputs: dict[str, Path]
    folder: Path
    progress: Progress


_images: dict[str, tuple[ImageSet, Ledger]] = {}  # those that were read last, by the folder of `prepare`


def prepared(job: Job) -> tuple[ImageSet, Ledger]:
    """Returns the real images and the ledger that the stage `prepare` wrote; those of the last call are not read again.

    Nobody writes into them: detectors are given copies.
    """
    place = str(job.inputs["prepared"])
    if place not in _images:
        _images.clear()
        images = ImageSet.load(job.inputs["prepared"] / "images")
        _images[place] = images, Ledger.load(job.inputs["prepared"], images)
    return _images[place]


def plugin(group: str, job: Job) -> plugins.Plugin:
    """Returns the job's plug-in.

    Raises:
        RuntimeError: If its code is not the one that was planned with.
    """
    found = plugins.resolve(group, job.where["kind"])
    if nested.code(found, job.where["options"]) != job.params["code"]:
        raise RuntimeError(f"The code of '{found.name}' differs from what was planned. Plan the run again.")
    return found


def instance(group: str, job: Job) -> Any:
    """Returns a new instance of the job's plug-in, with its options and seed, which is everywhere in it."""
    found, seed = plugin(group, job), job.params["seed"]
    if not seeds.is_ours(found.factory):
        # before it is made: a constructor may draw, too
        seeds.everywhere(seed)
    return plugins.make(found, job.where["options"], seed)


@dataclass(frozen=True)
class Trained:
    """What the stage `train_detector` wrote: the detector, its scores of validation images, and facts."""

    detector: adapt.DetectorAdapter
    validation: pd.DataFrame
    facts: Mapping[str, Any]


_read: dict[str, Trained] = {}  # the detector that was applied last, by the folder of its training


def trained(job: Job) -> Trained:
    """Returns a trained detector and what was written beside it; the one that this process has just applied to other
    images is not read again."""
    place = str(job.inputs["trained"])
    if place not in _read:
        _read.clear()
        detector = adapt.DetectorAdapter(instance("detectors", job))
        detector.detector = adapt.load(detector.detector, job.inputs["trained"] / "model")
        facts = json.loads((job.inputs["trained"] / "facts.json").read_text())
        _read[place] = Trained(detector, pd.read_parquet(job.inputs["trained"] / "validation.parquet"), facts)
    return _read[place]


def trained_detector(job: Job) -> adapt.DetectorAdapter:
    """Returns the trained detector, see `trained`."""
    return trained(job).detector


def forget() -> None:
    """Forgets the detector that was applied last, and the images that were read last."""
    _read.clear()
    _images.clear()


def write_json(path: Path, value: Any) -> None:
    """Writes a value as indented JSON."""
    path.write_text(json.dumps(value, indent=1, default=float))
