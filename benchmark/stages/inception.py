"""The stages of FID and KID: the real images' features, once for a data set, and each generator's last checkpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plugins import adapt
from benchmark.quality import fakes
from benchmark.quality.inception import distances as inception
from benchmark.quality.references import FEWEST, References
from benchmark.stages.job import Job, instance, prepared, write_json
from benchmark.store.checkpoints import Checkpoints

HELD, SEEN, FACTS = "held.npy", "seen.npy", "facts.json"


def inception_reals(job: Job) -> None:
    """Writes the Inception features of the images that quality is measured against, and how far they are apart."""
    images, _ = prepared(job)
    against = References.load(job.inputs["extractor"])
    facts: dict[str, Any] = {"n": against.n, "sha256": job.params["sha256"]}
    if against.n >= FEWEST:
        both = np.concatenate([against.held, against.seen])
        found = _features(job, images.images[both])
        held, seen = found[: against.n], found[against.n :]
        np.save(job.folder / HELD, held)
        np.save(job.folder / SEEN, seen)
        facts["floor"] = inception.distances(held, seen)
    write_json(job.folder / FACTS, facts)


def inception_quality(job: Job) -> None:
    """Measures the FID and the KID of a training's last checkpoint, on the fakes that its other measures are of."""
    images, ledger = prepared(job)
    against = References.load(job.inputs["extractor"])
    folder = Checkpoints(job.inputs["trained"]).folder("last")
    row: dict[str, Any] = {"checkpoint": folder.name}
    n, drawn, sha256, groups = against.n, None, job.params["sha256"], fakes.Together()
    if n >= FEWEST:
        generator = adapt.load(instance("generators", job), folder)
        drawn = fakes.draw(generator, images, against)
        n = len(drawn)
        groups = fakes.together(generator, ledger, against, n)
    if drawn is None or n < FEWEST:
        row |= inception.too_few(n, sha256)
    else:
        held = np.load(job.inputs["reals"] / HELD, mmap_mode="r")
        floor, both = _floor(job.inputs["reals"], n), (groups.held, groups.fake)
        row |= inception.row(held[:n], _features(job, drawn), floor, sha256, both)
    pd.DataFrame([row], columns=["checkpoint", *inception.COLUMNS]).to_csv(job.folder / "inception.csv", index=False)


def _features(job: Job, images: np.ndarray) -> np.ndarray:
    network = inception.opened(job.where["inception"], job.params["sha256"])
    return network.features(images, lambda done, total: job.progress(done, total, "images of 299 px"))


def _floor(folder: Path, n: int) -> dict[str, float]:
    """Returns what real images reach among themselves at n on a side: stored for all, computed for fewer."""
    facts = json.loads((folder / FACTS).read_text())
    if n == facts["n"]:
        return dict(facts["floor"])
    held, seen = (np.load(folder / name, mmap_mode="r")[:n] for name in (HELD, SEEN))
    return inception.distances(held, seen)
