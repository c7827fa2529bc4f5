"""How good the images of each checkpoint are: distances to real images, neighbours, memorisation."""

from __future__ import annotations

from collections.abc import Hashable

from benchmark.plan.measurement import Draft, Measurement, Table
from benchmark.plan.stage import Stage, params_of, where_of


def stages(draft: Draft) -> dict[Hashable, Stage]:
    """Returns a stage for each training run, but for those that copy the reals, which the floor says all about.

    Where no generator trains, no image is set apart that an extractor could learn from, and there are none.
    """
    rows = draft.rows
    if not draft.spec.quality.enabled or not any(row.trains for row in rows.generators):
        return {}
    found: dict[Hashable, Stage] = {}
    for run in rows.runs:
        row = run.generator
        if not row.plugin.attribute("consumes_sources"):
            inputs = {"prepared": rows.prepared, "extractor": draft.extractor, "trained": run.trained}
            params = params_of(row, run.seed, rows.environment)
            title = f"quality {row.id} seed {run.seed}"
            found[row.id, run.seed] = Stage(title, "quality", params, inputs, where_of(row))
    return found


MEASUREMENT = Measurement(
    "quality",
    stages,
    {"quality": "benchmark.stages.quality:quality"},
    (
        "quality/closest.py",
        "quality/copying.py",
        "quality/fakes.py",
        "quality/measures.py",
        "statistics/dealt.py",
        "statistics/deals.py",
    ),
    Table("quality.csv", "benchmark.quality.measures:COLUMNS", joins=True),
    version=2,
    findings="audit.csv",
)
