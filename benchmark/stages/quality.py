"""The stages that say how good a generator's images are: the feature extractor, and the quality of each checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.findings.finding import frame
from benchmark.plugins import adapt
from benchmark.plugins import resolve as plugins
from benchmark.quality import fakes, lesson, measures, references
from benchmark.stages.job import Job, instance, plugin, prepared, write_json
from benchmark.store.checkpoints import Checkpoints
from data.imageset import ImageSet


def train_extractor(job: Job) -> None:
    """Chooses the real images that quality is measured against, trains the extractor on others, and describes both."""
    images, ledger = prepared(job)
    chosen = references.choose(ledger.parts, job.params["n"])
    chosen.save(job.folder)
    facts: dict[str, Any] = {"n": chosen.n}
    if chosen.n >= references.FEWEST:
        smoke = job.params["smoke"]
        taken = lesson.lesson(images, chosen, _wider(job), smoke=smoke)
        facts |= lesson.learn(job.folder, images, chosen, taken, smoke=smoke, progress=job.progress)
    write_json(job.folder / "facts.json", facts)


def quality(job: Job) -> None:
    """Measures every checkpoint of one training of a generator: its fakes against the same real images each time."""
    images, ledger = prepared(job)
    against = references.References.load(job.inputs["extractor"])
    folders = Checkpoints(job.inputs["trained"]).folders
    rows, controls, checks = [], [], []
    for done, folder in enumerate(folders, start=1):
        row: dict[str, Any] = {"checkpoint": folder.name}
        if against.n < references.FEWEST:
            rows.append(row | measures.too_few(against.n))
            continue
        generator = adapt.load(instance("generators", job), folder)
        drawn = fakes.draw(generator, images, against)
        groups = fakes.together(generator, ledger, against, len(drawn))
        measured, copied, features = measures.measure(drawn, job.inputs["extractor"], groups)
        control = measures.controlled(generator, images, against, drawn, job.inputs["extractor"])
        rows.append(row | measured | ({"quality_note": control} if isinstance(control, str) else {}))
        if isinstance(control, pd.DataFrame):
            controls.append(control.assign(checkpoint=folder.name))
        if done == len(folders):
            pair = images.images[against.trained[copied[:, 1]]], images.images[against.held[copied[:, 2]]]
            np.save(job.folder / "copies.npy", np.stack([drawn[copied[:, 0]], *pair]))
            if len(features) and getattr(generator, "trains", True):
                own = ledger.units[against.held[: len(drawn)]] if adapt.wants_sources(generator) else None
                checks.append(measures.copied(features, job.inputs["extractor"], images, ledger.units, against, own))
        job.progress(done, len(folders), f"checkpoint {done}/{len(folders)}")
    pd.DataFrame(rows, columns=["checkpoint", *measures.COLUMNS]).to_csv(job.folder / "quality.csv", index=False)
    frame(checks).to_csv(job.folder / "audit.csv", index=False)
    if controls:
        pd.concat(controls, ignore_index=True).to_csv(job.folder / "control.csv", index=False)


def _wider(job: Job) -> ImageSet | None:
    """Returns the images of all classes where the source has more than the run uses, or `None`."""
    source = plugins.make(plugin("datasets", job), job.where["options"], None)
    if not callable(getattr(source, "wider", None)):
        return None
    wider: ImageSet | None = source.wider([Path(folder) for folder in job.where["folders"]])
    return wider
