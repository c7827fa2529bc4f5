"""The stages that say what a face swap keeps of a person: the embedding, and the swaps of each checkpoint."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.plugins import adapt
from benchmark.plugins import resolve as plugins
from benchmark.quality.identity import persons, similarities, verification
from benchmark.quality.identity import transfer as identity
from benchmark.quality.references import SEED
from benchmark.stages.job import Job, instance, plugin, prepared, write_json
from benchmark.store.checkpoints import Checkpoints
from data.imageset import ImageSet, snap
from detection.frozen.embedding import Embedding

EMBEDDING = "embedding"
REALS = "reals.npy"
SMOKE_STEPS, SMOKE_STRANGERS = 8, 600
WEAK = 0.8  # below this AUC persons are told apart so badly that a single figure says little


def train_embedding(job: Job) -> None:
    """Chooses whose faces serve what, trains the embedding, and describes it; or says why there can be none."""
    images, ledger = prepared(job)
    smoke = job.params["smoke"]

    def strangers(most: int) -> ImageSet | None:
        return _strangers(job, min(most, SMOKE_STRANGERS) if smoke else most)

    chosen = persons.choose(images, ledger, strangers, limit=job.params["n"])
    if isinstance(chosen, str):
        write_json(job.folder / "facts.json", {"identity_note": f"not measured: {chosen}"})
        return
    started = time.perf_counter()
    embedding = Embedding(random_state=SEED, steps=SMOKE_STEPS if smoke else None)
    learned = np.asarray(chosen.learn.groups)
    embedding.fit(chosen.learn.images, learned, progress=job.progress)
    embedding.save(job.folder / EMBEDDING)
    chosen.scored.save(job.folder)
    np.save(job.folder / REALS, embedding.embed(images.images[chosen.scored.at]))
    shown = np.asarray(chosen.check.groups)
    found = verification.auc(embedding.embed(chosen.check.images), shown, chosen.copy, chosen.unit)
    facts = {
        "embedding": embedding.name, "embedding_digest": embedding.digest[:12], "n_learned": len(np.unique(learned)),
        "verification": found.value, "verification_low": found.low, "verification_high": found.high,
        "identity_note": _weak(found.value, len(np.unique(learned))),
    }  # fmt: skip
    about = {"images": len(learned), "checked": len(np.unique(shown)), "seconds": time.perf_counter() - started}
    write_json(job.folder / "facts.json", {**facts, "about": about})


def score_identity(job: Job) -> None:
    """Measures every checkpoint of one training of a generator that makes its images from real ones."""
    images, _ = prepared(job)
    facts = json.loads((job.inputs["embedding"] / "facts.json").read_text())
    facts.pop("about", None)
    folders = Checkpoints(job.inputs["trained"]).folders
    rows: list[dict[str, Any]] = []
    if "embedding" not in facts:
        rows = [{"checkpoint": folder.name, **facts} for folder in folders]
        folders = []
    else:
        scored = persons.Scored.load(job.inputs["embedding"])
        embedding = Embedding().load(job.inputs["embedding"] / EMBEDDING)
        real = np.load(job.inputs["embedding"] / REALS)
        faces = similarities.Faces(scored.kind, real, *(getattr(scored, name) for name in persons.ARRAYS[1:]))
    for done, folder in enumerate(folders, start=1):
        generator = adapt.load(instance("generators", job), folder)
        swaps, straight = _drawn(generator, images, scored.at)
        seen = [None if part is None else embedding.embed(part) for part in (swaps, straight)]
        measured = identity.rows(faces, seen[0], seen[1], images.classes)  # type: ignore[arg-type]
        rows += [{"checkpoint": folder.name, **row, **facts, **_alone(row)} for row in measured]
        job.progress(done, len(folders), f"checkpoint {done}/{len(folders)}")
    pd.DataFrame(rows, columns=identity.COLUMNS).to_csv(job.folder / "identity.csv", index=False)


def _drawn(generator: Any, images: ImageSet, at: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns the swaps of the real images at some positions, and the same drawn straight where a generator can."""
    sources, labels = np.asarray(images.images[at]), images.labels[at]
    asked = adapt.requested(generator, images, at)
    swaps = adapt.sample(generator, len(at), seed=SEED, sources=sources.copy(), shape=images.shape, labels=asked)
    straight = adapt.reconstruct(generator, sources.copy(), labels)
    return snap(swaps, images.value_grid), None if straight is None else snap(straight, images.value_grid)


def _strangers(job: Job, most: int) -> ImageSet | None:
    source = plugins.make(plugin("datasets", job), job.where["options"], None)
    if not callable(getattr(source, "strangers", None)):
        return None
    folders = [Path(folder) for folder in job.where["folders"]]
    found: ImageSet | None = adapt.call(source.strangers, folders, most=most, progress=job.progress)
    return found


def _alone(row: dict[str, Any]) -> dict[str, str]:
    if row["n_swaps"]:
        return {}
    return {"identity_note": "not measured: no face of this group has another picture of its person beside it"}


def _weak(auc: float, learned: int) -> str:
    if auc >= WEAK:
        return ""
    return (
        f"weak: the embedding learned from {learned} persons and tells others apart with an AUC of {auc:.2f}; compare "
        "figures with their references, and read no more into them"
    )
