"""Whether a generator's fakes are copies of its training images, compared with all of them by pixels."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from benchmark.plan.measurement import Draft, Measurement
from benchmark.plan.stage import Stage

MOST = 4000  # fakes; the training images are all there


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns a stage for each training run of a generator that learns from images: of its last checkpoint's bank."""
    learned = [run for run in draft.rows.runs if run.is_main and run.generator.trains]
    return draft.bank_stages("copying", learned)


def copying(job: Any) -> None:
    """Looks for each fake's nearest real image among the training images and those held out.

    Test reals are not among them: this may be used to choose a generator. A fake's own source is not either.
    """
    import numpy as np

    from benchmark.findings.finding import frame
    from benchmark.quality import closest
    from benchmark.quality.copying import finding
    from benchmark.quality.references import HELD_PARTS
    from benchmark.stages.bank import DETECTOR_PARTS
    from benchmark.stages.job import prepared
    from benchmark.statistics.deals import dealt_by_ledger

    images, ledger = prepared(job)
    held = np.concatenate([ledger.parts[part] for part in HELD_PARTS])
    trained = ledger.parts["generator-train"]
    at = np.concatenate([trained, held])
    fakes = np.concatenate([np.load(job.inputs["bank"] / f"{part}.npy") for part in DETECTOR_PARTS])
    units = np.concatenate([np.load(job.inputs["bank"] / f"{part}.units.npy") for part in DETECTOR_PARTS])
    some = np.sort(np.random.default_rng(0).permutation(len(fakes))[:MOST])
    pool = closest.outlines(images.images[at])
    near = closest.by_outline(closest.outlines(fakes[some]), pool, units[some], ledger.units[at])
    seen = np.arange(len(at)) < len(trained)
    moved = dealt_by_ledger(images, at, seen)
    row = finding(near, seen, ledger.units[at], images.labels[at], moved=moved, by="pixels")
    frame([row]).to_csv(job.folder / "audit.csv", index=False)


MEASUREMENT = Measurement(
    "copying",
    stages,
    {"copying": "benchmark.stages.measurements.copying:copying"},
    ("quality/closest.py", "quality/copying.py", "quality/references.py", "statistics/dealt.py", "statistics/deals.py"),
    findings="audit.csv",
)
