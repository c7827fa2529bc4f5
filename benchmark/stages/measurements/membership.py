"""Whether images of one part have copies in another that the ledger does not know: one stage for the split."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from benchmark.plan.measurement import Draft, Measurement
from benchmark.plan.stage import Stage


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns the one stage, which is of the run as a whole."""
    inputs = {"prepared": draft.rows.prepared}
    return {"": Stage("membership", "membership", {"environment": draft.rows.environment}, inputs)}


def membership(job: Any) -> None:
    """Compares the parts and writes what it found."""
    from benchmark.findings.finding import frame
    from benchmark.quality.membership import finding
    from benchmark.stages.job import prepared

    images, ledger = prepared(job)
    frame([finding(images, ledger.parts, ledger.units)]).to_csv(job.folder / "audit.csv", index=False)


MEASUREMENT = Measurement(
    "membership",
    stages,
    {"membership": "benchmark.stages.measurements.membership:membership"},
    ("quality/closest.py", "quality/membership.py", "statistics/dealt.py", "statistics/deals.py"),
    findings="audit.csv",
)
